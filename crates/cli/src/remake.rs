//! Making layers gzip, several at a time.

use std::{
    fs::File,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use sociscope_engine::{
    Analysis, Culprit, Failure, Job as _, LayerId, Want,
    analysis::Remakable,
    remake::{RemadeLayer, RemakeJob, RemakeTask},
};

use crate::{failure::Stop, progress::Progress, source::Source, temporary::Temporary};

/// Makes each of `layers` gzip and puts what came out in its place.
pub fn layers(
    source: &mut Source,
    analysis: &mut Analysis,
    layers: &[Remakable],
    level: u8,
) -> Result<(), Stop> {
    let mut tasks: Vec<(LayerId, RemakeTask)> =
        layers.iter().filter_map(|layer| Some((layer.id, analysis.remake_task(layer.id, level)?))).collect();
    // The largest first, so that no thread is left alone with it at the end.
    tasks.sort_by_key(|(_, task)| std::cmp::Reverse(task.len));
    let progress = Progress::new("Compressing", tasks.iter().map(|(_, task)| task.len).sum());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(tasks.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(tasks.len()));
    let shared: &Source = source;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((id, task)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = layer(shared, task, &progress).map(|(made, file)| (*id, made, file));
                    if result.is_err() {
                        next.store(tasks.len(), Ordering::Relaxed);
                    }
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    drop(progress);
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut made: Vec<(LayerId, RemadeLayer, File)> = done.into_iter().collect::<Result<_, Stop>>()?;
    // Where a layer lies must not depend on which thread was the first.
    made.sort_by_key(|(id, ..)| *id);
    for (id, made, file) in made {
        let extent = source.append(file, made.size);
        analysis.replace_layer(id, &made, extent)?;
    }
    Ok(())
}

/// Makes one layer, in a file without a name.
fn layer(source: &Source, task: &RemakeTask, progress: &Progress) -> Result<(RemadeLayer, File), Stop> {
    let mut file = Temporary::create("Compressing a layer", None)?;
    let mut job = RemakeJob::new(task.clone());
    let mut piece = Vec::new();
    while let Want::Read { offset, len } = job.want() {
        // Jobs ask for pieces, never for more than some MiB at once.
        piece.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        let read = source.read(offset, &mut piece)?;
        job.supply(piece.get(..read).unwrap_or_default())?;
        file.write(&job.take_output())?;
        progress.add(read as u64);
    }
    file.write(&job.take_output())?;
    let made = job.finish()?;
    let (file, written) = file.finish()?;
    if written != made.size {
        let place = format!("layer at offset {}", task.offset);
        return Err(Failure::new(Culprit::Internal, place, "The compressed layer was not written in full.")
            .expected_found(made.size.to_string(), written.to_string())
            .into());
    }
    Ok((made, file))
}
