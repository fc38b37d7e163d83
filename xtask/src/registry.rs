//! `cargo xtask registry`: converted images through push tools into a registry and back.

use crate::{
    debian,
    process::{Failure, cargo, command, root, run, which},
    tools::bin_dir,
};
use std::{fs, path::PathBuf};

/// What `tests/registry/tools` builds.
const BUILT: [&str; 3] = ["oras", "crane", "registry"];

/// `cargo xtask registry [--full]`
pub fn registry(options: &[String]) -> Result<(), Failure> {
    let full = match options {
        [] => false,
        [option] if option == "--full" => true,
        _ => return Err(Failure::usage("registry takes no option but --full")),
    };
    build()?;
    skopeo()?;
    older_registry();
    run(cargo().args(["build", "-p", "sociscope-cli"]))?;
    let mut test = cargo();
    // The ignored ones are those that need what was just set up.
    test.args(["test", "-p", "sociscope-registry-tests", "--", "--include-ignored", "--nocapture"]);
    if !full {
        test.args(["--skip", "every_image"]);
    }
    run(&mut test)
}

/// Builds the tools from the versions that their module pins, unless these are there.
fn build() -> Result<(), Failure> {
    let module = root().join("tests/registry/tools");
    let mut wanted = String::new();
    for name in ["go.mod", "go.sum", "registry/main.go"] {
        let path = module.join(name);
        wanted += &fs::read_to_string(&path)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    }
    let built = root().join("target/tools/registry-tools.built-from");
    let there = BUILT.iter().all(|name| program(name).is_file());
    if there && fs::read_to_string(&built).is_ok_and(|known| known == wanted) {
        return Ok(());
    }
    if which("go").is_none() {
        return Err(Failure::new(
            "the registry tests build oras, crane and a registry, which needs Go 1.26: install it",
        ));
    }
    eprintln!("Building {} into target/tools (once, a few minutes).", BUILT.join(", "));
    fs::create_dir_all(bin_dir())
        .map_err(|error| Failure::new(format!("{}: {error}", bin_dir().display())))?;
    run(command("go")
        .args(["build", "-buildvcs=false", "-ldflags=-s -w", "-o"])
        .arg(bin_dir())
        .arg("tool")
        .current_dir(module)
        // The same everywhere, with or without a C compiler.
        .env("CGO_ENABLED", "0"))?;
    fs::write(&built, wanted).map_err(|error| Failure::new(format!("{}: {error}", built.display())))
}

fn program(name: &str) -> PathBuf {
    bin_dir().join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Skopeo, from the system: its module is no library to build from.
fn skopeo() -> Result<(), Failure> {
    if which("skopeo").is_none() {
        debian::install(&["skopeo"])?;
    }
    match which("skopeo") {
        Some(_) => Ok(()),
        None => {
            Err(Failure::new("the registry tests need skopeo: install it with the system's package manager"))
        }
    }
}

/// Debian's older release of the registry, a second one to hold against, where it can be had.
fn older_registry() {
    const PROGRAM: &str = "docker-registry";
    if which(PROGRAM).is_none()
        && debian::is_here()
        && let Err(failure) = debian::take_out(PROGRAM, &bin_dir())
    {
        eprintln!("{failure}");
    }
    if which(PROGRAM).is_none() {
        eprintln!("{PROGRAM} is not installed: the registry that was built is the only one.");
    }
}
