//! `cargo xtask bench scale`: images that are larger than any memory should have to be.
//!
//! Each image is made, read by the command and by the page, and removed again; `--keep` leaves it
//! in `target/bench`. The run fails when the page misses a target, or saves another archive than the
//! command.
//!
//! [`layer`] and [`archive`] make the images, [`native`] and [`page`] measure, [`process`] asks the
//! system what it took.

mod archive;
mod layer;
mod native;
mod page;
mod process;

use crate::{archive::folder, report};
use layer::Content;
use page::Seen;
use process::{Cost, Memory};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Most bytes the renderer may have resident.
const MOST_MEMORY: u64 = 250_000_000;
/// Bytes by which memory may be higher in the second half of a run than in the first.
const MOST_GROWTH: u64 = 25_000_000;
/// Longest task of the main thread, milliseconds.
const LONGEST_TASK: f64 = 50.0;

/// Processors that may be busy otherwise while times on the clock still mean something.
const QUIET: f64 = 0.1;

/// A large image.
struct Case {
    name: &'static str,
    what: &'static str,
    layers: fn(quick: bool) -> Vec<Content>,
    /// How many cores the page is told there are; `None` for those there are.
    cores: &'static [Option<u32>],
    /// Whether the bound on memory holds for this one; otherwise it needs what the formula says.
    bounded: bool,
}

const CASES: [Case; 4] = [
    Case {
        name: "image",
        what: "6 GiB, 12 layers",
        layers: |quick| {
            let scale = if quick { 64 } else { 1 };
            // In MiB; the sum is 6 GiB.
            [30, 2048, 1300, 900, 700, 500, 300, 200, 100, 40, 16, 10]
                .map(|mib: u64| Content::Mixed((mib << 20) / scale))
                .to_vec()
        },
        // The more workers, the more memory.
        cores: &[None, Some(8)],
        bounded: true,
    },
    Case {
        name: "layer",
        what: "one layer of 5 GiB",
        layers: |quick| vec![Content::Mixed((5 << 30) / if quick { 64 } else { 1 })],
        cores: &[None],
        bounded: true,
    },
    Case {
        name: "layers",
        what: "120 layers",
        layers: |quick| {
            let count = if quick { 12 } else { 120 };
            (0..count).map(|number: u64| Content::Mixed((2 + number % 24) << 20)).collect()
        },
        cores: &[None],
        bounded: true,
    },
    Case {
        name: "files",
        what: "one layer of 500,000 files",
        layers: |quick| vec![Content::Modules(500_000 / if quick { 8 } else { 1 })],
        cores: &[None],
        bounded: false,
    },
];

/// Prints the tables, and fails when a target is missed.
pub fn run(arguments: &[String]) -> Outcome {
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let named: Vec<&str> = CASES.iter().map(|case| case.name).filter(|name| has(name)).collect();
    let folder = folder()?;
    println!("{}\n", report::machine());
    let mut missed = Vec::new();
    let mut rows = Rows::default();
    for case in CASES.iter().filter(|case| named.is_empty() || named.contains(&case.name)) {
        let path = folder.join(format!("scale-{}.tar", case.name));
        let done = one(case, &path, has("--quick"), has("--native"), &mut rows);
        if !has("--keep") {
            // Whatever happened: these are large.
            let _ = fs::remove_file(&path);
        }
        missed.extend(done?);
    }
    rows.print();
    for target in &missed {
        eprintln!("missed: {target}");
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("{} targets were missed", missed.len()).into()) }
}

/// Measures one image; returns the targets that were missed.
fn one(case: &Case, path: &Path, quick: bool, native_only: bool, rows: &mut Rows) -> Outcome<Vec<String>> {
    eprintln!("Making an image: {} …", case.what);
    let began = std::time::Instant::now();
    let totals = archive::write(path, &(case.layers)(quick))?;
    eprintln!("{totals:?} in {:.0} s", began.elapsed().as_secs_f64());
    rows.images.push(format!(
        "| {} | {} | {} | {} | {} |",
        case.what,
        mib(totals.bytes),
        mib(totals.tar_bytes),
        totals.layers,
        totals.files
    ));

    let inspect = native::inspect(path)?;
    let (digest, convert) = native::convert(path)?;
    for (what, cost) in [("inspect", inspect), ("convert", convert)] {
        rows.native.push(native_row(case.what, what, cost, totals.bytes));
        eprintln!("{}", rows.native[rows.native.len() - 1]);
    }
    if native_only {
        return Ok(Vec::new());
    }
    let downloads = downloads(path)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut missed = Vec::new();
    for cores in case.cores {
        let what = cores.map_or(case.what.to_owned(), |cores| format!("{}, {cores} workers", case.what));
        let seen = runtime.block_on(page::watch(path, &downloads, *cores))?;
        for row in page_rows(&what, &seen, totals.bytes) {
            eprintln!("{row}");
            rows.page.push(row);
        }
        eprintln!("{}", course(&seen));
        missed.extend(misses(&what, case.bounded, &seen, &digest));
    }
    fs::remove_dir_all(&downloads)?;
    Ok(missed)
}

fn downloads(path: &Path) -> Outcome<PathBuf> {
    let folder = path.with_extension("downloads");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn misses(what: &str, bounded: bool, seen: &Seen, digest: &str) -> Vec<String> {
    let mut missed = Vec::new();
    if seen.saved != digest {
        missed.push(format!("{}: the page saved {}, the command {digest}", what, seen.saved));
    }
    for (when, course) in [("reading", &seen.reading), ("saving", &seen.saving)] {
        let peak = course.peak(|memory| memory.resident);
        if bounded && peak > MOST_MEMORY {
            missed.push(format!("{}, {when}: the renderer had {} resident", what, mib(peak)));
        }
        let growth = course.growth(|memory| memory.own);
        if bounded && growth > MOST_GROWTH {
            missed.push(format!("{}, {when}: memory grew by {} in the second half", what, mib(growth)));
        }
        // Beside other work a task also waits for its turn, and that is not the page's doing.
        let of: fn(&page::Task) -> f64 =
            if course.others < QUIET { |task| task.took } else { |task| task.ran };
        if let Some(longest) = course.longest_task(of).filter(|longest| *longest > LONGEST_TASK) {
            missed.push(format!("{}, {when}: a task of {longest:.0} ms on the main thread", what));
        }
    }
    missed
}

#[derive(Default)]
struct Rows {
    images: Vec<String>,
    native: Vec<String>,
    page: Vec<String>,
}

impl Rows {
    fn print(&self) {
        println!("| image | size | tars | layers | files |\n|---|---|---|---|---|");
        println!("{}\n", self.images.join("\n"));
        println!(
            "| command | CPU s | wall s | MiB/s of image and CPU | peak memory |\n|---|---|---|---|---|"
        );
        println!("{}\n", self.native.join("\n"));
        if !self.page.is_empty() {
            println!(
                "| page | wall s | MiB/s | renderer, resident | proportional | its own (idle) | grew | heap | longest task | longest gap |"
            );
            println!("|---|---|---|---|---|---|---|---|---|---|\n{}", self.page.join("\n"));
        }
    }
}

fn native_row(image: &str, what: &str, cost: Cost, bytes: u64) -> String {
    format!(
        "| {image}: {what} | {:.1} | {:.1} | {:.0} | {} |",
        cost.cpu,
        cost.wall,
        bytes as f64 / f64::from(1 << 20) / cost.cpu,
        mib(cost.peak)
    )
}

fn page_rows(image: &str, seen: &Seen, bytes: u64) -> [String; 2] {
    [("read", &seen.reading, bytes), ("save", &seen.saving, seen.saved_bytes)].map(|(what, course, bytes)| {
        let peak = |of: fn(&Memory) -> u64| mib(course.peak(of));
        format!(
            "| {image}: {what} | {:.1} | {:.0} | {} | {} | {} ({}) | {} | {} | {} | {:.0} ms |",
            course.seconds,
            bytes as f64 / f64::from(1 << 20) / course.seconds,
            peak(|memory| memory.resident),
            peak(|memory| memory.proportional),
            peak(|memory| memory.own),
            mib(seen.idle.own),
            mib(course.growth(|memory| memory.own)),
            mib(course.heap),
            longest(course),
            course.longest_gap,
        )
    })
}

/// The longest task on the clock, and the longest by what it ran.
fn longest(course: &page::Course) -> String {
    match (course.longest_task(|task| task.took), course.longest_task(|task| task.ran)) {
        (Some(took), Some(ran)) => format!("{took:.0} ms (ran {ran:.0} ms)"),
        _ => "< 50 ms".to_owned(),
    }
}

/// How memory went, for a person who wants to know why.
fn course(seen: &Seen) -> String {
    let task = |task: &page::Task| format!("{:.1} s: {:.0}/{:.0}", task.began / 1e3, task.ran, task.took);
    let line = |what: &str, course: &page::Course| {
        let step = course.memory.len().div_ceil(24).max(1);
        let memory: Vec<String> =
            course.memory.iter().step_by(step).map(|memory| format!("{}", memory.own >> 20)).collect();
        let tasks: Vec<String> = course.long_tasks.iter().map(task).collect();
        format!(
            "{what}: own MiB {}; long tasks, ran/took ms [{}]; main thread ran {:.1} s and waited {:.1} s for a processor; others used {:.1} processors",
            memory.join(" "),
            tasks.join(", "),
            course.busy,
            course.waited,
            course.others
        )
    };
    format!("{}\n{}", line("reading", &seen.reading), line("saving", &seen.saving))
}

fn mib(bytes: u64) -> String {
    report::mib(bytes)
}
