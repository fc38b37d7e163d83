//! Opening an archive and reading its layers, several at a time.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use sociscope_engine::{Analysis, Job, LayerId, LayerJob, LayerOutcome, LayerTask, OpenJob, Options, Scope};

use crate::{failure::Stop, progress::Progress, source::Source};

/// The zTOCs of the layers that were read.
pub type Ztocs = BTreeMap<LayerId, Vec<u8>>;

/// Recognises the archive at `path`.
pub fn open(path: &Path, options: Options) -> Result<(Source, Analysis), Stop> {
    let source = Source::open(path)?;
    let mut job = OpenJob::new(source.len());
    source.drive(&mut job, |_| {})?;
    let archive = job.finish()?;
    let name = source.name();
    Ok((source, Analysis::new(archive, name, options)))
}

/// Reads what `scope` asks for. `keep` says whether the zTOCs are needed afterwards.
pub fn read_layers(
    source: &Source,
    analysis: &mut Analysis,
    scope: Scope,
    keep: bool,
) -> Result<Ztocs, Stop> {
    let mut tasks = analysis.tasks(scope);
    // The largest first, so that no thread is left alone with it at the end.
    tasks.sort_by_key(|task| std::cmp::Reverse(task.len));
    let progress = Progress::new("Reading", tasks.iter().map(|task| task.len).sum());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(tasks.len());
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(tasks.len()));
    let trouble = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match read_layer(source, task, &progress) {
                        Ok(outcome) => lock(&outcomes).push(outcome),
                        Err(stop) => {
                            // Nobody else needs to begin anything.
                            next.store(tasks.len(), Ordering::Relaxed);
                            lock(&trouble).get_or_insert(stop);
                        }
                    }
                }
            });
        }
    });
    drop(progress);
    if let Some(stop) = lock(&trouble).take() {
        return Err(stop);
    }
    let mut ztocs = Ztocs::new();
    for LayerOutcome { summary, ztoc } in outcomes.into_inner().unwrap_or_else(PoisonError::into_inner) {
        if let Some(bytes) = ztoc.filter(|_| keep) {
            ztocs.insert(summary.id, bytes);
        }
        analysis.record(summary);
    }
    Ok(ztocs)
}

/// Reads one layer to its end.
pub fn read_layer(source: &Source, task: &LayerTask, progress: &Progress) -> Result<LayerOutcome, Stop> {
    let mut job = LayerJob::new(task.clone());
    let mut read = 0;
    source.drive(&mut job, |job| {
        let now = job.progress().read;
        progress.add(now - read);
        read = now;
    })?;
    Ok(job.finish()?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
