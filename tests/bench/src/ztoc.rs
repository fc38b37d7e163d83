//! The whole zTOC, by us and by the reference, each measuring itself in a process of its own.

use crate::report::{kib, median};
use cpu_time::ProcessTime;
use serde_json::{Value, json};
use sociscope_ztoc::{Build, BuildOptions, Builder, Compression, DigestMode, Entry, Limits, SpanSize, Toc};
use std::{
    error::Error,
    fs::{self, File},
    io::Read,
    path::Path,
    process::Command,
    time::Instant,
};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const ROUNDS: usize = 3;

/// What the child process does: read the layer in pieces, build, write the zTOC, say what it cost.
pub fn build_and_measure(layer: &Path, out: &Path) -> Outcome {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let mut builder = Builder::new(BuildOptions {
        compression: Compression::Gzip,
        span_size: SpanSize::DEFAULT,
        digests: DigestMode::Here,
        limits: Limits::default(),
    })?;
    let mut file = File::open(layer)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => builder.push(&buffer[..read])?,
        }
    }
    let held = builder.memory();
    let build = builder.finish()?;
    let bytes = build.to_bytes()?;
    let (cpu, wall) = (cpu.elapsed().as_secs_f64(), wall.elapsed().as_secs_f64());
    fs::write(out, &bytes)?;
    println!(
        "{}",
        json!({
            "cpu_seconds": cpu, "wall_seconds": wall, "files": build.entries().len(), "blocks": build.blocks().len(),
            "held_bytes": held, "allowed_bytes": allowed(&build), "peak_bytes": peak_memory(),
        })
    );
    Ok(())
}

/// The formula in the docs of [`Builder`], without its constant part.
fn allowed(build: &Build) -> usize {
    let text = |entry: Entry<'_>| entry.name.len() + entry.uname.len() + entry.gname.len();
    build.checkpoints().len() * ((32 << 10) + 100)
        + 2 * (build.entries().len() * Toc::RECORD_BYTES + build.entries().iter().map(text).sum::<usize>())
        + 2 * 7 * build.blocks().len() as usize
        + 33 * build.span_count()
}

/// What a build cost: medians over the rounds.
#[derive(Clone, Copy)]
pub struct Cost {
    pub cpu: f64,
    pub wall: f64,
}

/// Prints the costs of both, checks that their bytes are equal, and returns the reference's cost.
pub fn native_and_reference(folder: &Path, layer: &Path) -> Outcome<Option<Cost>> {
    let (our_ztoc, their_ztoc) = (folder.join("ours.ztoc"), folder.join("reference.ztoc"));
    let reference = reference(folder)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(run(Command::new(std::env::current_exe()?).arg("build-ztoc").arg(layer).arg(&our_ztoc))?);
        if let Some(reference) = &reference {
            theirs.push(run_reference(reference, layer, &their_ztoc)?);
        }
    }
    let our_cost = cost(&ours);
    let their_cost = (!theirs.is_empty()).then(|| cost(&theirs));
    println!("| whole zTOC, native, span 4 MiB | CPU s | reference / it | wall s | reference / it |");
    println!("|---|---|---|---|---|");
    if let Some(theirs) = their_cost {
        if fs::read(&our_ztoc)? != fs::read(&their_ztoc)? {
            return Err("our zTOC differs from the reference's".into());
        }
        println!(
            "| soci-snapshotter v0.15.0 (Go and C zlib) | {:.2} | 1.00 | {:.2} | 1.00 |",
            theirs.cpu, theirs.wall
        );
        println!(
            "| Sociscope | {:.2} | {:.2} | {:.2} | {:.2} |",
            our_cost.cpu,
            theirs.cpu / our_cost.cpu,
            our_cost.wall,
            theirs.wall / our_cost.wall
        );
        println!("\nBoth zTOCs are equal, byte for byte ({}).", kib(fs::metadata(&our_ztoc)?.len()));
    } else {
        println!("| Sociscope | {:.2} | (Go is not installed) | {:.2} | |\n", our_cost.cpu, our_cost.wall);
    }
    let most = |key: &str| ours.iter().filter_map(|run| run[key].as_u64()).max().unwrap_or_default();
    println!(
        "{} files, {} deflate blocks. Before the end our builder held {}, where the formula in its docs allows {}; \
         with the encoded file the whole process needed {}.\n",
        most("files"),
        most("blocks"),
        kib(most("held_bytes")),
        kib(most("allowed_bytes")),
        kib(most("peak_bytes"))
    );
    Ok(their_cost)
}

/// What the reference alone needs for a layer; `None` where Go is not installed.
pub fn reference_cost(folder: &Path, layer: &Path) -> Outcome<Option<Cost>> {
    let Some(reference) = reference(folder)? else { return Ok(None) };
    let out = folder.join("reference.ztoc");
    let runs = (0..ROUNDS).map(|_| run_reference(&reference, layer, &out)).collect::<Outcome<Vec<_>>>()?;
    Ok(Some(cost(&runs)))
}

fn run_reference(reference: &Path, layer: &Path, out: &Path) -> Outcome<Value> {
    let span = SpanSize::DEFAULT.get().to_string();
    run(Command::new(reference).env("TZ", "UTC").arg("ztoc").arg(layer).args([&span, "gzip"]).arg(out))
}

fn cost(runs: &[Value]) -> Cost {
    let of = |key: &str| median(runs.iter().filter_map(|run| run[key].as_f64()).collect());
    Cost { cpu: of("cpu_seconds"), wall: of("wall_seconds") }
}

/// Builds `tests/conformance`; `None` where Go is not installed.
fn reference(folder: &Path) -> Outcome<Option<std::path::PathBuf>> {
    if Command::new("go").arg("version").output().is_err() {
        return Ok(None);
    }
    let program = folder.join("conformance");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    let status =
        Command::new("go").current_dir(source).args(["build", "-o"]).arg(&program).arg(".").status()?;
    if !status.success() {
        return Err("tests/conformance does not build (it needs Go, a C compiler and a static zlib)".into());
    }
    Ok(Some(program))
}

fn run(command: &mut Command) -> Outcome<Value> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The most memory this process ever had resident; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}
