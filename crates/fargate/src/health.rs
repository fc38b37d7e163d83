//! From a Docker `HEALTHCHECK` to the health check of a task definition.
//!
//! ECS does not look at the check inside an image: without one in the definition the health of
//! the container stays UNKNOWN. Docker's times are nanoseconds with their own defaults, ECS's are
//! whole seconds within limits, so copying is a conversion, and each change is told.

use crate::form::FormHealthCheck;
use sociscope_image::config::Healthcheck;

/// A range of whole numbers that ECS accepts, and Docker's default for the same thing.
struct Limits {
    field: &'static str,
    least: u32,
    most: u32,
    docker_default: u32,
}

const INTERVAL: Limits = Limits { field: "interval", least: 5, most: 300, docker_default: 30 };
const TIMEOUT: Limits = Limits { field: "timeout", least: 2, most: 60, docker_default: 30 };
const RETRIES: Limits = Limits { field: "retries", least: 1, most: 10, docker_default: 3 };
const START_PERIOD: Limits = Limits { field: "startPeriod", least: 0, most: 300, docker_default: 0 };

/// Seconds in which failures should not count when the image loads lazily: until it is complete,
/// the first read of every file waits for the network.
pub const LAZY_START_PERIOD: u32 = 60;

/// A difference between what the image says and what the definition will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The member of `healthCheck` that differs; `None` when it is the check as a whole.
    pub field: Option<&'static str>,
    /// What became what, and why.
    pub message: String,
}

/// The outcome of [`convert`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// The check for the definition, if there is one.
    pub check: Option<FormHealthCheck>,
    /// What is not as the image has it.
    pub changes: Vec<Change>,
}

/// Converts the image's check. `lazy` raises the start period to [`LAZY_START_PERIOD`].
#[must_use]
pub fn convert(image: &Healthcheck, lazy: bool) -> Conversion {
    let mut changes = Vec::new();
    let whole = |message: &str| Conversion {
        check: None,
        changes: vec![Change { field: None, message: message.to_owned() }],
    };
    match image.test.first().map(String::as_str) {
        // An empty test inherits the base image's, which the builder has already put here.
        None => return Conversion::default(),
        Some("NONE") => return whole("The image disables its health check, so none is copied"),
        Some("CMD" | "CMD-SHELL") if image.test.len() > 1 => {}
        Some(_) => {
            return whole(
                "The image's HEALTHCHECK is neither CMD nor CMD-SHELL with a command, so it is not copied",
            );
        }
    }
    let interval = seconds(&INTERVAL, image.interval, &mut changes);
    let timeout = seconds(&TIMEOUT, image.timeout, &mut changes);
    if image.timeout <= 0 {
        changes.push(Change {
            field: Some(TIMEOUT.field),
            message: "timeout: Docker's default of 30 s is written out, because ECS's would be 5 s"
                .to_owned(),
        });
    }
    let retries = match u32::try_from(image.retries) {
        Ok(count) if count > 0 => clamp(&RETRIES, count, &count.to_string(), "", &mut changes),
        _ => RETRIES.docker_default,
    };
    let mut start_period = seconds(&START_PERIOD, image.start_period, &mut changes);
    if lazy && start_period < LAZY_START_PERIOD {
        changes.push(Change {
            field: Some(START_PERIOD.field),
            message: format!(
                "startPeriod {start_period} s → {LAZY_START_PERIOD} s: the first reads of a lazily loaded image are slow"
            ),
        });
        start_period = LAZY_START_PERIOD;
    }
    if image.start_interval > 0 {
        changes.push(Change {
            field: None,
            message: "The image's start interval has no counterpart in ECS and is dropped".to_owned(),
        });
    }
    let command = image.test.clone();
    Conversion { check: Some(FormHealthCheck { command, interval, timeout, retries, start_period }), changes }
}

/// Whole seconds, rounded up and moved into the limits; zero and less mean Docker's default.
fn seconds(limits: &Limits, nanoseconds: i64, changes: &mut Vec<Change>) -> u32 {
    const SECOND: u64 = 1_000_000_000;
    let nanoseconds = match u64::try_from(nanoseconds) {
        Ok(n) if n > 0 => n,
        _ => return limits.docker_default,
    };
    let written = match nanoseconds % SECOND {
        0 => format!("{} s", nanoseconds / SECOND),
        _ => format!("{} ms", nanoseconds / 1_000_000),
    };
    let rounded = u32::try_from(nanoseconds.div_ceil(SECOND)).unwrap_or(u32::MAX);
    let clamped = clamp(limits, rounded, &written, " s", changes);
    if clamped == rounded && nanoseconds % SECOND != 0 {
        let field = limits.field;
        let message = format!("{field} {written} → {rounded} s: ECS counts whole seconds");
        changes.push(Change { field: Some(field), message });
    }
    clamped
}

fn clamp(limits: &Limits, value: u32, written: &str, unit: &str, changes: &mut Vec<Change>) -> u32 {
    let clamped = value.clamp(limits.least, limits.most);
    if clamped != value {
        let bound = if clamped > value { "minimum" } else { "maximum" };
        let field = limits.field;
        let message = format!("{field} {written} → {clamped}{unit}, the ECS {bound}");
        changes.push(Change { field: Some(field), message });
    }
    clamped
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn image(test: &[&str], interval: i64, timeout: i64, retries: i64, start_period: i64) -> Healthcheck {
        let test = test.iter().map(|&part| part.to_owned()).collect();
        Healthcheck { test, interval, timeout, retries, start_period, start_interval: 0 }
    }

    #[track_caller]
    fn check(image: &Healthcheck, lazy: bool, wanted: (u32, u32, u32, u32), changes: &[&str]) {
        let found = convert(image, lazy);
        let check = found.check.expect("a check");
        assert_eq!(check.command, image.test);
        assert_eq!((check.interval, check.timeout, check.retries, check.start_period), wanted);
        let messages: Vec<_> = found.changes.iter().map(|change| change.message.as_str()).collect();
        assert_eq!(messages.len(), changes.len(), "{messages:#?}");
        for (message, part) in messages.iter().zip(changes) {
            assert!(message.contains(part), "{message:?} does not say {part:?}");
        }
    }

    #[test]
    fn values_within_the_limits_are_copied_silently() {
        let cmd = ["CMD", "/health"];
        check(&image(&cmd, 10 * S, 3 * S, 5, 90 * S), true, (10, 3, 5, 90), &[]);
        check(&image(&cmd, 300 * S, 60 * S, 10, 300 * S), true, (300, 60, 10, 300), &[]);
    }

    #[test]
    fn dockers_defaults_are_written_out() {
        check(
            &image(&["CMD-SHELL", "exit 0"], 0, 0, 0, 0),
            false,
            (30, 30, 3, 0),
            &["Docker's default of 30 s"],
        );
        check(&image(&["CMD", "x"], -S, -1, -5, -1), false, (30, 30, 3, 0), &["Docker's default of 30 s"]);
    }

    #[test]
    fn values_outside_are_moved_and_told() {
        check(
            &image(&["CMD", "x"], 3 * S, S, 20, 600 * S),
            true,
            (5, 2, 10, 300),
            &[
                "interval 3 s → 5 s, the ECS minimum",
                "timeout 1 s → 2 s",
                "retries 20 → 10, the ECS maximum",
                "startPeriod 600 s → 300 s",
            ],
        );
        check(&image(&["CMD", "x"], i64::MAX, 4 * S, 1, 60 * S), true, (300, 4, 1, 60), &["→ 300 s"]);
    }

    #[test]
    fn parts_of_a_second_are_rounded_up_and_told() {
        check(
            &image(&["CMD", "x"], 10 * S + 1, 2 * S + S / 2, 1, 0),
            false,
            (11, 3, 1, 0),
            &["→ 11 s", "timeout 2500 ms → 3 s"],
        );
    }

    #[test]
    fn a_lazy_image_gets_time_to_start() {
        check(
            &image(&["CMD", "x"], 30 * S, 5 * S, 3, 10 * S),
            true,
            (30, 5, 3, 60),
            &["startPeriod 10 s → 60 s"],
        );
        check(&image(&["CMD", "x"], 30 * S, 5 * S, 3, 10 * S), false, (30, 5, 3, 10), &[]);
    }

    #[test]
    fn a_start_interval_is_dropped_and_told() {
        let mut docker25 = image(&["CMD", "x"], 30 * S, 5 * S, 3, 60 * S);
        docker25.start_interval = S;
        check(&docker25, true, (30, 5, 3, 60), &["start interval"]);
    }

    #[test]
    fn no_check_no_copy() {
        assert_eq!(convert(&image(&[], 9, 9, 9, 9), true), Conversion::default());
        for test in [&["NONE"][..], &["CMD"], &["curl", "x"], &["CMD-SHELL"]] {
            let found = convert(&image(test, 0, 0, 0, 0), true);
            assert_eq!((found.check, found.changes.len()), (None, 1), "{test:?}");
        }
    }
}
