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

use sociscope_engine::{
    Analysis, Culprit, Failure, Job, LayerId, LayerJob, LayerOutcome, LayerTask, Options, Scope,
};

use crate::{
    failure::Stop,
    input::{self, Input},
    progress::Progress,
    source::Source,
};

/// The zTOCs of the layers that were read.
pub type Ztocs = BTreeMap<LayerId, Vec<u8>>;

/// Recognises the image at `path`: an archive, compressed as a whole or not, a folder, a layer.
pub fn open(path: &Path, options: Options) -> Result<(Source, Analysis), Stop> {
    match input::open(path)? {
        Input::Image { source, archive } => {
            let name = source.name();
            Ok((source, Analysis::new(*archive, name, options)))
        }
        Input::Ztoc { source, .. } => {
            Err(Failure::new(Culprit::Unsupported, source.name(), "This is a zTOC, not an image.")
                .fix("Name the image. What the zTOC says is shown by `sociscope inspect FILE`.")
                .into())
        }
    }
}

/// Chooses the image that `--image` names: by name, by tag, or by its number counted from 1.
pub fn choose(analysis: &mut Analysis, image: Option<&str>) -> Result<(), Stop> {
    let Some(wanted) = image else { return Ok(()) };
    let subjects = analysis.subjects();
    let tag = |name: &str| name.rsplit_once(':').map(|(_, tag)| tag.to_owned());
    let by_name = subjects.iter().position(|subject| subject.names.iter().any(|name| name == wanted));
    let by_tag = || {
        let mut found = subjects
            .iter()
            .enumerate()
            .filter(|(_, subject)| subject.names.iter().any(|name| tag(name).as_deref() == Some(wanted)));
        // A tag that two images have says nothing.
        found.next().filter(|_| found.next().is_none()).map(|(index, _)| index)
    };
    let by_number = || {
        let number: usize = wanted.parse().ok()?;
        number.checked_sub(1).filter(|index| *index < subjects.len())
    };
    let Some(index) = by_name.or_else(by_tag).or_else(by_number) else {
        let listed: Vec<String> = subjects
            .iter()
            .enumerate()
            .map(|(index, subject)| match subject.names.as_slice() {
                [] => format!("{} (without a name)", index + 1),
                names => format!("{} ({})", index + 1, names.join(", ")),
            })
            .collect();
        let message = format!("No image of the file is called {wanted}.");
        return Err(Failure::new(Culprit::Unsupported, analysis.file_name(), message)
            .fix(format!("Choose one of: {}.", listed.join("; ")))
            .into());
    };
    analysis.set_options(Options { subject: Some(index), ..analysis.options().clone() });
    Ok(())
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
