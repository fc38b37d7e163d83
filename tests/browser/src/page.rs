//! The open page, in the verbs of the person in front of it.

use crate::{Driver, Failure, Journey, Server};
use base64::prelude::*;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use thirtyfour::prelude::*;

/// How long anything may take to appear; generous, because two tests share two cores.
const PATIENCE: Duration = Duration::from_secs(60);

/// The site, open in a browser of its own.
pub struct Page {
    browser: WebDriver,
    server: Server,
    folder: PathBuf,
    // Dropped last: the session ends before the process that holds it.
    _driver: Driver,
}

impl Page {
    /// Opens the site at 1280 × 900.
    ///
    /// # Errors
    /// When the browser cannot be started or the page does not load.
    pub async fn open() -> Journey<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sociscope-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        let downloads = folder.join("downloads");
        fs::create_dir_all(&downloads)?;

        let driver = Driver::start();
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
        ] {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", folder.join("profile").display()))?;
        if let Some(chrome) = std::env::var_os("SOCISCOPE_CHROME") {
            capabilities.set_binary(&chrome.to_string_lossy())?;
        }
        capabilities.add_experimental_option(
            "prefs",
            json!({
                "download.default_directory": downloads,
                "download.prompt_for_download": false,
                "profile.default_content_setting_values.automatic_downloads": 1,
            }),
        )?;
        capabilities.set("goog:loggingPrefs", json!({ "browser": "ALL" }))?;
        let browser = WebDriver::new(driver.url(), capabilities).await?;
        let server = Server::start();
        browser.goto(server.url()).await?;
        let page = Self { browser, server, folder, _driver: driver };
        page.wait_for_text("h1", "").await?;
        Ok(page)
    }

    /// The WebDriver session, for what the verbs below do not cover.
    #[must_use]
    pub fn browser(&self) -> &WebDriver {
        &self.browser
    }

    /// The server the page came from.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Chooses a file in the page's file picker.
    ///
    /// # Errors
    /// When the page has no file picker.
    pub async fn choose_file(&self, file: &Path) -> Journey {
        let input = self.browser.query(By::Css("input[type=file]")).wait(PATIENCE, POLL).first().await?;
        input.send_keys(fs::canonicalize(file)?.to_string_lossy()).await?;
        Ok(())
    }

    /// Drops bytes as a file onto the window.
    ///
    /// # Errors
    /// When the page's own handlers throw.
    pub async fn drop_file(&self, name: &str, bytes: &[u8]) -> Journey {
        let script = r#"
            const [name, base64] = arguments;
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            for (const type of ["dragenter", "dragover", "drop"]) {
                document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
            }"#;
        self.browser.execute(script, vec![json!(name), json!(BASE64_STANDARD.encode(bytes))]).await?;
        Ok(())
    }

    /// Waits until an element matching `css` shows `text`, and returns all of what it shows.
    ///
    /// # Errors
    /// After a minute; says what the page shows instead.
    pub async fn wait_for_text(&self, css: &str, text: &str) -> Journey<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut shown = Vec::new();
            for element in self.browser.find_all(By::Css(css)).await? {
                // An element may be replaced between finding and reading it.
                let words = element.text().await.unwrap_or_default();
                if words.contains(text) {
                    return Ok(words);
                }
                shown.push(words);
            }
            if Instant::now() > deadline {
                let body = self.text("body").await.unwrap_or_default();
                return Err(failure(format!(
                    "waited for {text:?} in {css}; it shows {shown:?}; the page:\n{body}"
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What the first element matching `css` shows.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, css: &str) -> Journey<String> {
        Ok(self.browser.find(By::Css(css)).await?.text().await?)
    }

    /// Presses the button, link or radio whose accessible name contains `name`.
    ///
    /// # Errors
    /// When there is none after a minute.
    pub async fn press(&self, name: &str) -> Journey {
        let script = r"
            const [name] = arguments;
            const shown = (e) => e.getClientRects().length > 0;
            const label = (e) => (e.getAttribute('aria-label') || e.textContent || '') + ' ' + (e.title || '');
            for (const element of document.querySelectorAll('button, a[href], summary, label, [role=button]')) {
                if (shown(element) && !element.disabled && label(element).includes(name)) { element.click(); return true; }
            }
            return false;";
        let deadline = Instant::now() + PATIENCE;
        while !self.browser.execute(script, vec![json!(name)]).await?.convert::<bool>()? {
            if Instant::now() > deadline {
                let body = self.text("body").await.unwrap_or_default();
                return Err(failure(format!("nothing to press is called {name:?}; the page:\n{body}")));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Replaces the value of a form control, found by CSS, as typing would.
    ///
    /// # Errors
    /// When there is none after a minute.
    pub async fn fill(&self, css: &str, value: &str) -> Journey {
        let script = r"
            const [css, value] = arguments;
            const element = document.querySelector(css);
            if (!element) return false;
            element.focus();
            element.value = value;
            element.dispatchEvent(new Event('input', { bubbles: true }));
            element.dispatchEvent(new Event('change', { bubbles: true }));
            return true;";
        let deadline = Instant::now() + PATIENCE;
        while !self.browser.execute(script, vec![json!(css), json!(value)]).await?.convert::<bool>()? {
            if Instant::now() > deadline {
                return Err(failure(format!("no form control matches {css}")));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Leaves the archive without a tag, as the reference does; the page gives it the image's own.
    ///
    /// # Errors
    /// When the page shows no image.
    pub async fn without_tag(&self) -> Journey {
        self.fill("#tag", "").await?;
        self.wait_for_text("summary", "no tag").await.map(drop)
    }

    /// Chooses `value` in the drop-down list whose label contains `label`.
    ///
    /// # Errors
    /// When there is no such list or it does not offer the value.
    pub async fn choose(&self, label: &str, value: &str) -> Journey {
        let script = r"
            const [label, value] = arguments;
            for (const select of document.querySelectorAll('select')) {
                if (![...select.labels].some((l) => l.textContent.includes(label))) continue;
                if (![...select.options].some((o) => o.value === value)) return false;
                select.value = value;
                select.dispatchEvent(new Event('change', { bubbles: true }));
                return true;
            }
            return false;";
        if self.browser.execute(script, vec![json!(label), json!(value)]).await?.convert::<bool>()? {
            Ok(())
        } else {
            Err(failure(format!("no list called {label:?} offers {value:?}")))
        }
    }

    /// Waits for a finished download whose name ends in `suffix`, and reads it.
    ///
    /// # Errors
    /// After a minute; says what was downloaded instead.
    pub async fn downloaded(&self, suffix: &str) -> Journey<Vec<u8>> {
        let folder = self.folder.join("downloads");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let names: Vec<PathBuf> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
            // Chromium writes to NAME.crdownload and renames when it is complete.
            if let Some(path) = names.iter().find(|path| path.to_string_lossy().ends_with(suffix)) {
                return Ok(fs::read(path)?);
            }
            if Instant::now() > deadline {
                return Err(failure(format!("no download ends in {suffix:?}; there are {names:?}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Like [`downloaded`](Self::downloaded), and takes the file out of the folder, so that the next
    /// one of the same name is told from it.
    ///
    /// # Errors
    /// After a minute; says what was downloaded instead.
    pub async fn taken_away(&self, suffix: &str) -> Journey<Vec<u8>> {
        let bytes = self.downloaded(suffix).await?;
        for entry in fs::read_dir(self.folder.join("downloads"))?.flatten() {
            if entry.path().to_string_lossy().ends_with(suffix) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(bytes)
    }

    /// Gives the page a viewport of this size, in CSS pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, width: u32, height: u32) -> Journey {
        // Windows have a smallest width; an emulated viewport has none.
        self.browser
            .cdp()
            .send_raw(
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
            )
            .await?;
        Ok(())
    }

    /// The page must not scroll sideways.
    ///
    /// # Errors
    /// Names the widest elements that stick out.
    pub async fn fits(&self, view: &str, width: u32) -> Journey {
        let script = r"
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return [];
            return [...document.querySelectorAll('body *')]
                .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1)
                .slice(0, 5).map((e) => e.outerHTML.slice(0, 120));";
        let outside = self.evaluate(script).await?;
        match outside.as_array() {
            Some(outside) if outside.is_empty() => Ok(()),
            _ => Err(failure(format!("the {view} view is wider than {width} px: {outside:#}"))),
        }
    }

    /// Runs JavaScript in the page and returns its JSON value.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn evaluate(&self, script: &str) -> Journey<Value> {
        Ok(self.browser.execute(script, Vec::new()).await?.json().clone())
    }

    /// Ends the journey: the console must hold no error, which includes every violation of the
    /// content security policy and every request to another host.
    ///
    /// # Errors
    /// With the console's errors.
    pub async fn close(self) -> Journey {
        let log = self.browser.browser_log().await?;
        let errors: Vec<String> =
            log.iter().map(|entry| format!("{entry:?}")).filter(|line| line.contains("SEVERE")).collect();
        self.browser.quit().await?;
        fs::remove_dir_all(&self.folder)?;
        if errors.is_empty() { Ok(()) } else { Err(failure(format!("errors on the console: {errors:#?}"))) }
    }
}

const POLL: Duration = Duration::from_millis(50);

fn failure(message: String) -> Failure {
    message.into()
}
