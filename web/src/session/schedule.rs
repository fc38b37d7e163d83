//! Who does what, in which order: from layers to jobs for workers.
//!
//! A layer is one job, except when it is larger than a fair share of the work: then hashing the
//! stored bytes, a third of the work in WebAssembly, is a second job that reads the layer again
//! in another worker. The largest jobs go first, so that no worker is left alone at the end.

use sociscope_engine::{LayerId, LayerTask, TaskCompression};

/// Below this many bytes a second reading is not worth a worker.
const SPLIT_FROM: u64 = 8 << 20;

/// Which part of a layer's work a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// The zTOC.
    Build,
    /// The digest of the stored bytes.
    Hash,
}

/// Work for one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerWork {
    /// Which part.
    pub part: Part,
    /// What to do.
    pub task: LayerTask,
}

impl LayerWork {
    /// Which layer it is about.
    pub fn layer(&self) -> LayerId {
        self.task.id
    }

    /// Something proportional to the time it takes.
    fn effort(&self) -> u64 {
        let weight = match (self.part, self.task.compression) {
            (Part::Hash, _) | (_, TaskCompression::HashOnly) => 1,
            (Part::Build, _) => 2,
            (Part::Whole, _) => 3,
        };
        self.task.len.saturating_mul(weight)
    }
}

/// The jobs for these layers in the order they are to be begun, for up to `workers` workers.
pub fn jobs(tasks: Vec<LayerTask>, workers: usize) -> Vec<LayerWork> {
    let total = tasks.iter().fold(0_u64, |sum, task| sum.saturating_add(task.len));
    let share = total / (workers.max(1) as u64);
    let mut jobs = Vec::with_capacity(tasks.len());
    for task in tasks {
        let is_large = workers > 1 && task.len > share && task.len >= SPLIT_FROM;
        if is_large && task.compression == TaskCompression::Gzip {
            let (build, hash) = task.split();
            jobs.push(LayerWork { part: Part::Build, task: build });
            jobs.push(LayerWork { part: Part::Hash, task: hash });
        } else {
            jobs.push(LayerWork { part: Part::Whole, task });
        }
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.effort()));
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MIB: u64 = 1 << 20;

    fn task(id: u32, mib: u64, compression: TaskCompression) -> LayerTask {
        LayerTask {
            id: LayerId(id),
            offset: 0,
            len: mib * MIB,
            compression,
            span_size: 4 * MIB,
            expected_digest: None,
            expected_diff_id: None,
            digests_elsewhere: false,
            prefetch: Vec::new(),
            hash_stored: true,
        }
    }

    /// Layers given as (MiB, compression); jobs expected as (layer, part), in order.
    fn check(layers: &[(u64, TaskCompression)], workers: usize, expected: &[(u32, Part)]) {
        let tasks = (0..).zip(layers).map(|(id, (mib, compression))| task(id, *mib, *compression)).collect();
        let found: Vec<_> = jobs(tasks, workers).iter().map(|job| (job.layer().0, job.part)).collect();
        assert_eq!(found, expected, "{layers:?} on {workers} workers");
    }

    #[test]
    fn the_largest_layer_is_begun_first() {
        use TaskCompression::{Gzip, HashOnly};
        check(&[(1, Gzip), (5, Gzip), (3, Gzip)], 1, &[(1, Part::Whole), (2, Part::Whole), (0, Part::Whole)]);
        check(&[(5, HashOnly), (2, Gzip)], 1, &[(1, Part::Whole), (0, Part::Whole)]);
    }

    #[test]
    fn a_layer_above_its_share_is_split() {
        use TaskCompression::{Gzip, HashOnly, Uncompressed};
        check(&[(100, Gzip)], 2, &[(0, Part::Build), (0, Part::Hash)]);
        check(&[(100, Gzip), (10, Gzip)], 2, &[(0, Part::Build), (0, Part::Hash), (1, Part::Whole)]);
        check(&[(50, Gzip), (50, Gzip)], 2, &[(0, Part::Whole), (1, Part::Whole)]);
        // Nobody to share with; too small to matter; nothing to divide.
        check(&[(100, Gzip)], 1, &[(0, Part::Whole)]);
        check(&[(7, Gzip)], 8, &[(0, Part::Whole)]);
        check(&[(100, Uncompressed)], 2, &[(0, Part::Whole)]);
        check(&[(100, HashOnly)], 2, &[(0, Part::Whole)]);
    }
}
