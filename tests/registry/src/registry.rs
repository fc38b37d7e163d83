//! A registry that runs for as long as a test looks at it.

use crate::{Repository, Scratch, tool};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// How long a registry may take until it listens.
const START: Duration = Duration::from_secs(60);

/// Every registry that the tests are to hold against: the one built from `tools/`, and Debian's
/// older release of it where that is installed.
///
/// # Panics
/// When the first is missing.
#[must_use]
pub fn programs() -> Vec<PathBuf> {
    let mut programs = vec![tool::find("registry")];
    programs.extend(tool::look_for("docker-registry"));
    programs
}

/// A running registry, empty at first, on a free port of 127.0.0.1, without TLS and without login.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    process: Child,
    _storage: Scratch,
}

impl Registry {
    /// Starts `program` and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn start(program: &Path) -> Self {
        let storage = Scratch::new();
        let config = storage.path("config.yml");
        let root = serde_json::Value::from(storage.path("data").to_str().expect("a plain path"));
        // Port 0: the system chooses a free one, and the log says which. Layers with `urls` are
        // refused unless the registry is told where they may point.
        let text = format!(
            "version: 0.1\nlog:\n  level: info\n  accesslog:\n    disabled: true\n\
             storage:\n  filesystem:\n    rootdirectory: {root}\nhttp:\n  addr: 127.0.0.1:0\n\
             validation:\n  manifests:\n    urls:\n      allow: [.*]\n"
        );
        fs::write(&config, text).expect("writable");
        let mut command = Command::new(program);
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Its settings can be overridden from the environment; ours are in the file.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("REGISTRY_") {
                command.env_remove(name);
            }
        }
        // Otherwise it looks for a collector of traces.
        command.env("OTEL_TRACES_EXPORTER", "none");
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));

        let log = BufReader::new(process.stderr.take().expect("piped"));
        let (found, wait) = mpsc::channel();
        std::thread::spawn(move || {
            let mut said = String::new();
            // Read to the end: a full pipe would stop the registry.
            for line in log.lines().map_while(Result::ok) {
                let _ = match listening(&line) {
                    Some(address) => found.send(Ok(address)),
                    None => {
                        said.push_str(&line);
                        said.push('\n');
                        Ok(())
                    }
                };
            }
            let _ = found.send(Err(said));
        });
        let address = match wait.recv_timeout(START) {
            Ok(Ok(address)) => address,
            outcome => {
                let _ = process.kill();
                let _ = process.wait();
                let said = outcome.ok().and_then(Result::err).unwrap_or_default();
                panic!("{} does not listen:\n{said}", program.display());
            }
        };
        Self { address, process, _storage: storage }
    }

    /// A place in it. In lower case, as names of repositories are.
    #[must_use]
    pub fn repository(&self, name: &str) -> Repository {
        Repository { registry: self.address, name: name.to_ascii_lowercase() }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in a log line `… msg="listening on 127.0.0.1:40123" …`.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    rest.split(['"', ',', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_in_the_log() {
        let line = r#"time="…" level=info msg="listening on 127.0.0.1:40123" go.version=go1.26"#;
        assert_eq!(listening(line), Some(SocketAddr::from(([127, 0, 0, 1], 40123))));
        assert_eq!(listening(r#"level=info msg="using inmemory blob descriptor cache""#), None);
    }
}
