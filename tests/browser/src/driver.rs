//! One chromedriver process per test, ended with it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A running chromedriver.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts `$CHROMEDRIVER` (else `chromedriver` on `PATH`) on a free port.
    ///
    /// # Panics
    /// When it cannot be started or ends without saying its port.
    #[must_use]
    pub fn start() -> Self {
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let child = Command::new(&program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.to_string_lossy()));
        // From here on a panic must still end the process, so the guard exists first.
        let mut driver = Self { child, port: 0 };
        let stdout = driver.child.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines();
        // The first line also speaks of a port: the one it was asked for, 0.
        driver.port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says which port it listens on");
        // Keep its pipe drained, or it blocks once the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        driver
    }

    /// Where to send WebDriver commands.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
