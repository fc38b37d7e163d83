//! Finding Chromium and its driver for the browser tests.

use crate::{
    debian,
    process::{Failure, which},
};
use std::{path::PathBuf, process::Command};

/// A browser and the WebDriver that speaks to it.
pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

impl Browser {
    /// Hands both paths to a test run.
    pub fn configure<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("SOCISCOPE_CHROME", &self.chrome).env("CHROMEDRIVER", &self.driver)
    }
}

/// The installed browser; on Debian and Ubuntu as root it is installed when missing.
pub fn ensure() -> Result<Browser, Failure> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    debian::install(&["chromium", "chromium-driver"])?;
    find().ok_or_else(|| {
        Failure::new(
            "the browser tests need Chrome or Chromium and a chromedriver of the same version: \
             install both (SOCISCOPE_CHROME and CHROMEDRIVER may name their paths)",
        )
    })
}

fn find() -> Option<Browser> {
    let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_file());
    let chrome = from_env("SOCISCOPE_CHROME").or_else(|| {
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
            .iter()
            .find_map(|name| which(name))
            .or_else(|| {
                [
                    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
                    "/Applications/Chromium.app/Contents/MacOS/Chromium",
                    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
                ]
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file())
            })
    })?;
    let driver = from_env("CHROMEDRIVER").or_else(|| which("chromedriver"))?;
    Some(Browser { chrome, driver })
}
