//! The command on a large image.

use super::process::{self, Cost};
use sha2::{Digest, Sha256};
use std::{
    io::{self, Read},
    path::Path,
    process::Command,
};

/// `sociscope inspect`.
pub fn inspect(image: &Path) -> io::Result<Cost> {
    let (_, cost) = run(&["inspect", "--json"], image, &[])?;
    Ok(cost)
}

/// `sociscope convert`, with the archive going into a pipe: what writing to this disk costs is of
/// no interest. Returns the archive's SHA-256.
pub fn convert(image: &Path) -> io::Result<(String, Cost)> {
    run(&["convert"], image, &["--out", "-"])
}

fn run(before: &[&str], image: &Path, after: &[&str]) -> io::Result<(String, Cost)> {
    let program = std::env::var_os("SOCISCOPE").ok_or_else(|| {
        io::Error::other("SOCISCOPE names the command to measure; run this by `cargo xtask bench scale`")
    })?;
    let mut command = Command::new(program);
    command.args(before).arg(image).args(after);
    process::measure(&mut command, |child| {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        if let Some(out) = &mut child.stdout {
            loop {
                match out.read(&mut buffer)? {
                    0 => break,
                    read => hasher.update(&buffer[..read]),
                }
            }
        }
        Ok(super::archive::name(hasher))
    })
}
