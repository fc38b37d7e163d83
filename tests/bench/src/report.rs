//! Numbers for the tables.

use std::fs;

/// What the machine is, as far as the operating system tells.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| {
        info.lines().find(|line| line.starts_with("model name"))?.split(": ").nth(1).map(str::to_owned)
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Machine: {}, {cores} cores, {}.",
        cpu.as_deref().unwrap_or("unknown processor"),
        std::env::consts::OS
    )
}

/// Bytes as whole MiB.
pub fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Bytes as whole KiB.
pub fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes >> 10)
}

/// The middle one of some measurements.
///
/// # Panics
/// When there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
