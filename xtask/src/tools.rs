//! The pinned build tools: the wasm32 target, Trunk, wasm-bindgen. They are installed from the
//! package registry into `target/tools`, so nothing outside the checkout changes.

use crate::process::{Failure, cargo, command, output, root, run, which};
use std::path::PathBuf;

/// The newest Trunk that the pinned Rust release can build.
const TRUNK: &str = "0.21.14";

/// Where the installed tools lie.
pub fn bin_dir() -> PathBuf {
    root().join("target/tools/bin")
}

/// Installs whatever is missing; a no-op when everything is there.
pub fn setup() -> Result<(), Failure> {
    wasm_target()?;
    cargo_tool("wasm-bindgen-cli", "wasm-bindgen", &wasm_bindgen_version()?)?;
    cargo_tool("trunk", "trunk", TRUNK)
}

/// rustup installs the target of `rust-toolchain.toml` by itself, unless it was told not to.
fn wasm_target() -> Result<(), Failure> {
    let installed = output("rustc", &["--print", "target-libdir", "--target", "wasm32-unknown-unknown"])
        .is_some_and(|dir| std::path::Path::new(dir.trim()).is_dir());
    if installed {
        return Ok(());
    }
    if which("rustup").is_none() {
        return Err(Failure::new(
            "the Rust target wasm32-unknown-unknown is missing and there is no rustup to add it: \
             install rustup, or that target with your toolchain",
        ));
    }
    run(command("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
}

/// The command-line half must have exactly the version of the library half in `Cargo.lock`.
fn wasm_bindgen_version() -> Result<String, Failure> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))
        .map_err(|error| Failure::new(format!("Cargo.lock: {error}")))?;
    lock.split("[[package]]")
        .find(|package| package.contains("name = \"wasm-bindgen\"\n"))
        .and_then(|package| package.split("version = \"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("Cargo.lock names no wasm-bindgen"))
}

fn cargo_tool(package: &str, binary: &str, version: &str) -> Result<(), Failure> {
    let have = output(binary, &["--version"]).unwrap_or_default();
    if have.split_whitespace().any(|word| word == version) {
        return Ok(());
    }
    eprintln!("Installing {package} {version} into target/tools (once, a few minutes).");
    run(cargo()
        .args(["install", package, "--locked", "--version", version, "--no-default-features", "--root"])
        .arg(root().join("target/tools"))
        // Their release profiles are tuned for distribution; ours for being ready soon.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        // Flags meant for our own crates must not change how the tools are built.
        .env_remove("RUSTFLAGS"))
}
