//! How fast something goes, and what that says about the time left.

use std::collections::VecDeque;

/// Seconds over which a rate is taken: long enough to be steady, short enough to follow.
const WINDOW: f64 = 3.0;
/// Seconds that must have been seen before anything is said.
const PATIENCE: f64 = 0.3;

/// A count that grows, observed now and then.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// (seconds, count), oldest first.
    seen: VecDeque<(f64, u64)>,
}

impl Pace {
    /// Notes that the count is `count` at `seconds`, on any clock that does not run backwards.
    pub fn note(&mut self, seconds: f64, count: u64) {
        self.seen.push_back((seconds, count));
        // The last one before the window stays: the window begins between it and the next.
        while self.seen.get(1).is_some_and(|(at, _)| *at <= seconds - WINDOW) {
            self.seen.pop_front();
        }
    }

    /// Units per second lately; 0 until it can be said.
    pub fn rate(&self) -> f64 {
        let (Some((from, first)), Some((to, last))) = (self.seen.front(), self.seen.back()) else {
            return 0.0;
        };
        if to - from < PATIENCE { 0.0 } else { last.saturating_sub(*first) as f64 / (to - from) }
    }
}

/// Seconds left, given bytes left and bytes per second of the whole and of each running layer.
///
/// Layers run side by side, but one layer is read by one worker: near the end the longest one
/// decides. `None` until the pace of the whole is known.
pub fn seconds_left(whole: (u64, f64), running: impl Iterator<Item = (u64, f64)>) -> Option<f64> {
    let time = |(bytes, rate): (u64, f64)| (rate > 0.0).then(|| bytes as f64 / rate);
    let whole = time(whole)?;
    Some(running.filter_map(time).fold(whole, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn pace(seen: &[(f64, u64)]) -> Pace {
        let mut pace = Pace::default();
        seen.iter().for_each(|(at, count)| pace.note(*at, *count));
        pace
    }

    #[test]
    fn says_nothing_before_it_has_seen_enough() {
        assert_eq!(pace(&[]).rate(), 0.0);
        assert_eq!(pace(&[(0.0, 0)]).rate(), 0.0);
        assert_eq!(pace(&[(0.0, 0), (0.2, 1000)]).rate(), 0.0);
    }

    #[test]
    fn follows_the_last_seconds_only() {
        assert_eq!(pace(&[(0.0, 0), (1.0, 100)]).rate(), 100.0);
        // Ten slow seconds, then four fast ones.
        assert_eq!(
            pace(&[(0.0, 0), (10.0, 10), (11.0, 210), (12.0, 410), (13.0, 610), (14.0, 810)]).rate(),
            200.0
        );
    }

    #[test]
    fn comes_to_rest_when_nothing_moves() {
        assert_eq!(pace(&[(0.0, 0), (1.0, 100), (4.0, 100), (5.0, 100)]).rate(), 0.0);
    }

    #[test]
    fn the_longest_layer_decides_near_the_end() {
        assert_eq!(seconds_left((100, 0.0), [].into_iter()), None);
        assert_eq!(seconds_left((100, 50.0), [(40, 20.0)].into_iter()), Some(2.0));
        assert_eq!(seconds_left((100, 50.0), [(90, 10.0), (10, 40.0)].into_iter()), Some(9.0));
        assert_eq!(seconds_left((100, 50.0), [(90, 0.0)].into_iter()), Some(2.0));
    }
}
