//! The programs of the round trip: where they are, and how each of them pushes.
//!
//! The commands are those that the page and the documentation give, with what a registry without
//! TLS needs besides.

use crate::{Converted, Repository, Scratch, converted::TAG};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// A program that has been built or installed.
///
/// # Panics
/// When it is missing. These tests run only when they are asked for; passing without the programs
/// would be a lie.
#[must_use]
pub fn find(program: &str) -> PathBuf {
    look_for(program)
        .unwrap_or_else(|| panic!("{program} is missing: `cargo xtask registry` sets everything up"))
}

/// As [`find`], for what may be missing. Ours come first.
#[must_use]
pub fn look_for(program: &str) -> Option<PathBuf> {
    let ours = sociscope_golden::workspace().join("target/tools/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(ours)
        .chain(env::split_paths(&path))
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

/// The command under test, built by the same profile as this test.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn sociscope() -> Command {
    let test = env::current_exe().expect("a test binary");
    let program = test.ancestors().nth(2).expect("target/debug/deps/test").join("sociscope");
    assert!(program.is_file(), "{} is missing: build it with -p sociscope-cli", program.display());
    Command::new(program)
}

/// `sociscope verify --full` of a layout directory.
///
/// # Errors
/// What it says when it is not content.
pub fn verify(layout: &Path) -> Result<(), String> {
    run(sociscope().arg("verify").arg(layout).arg("--full")).map(drop)
}

/// `oras cp -r`: from the archive as it is, under [`TAG`]. What the page recommends first.
///
/// # Errors
/// What it says when it fails.
pub fn oras(image: &Converted, to: &Repository) -> Result<(), String> {
    oras_copy(&image.reference(), &format!("{to}:{TAG}"))
}

/// `oras cp -r` from a place in an archive to one in a registry, as oras names them.
///
/// # Errors
/// What it says when it fails.
pub fn oras_copy(from: &str, to: &str) -> Result<(), String> {
    let mut oras = Command::new(find("oras"));
    run(oras.args(["cp", "-r", "--from-oci-layout", from, "--to-plain-http", to])).map(drop)
}

/// `oras cp -r` the other way: from the registry into a layout directory.
///
/// # Errors
/// What it says when it fails.
pub fn oras_pull(from: &Repository, layout: &Path) -> Result<(), String> {
    let mut oras = Command::new(find("oras"));
    oras.args(["cp", "-r", "--from-plain-http", &format!("{from}:{TAG}"), "--to-oci-layout"]);
    run(oras.arg(format!("{}:{TAG}", layout.display()))).map(drop)
}

/// `crane push` of the unpacked archive.
///
/// # Errors
/// What it says when it fails.
pub fn crane(image: &Converted, to: &Repository) -> Result<(), String> {
    let scratch = Scratch::new();
    let layout = scratch.path("layout");
    image.unpack(&layout);
    run(Command::new(find("crane")).arg("push").arg(&layout).arg(format!("{to}:{TAG}"))).map(drop)
}

/// `skopeo copy` with further `options`, such as `--all`, between places as skopeo names them.
pub fn skopeo(options: &[&str], from: &str, to: &str) {
    let mut skopeo = Command::new(find("skopeo"));
    // The policy says whose signatures are wanted; none here.
    skopeo.args(["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]);
    done(skopeo.args(options).args([from, to]));
}

/// Version of the installed skopeo: major and minor.
///
/// # Panics
/// When it does not say.
#[must_use]
pub fn skopeo_version() -> (u32, u32) {
    let said = done(Command::new(find("skopeo")).arg("--version"));
    let version = said.split_whitespace().nth(2).unwrap_or_default();
    let mut numbers = version.split('.').map_while(|part| part.parse().ok());
    numbers.next().zip(numbers.next()).unwrap_or_else(|| panic!("{said:?} names no version"))
}

fn done(command: &mut Command) -> String {
    run(command).unwrap_or_else(|said| panic!("{said}"))
}

/// Runs a tool without anyone's settings and logins; returns what it printed.
fn run(command: &mut Command) -> Result<String, String> {
    let home = Scratch::new();
    for name in ["HOME", "DOCKER_CONFIG", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "TMPDIR"] {
        command.env(name, home.dir());
    }
    command.env_remove("REGISTRY_AUTH_FILE");
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}\n{}{}", text(&output.stdout), text(&output.stderr)))
}
