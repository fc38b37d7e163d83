//! Programs that come from the distribution rather than from a package registry of their language.

use crate::process::{Failure, command, run, which};
use std::{fs, path::Path};

/// Installs packages where they can be had. Elsewhere nothing happens; the caller looks again and
/// says what is missing.
pub fn install(packages: &[&str]) -> Result<(), Failure> {
    if !is_here() {
        return Ok(());
    }
    eprintln!("Installing {}.", packages.join(", "));
    run(command("apt-get").arg("update"))?;
    run(command("apt-get").args(["install", "-y", "--no-install-recommends"]).args(packages))
}

/// Takes `usr/bin/PROGRAM` out of the package of that name and puts it into `bin`, without installing
/// the package: some start a service when they are installed.
pub fn take_out(program: &str, bin: &Path) -> Result<(), Failure> {
    let io = |error: std::io::Error| Failure::new(format!("{program}: {error}"));
    let dir = bin.with_file_name("debian");
    // Nothing of an earlier attempt.
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(io)?;
    run(command("apt-get").args(["download", program]).current_dir(&dir))?;
    let mut files = fs::read_dir(&dir).map_err(io)?.filter_map(Result::ok).map(|file| file.path());
    let package = files.find(|path| path.extension().is_some_and(|ext| ext == "deb"));
    let package = package.ok_or_else(|| Failure::new(format!("{program}: nothing was downloaded")))?;
    run(command("dpkg-deb").arg("-x").arg(package).arg(&dir))?;
    fs::copy(dir.join("usr/bin").join(program), bin.join(program)).map_err(io)?;
    fs::remove_dir_all(&dir).map_err(io)
}

/// Whether packages can be had: on Debian and its kin, as root.
pub fn is_here() -> bool {
    is_root() && which("apt-get").is_some()
}

/// No dependency for one number: on Linux our own process directory belongs to us.
#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
