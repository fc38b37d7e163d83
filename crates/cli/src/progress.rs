//! A progress bar for people, nothing for pipes.

use std::{
    io::IsTerminal as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sociscope_engine::human;

/// Whether a person looks at standard error.
pub fn has_viewer() -> bool {
    std::io::stderr().is_terminal()
}

/// How far all threads together are.
pub struct Progress {
    bar: ProgressBar,
    done: AtomicU64,
}

impl Progress {
    /// A bar up to `total` bytes.
    pub fn new(what: &'static str, total: u64) -> Self {
        let target = if has_viewer() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        // A literal template that indicatif's own tests would accept.
        if let Ok(style) = ProgressStyle::with_template("{prefix:10} {wide_bar} {percent:>3} %  {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        if has_viewer() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, done: AtomicU64::new(0) }
    }

    /// More bytes are done, in any thread.
    pub fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bar.set_position(done);
        let total = self.bar.length().unwrap_or(done);
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{}, {}",
            human::part_of(done, total),
            human::rate(done as f64 / seconds)
        ));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
