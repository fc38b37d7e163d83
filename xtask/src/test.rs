//! The test suites in the order that finds a mistake soonest.

use crate::{
    browser,
    process::{Failure, cargo, run},
    site, tools,
};

/// The crates that must build for wasm32 alone, without a shell around them.
const CORE_CRATES: [&str; 6] = ["inflate", "ztoc", "image", "soci", "fargate", "engine"];

/// `cargo xtask test [--full]`
pub fn test(options: &[String]) -> Result<(), Failure> {
    let full = match options {
        [] => false,
        [option] if option == "--full" => true,
        _ => return Err(Failure::usage("test takes no option but --full")),
    };
    tools::setup()?;
    let browser = browser::ensure()?;

    // Formats, engine, command, and the golden subset that travels with the repository.
    run(cargo().arg("test"))?;
    if full {
        run(cargo().args(["test", "-p", "sociscope-golden", "--", "--ignored", "--nocapture"]))?;
    }
    // Units that need a browser.
    run(browser.configure(cargo().args([
        "test",
        "-p",
        "sociscope-web",
        "--target",
        "wasm32-unknown-unknown",
    ])))?;
    // The finished site, driven as a person would.
    site::release_site()?;
    run(browser
        .configure(cargo().args(["test", "-p", "sociscope-browser-tests"]))
        .env("SOCISCOPE_DIST", site::dist()))
}

/// `cargo xtask lint`
pub fn lint(options: &[String]) -> Result<(), Failure> {
    if let Some(option) = options.first() {
        return Err(Failure::usage(format!("lint: unknown option {option}")));
    }
    tools::setup()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args([
        "clippy",
        "--workspace",
        "--exclude",
        "sociscope-web",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    run(cargo().args([
        "clippy",
        "-p",
        "sociscope-web",
        "--target",
        "wasm32-unknown-unknown",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    for name in CORE_CRATES {
        run(cargo().args([
            "build",
            "-p",
            &format!("sociscope-{name}"),
            "--target",
            "wasm32-unknown-unknown",
        ]))?;
    }
    run(cargo()
        .args(["doc", "--no-deps", "--workspace", "--exclude", "sociscope-web", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}
