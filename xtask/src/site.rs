//! The static site: serving it while working on it, building it for keeps.

use crate::{
    process::{Failure, cargo, command, root, run},
    tools,
};
use std::{fs, path::PathBuf};

/// What the finished page may do: run its own code, and nothing else. No inline script or style,
/// no other host. `tests/browser` serves the same text as a header.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'";

/// `cargo xtask serve`
pub fn serve(options: &[String]) -> Result<(), Failure> {
    let mut release = false;
    let mut open = std::env::var_os("CI").is_none() && has_display();
    let mut port = "8080".to_owned();
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        match option.as_str() {
            "--release" => release = true,
            "--no-open" => open = false,
            "--port" => port = rest.next().cloned().ok_or_else(|| Failure::usage("--port needs a number"))?,
            other => return Err(Failure::usage(format!("serve: unknown option {other}"))),
        }
    }
    tools::setup()?;
    eprintln!("Sociscope will be at http://127.0.0.1:{port}/ — press Ctrl-C to stop.");
    let mut trunk = command("trunk");
    trunk.args(["serve", "--offline", "--port", &port]);
    if release {
        trunk.arg("--release");
    }
    if open {
        trunk.arg("--open");
    }
    run(&mut trunk)
}

/// `cargo xtask build`
pub fn build(options: &[String]) -> Result<(), Failure> {
    if let Some(option) = options.first() {
        return Err(Failure::usage(format!("build: unknown option {option}")));
    }
    tools::setup()?;
    release_site()?;
    run(cargo().args(["build", "--release", "-p", "sociscope-cli"]))?;
    eprintln!("\ndist/ is the site; target/release/sociscope is the command.");
    Ok(())
}

/// The release build of the site into `dist/`.
pub fn release_site() -> Result<(), Failure> {
    run(command("trunk").args(["build", "--release", "--offline"]))
}

/// Trunk's `post_build` hook: writes the policy into the staged page.
///
/// Only for release: `trunk serve` sends the policy as a header with a nonce for its own
/// reload script, which a second, stricter policy in the page would block.
pub fn post_build() -> Result<(), Failure> {
    if std::env::var("TRUNK_PROFILE").as_deref() != Ok("release") {
        return Ok(());
    }
    let staging = std::env::var_os("TRUNK_STAGING_DIR")
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("post-build is called by Trunk, which sets TRUNK_STAGING_DIR"))?;
    let page = staging.join("index.html");
    let html =
        fs::read_to_string(&page).map_err(|error| Failure::new(format!("{}: {error}", page.display())))?;
    let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\">");
    // The policy governs what follows it, so it goes in front of everything that loads.
    let Some(at) = html.find("<head>").map(|at| at + "<head>".len()) else {
        return Err(Failure::new("index.html has no <head>"));
    };
    let finished = format!("{}\n{meta}{}", &html[..at], &html[at..]);
    fs::write(&page, finished).map_err(|error| Failure::new(format!("{}: {error}", page.display())))
}

fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some()
}

/// Where [`release_site`] puts the site.
pub fn dist() -> PathBuf {
    root().join("dist")
}
