//! The page with a large file: how much memory it takes over time, and how long it keeps its main
//! thread busy at a stretch.

use super::process::{self, Memory, Renderer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sociscope_browser_tests::Page;
use std::{
    error::Error,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Between two looks at the renderer's memory.
const LOOK: Duration = Duration::from_millis(500);
/// For one verdict, and for one download.
const PATIENCE: Duration = Duration::from_secs(1800);

/// What was seen of the page.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Before a file was chosen.
    pub idle: Memory,
    /// Until the verdict.
    pub reading: Course,
    /// While the archive was saved.
    pub saving: Course,
    /// SHA-256 of the saved archive.
    pub saved: String,
    /// Size of the saved archive.
    pub saved_bytes: u64,
}

/// Some time in the life of the page.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// How long it took, seconds.
    pub seconds: f64,
    /// Memory of the renderer, twice a second.
    pub memory: Vec<Memory>,
    /// Most bytes of JavaScript's heap on the main thread.
    pub heap: u64,
    /// Tasks of the main thread that took longer than 50 ms.
    pub long_tasks: Vec<Task>,
    /// Longest time between two frames, milliseconds.
    pub longest_gap: f64,
    /// Seconds that the main thread ran.
    pub busy: f64,
    /// Seconds that it was ready to run and had to wait for a processor.
    pub waited: f64,
    /// Processors that were busy with what is none of ours.
    pub others: f64,
}

/// A task of the main thread, all in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// After the choice of the file.
    pub began: f64,
    /// How long it took.
    pub took: f64,
    /// At most so long it ran; the rest of the time it waited for a processor.
    pub ran: f64,
}

impl Course {
    /// The most at any time.
    pub fn peak(&self, of: fn(&Memory) -> u64) -> u64 {
        self.memory.iter().map(of).max().unwrap_or(0)
    }

    /// Bytes by which the most of the second half is above that of the first half.
    pub fn growth(&self, of: fn(&Memory) -> u64) -> u64 {
        let most = |part: &[Memory]| part.iter().map(of).max().unwrap_or(0);
        let (first, second) = self.memory.split_at(self.memory.len() / 2);
        most(second).saturating_sub(most(first))
    }

    /// The longest task, when one took longer than 50 ms.
    pub fn longest_task(&self, of: fn(&Task) -> f64) -> Option<f64> {
        self.long_tasks.iter().map(of).max_by(f64::total_cmp)
    }
}

/// Chooses `image`, waits for the verdict, saves the archive. `downloads` must be an empty folder.
/// With `cores` the page is told that there are so many, and starts as many workers.
pub async fn watch(image: &Path, downloads: &Path, cores: Option<u32>) -> Outcome<Seen> {
    let page = Page::open().await?;
    let seen = watch_on(&page, image, downloads, cores).await;
    // The browser must end whatever happened.
    let closed = page.close().await;
    let seen = seen?;
    closed?;
    Ok(seen)
}

async fn watch_on(page: &Page, image: &Path, downloads: &Path, cores: Option<u32>) -> Outcome<Seen> {
    let cdp = page.browser().cdp();
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await?;
    cdp.send_raw("Performance.enable", json!({})).await?;
    cdp.send_raw(
        "Browser.setDownloadBehavior",
        json!({ "behavior": "allow", "downloadPath": fs::canonicalize(downloads)? }),
    )
    .await?;
    if let Some(cores) = cores {
        cdp.send_raw("Emulation.setHardwareConcurrencyOverride", json!({ "hardwareConcurrency": cores }))
            .await?;
    }
    page.browser().goto(page.server().url()).await?;
    page.wait_for_text("h1", "").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = Renderer::all()?;
    page.evaluate("const end = performance.now() + 300; while (performance.now() < end);").await?;
    let renderer = Renderer::busiest_since(&before)?;
    let mut seen = Seen { idle: renderer.memory()?, ..Seen::default() };

    page.evaluate("window.watch.tasks = []; window.watch.gap = 0;").await?;
    page.choose_file(image).await?;
    seen.reading = follow(page, renderer, || Ok(false)).await?;

    page.evaluate("window.watch.tasks = []; window.watch.gap = 0; window.watch.milliseconds = undefined;")
        .await?;
    let mut drain = Drain::new(downloads);
    page.press("Save scale").await?;
    let began = Instant::now();
    seen.saving = follow(page, renderer, || drain.advance()).await?;
    seen.saving.seconds = began.elapsed().as_secs_f64();
    seen.saved_bytes = drain.read;
    seen.saved = super::archive::name(drain.hasher);
    Ok(seen)
}

/// Looks at the page until it says that it is ready, or `done` does.
async fn follow(page: &Page, renderer: Renderer, mut done: impl FnMut() -> Outcome<bool>) -> Outcome<Course> {
    let mut course = Course::default();
    let (ran, waited) = renderer.main_thread()?;
    let (all, ours) = process::busy()?;
    let watch = renderer.watch();
    let began = Instant::now();
    let mut next = LOOK;
    for look in 0_u32.. {
        course.memory.push(renderer.memory()?);
        let mut over = done()?;
        // Rarely, because the answer is given by the thread that is watched.
        if look % 4 == 0 {
            if let Some(milliseconds) = page.evaluate("return window.watch.milliseconds").await?.as_f64() {
                course.seconds = milliseconds / 1e3;
                over = true;
            }
            course.heap = course.heap.max(heap(page).await?);
        }
        if over {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(
                format!("nothing after {PATIENCE:?}; the page says {:?}", page.text("body").await?).into()
            );
        }
        tokio::time::sleep(next.saturating_sub(began.elapsed())).await;
        next += LOOK;
    }
    let (ran_then, waited_then) = renderer.main_thread()?;
    (course.busy, course.waited) = (ran_then - ran, waited_then - waited);
    let (all_then, ours_then) = process::busy()?;
    course.others = ((all_then - all) - (ours_then - ours)).max(0.0) / began.elapsed().as_secs_f64();
    let watched = page.evaluate("return { origin: performance.timeOrigin, ...window.watch }").await?;
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    course.longest_gap = number(&watched["gap"]);
    let chosen = number(&watched["began"]);
    for task in watched["tasks"].as_array().into_iter().flatten() {
        let (at, took) = (number(&task[0]), number(&task[1]));
        let begin = number(&watched["origin"]) + at;
        let ran = watch.ran(begin, begin + took).min(took);
        course.long_tasks.push(Task { began: at - chosen, took, ran });
    }
    Ok(course)
}

async fn heap(page: &Page) -> Outcome<u64> {
    let metrics = page.browser().cdp().send_raw("Performance.getMetrics", json!({})).await?;
    let value =
        metrics["metrics"].as_array().into_iter().flatten().find_map(|metric| {
            (metric["name"] == "JSHeapUsedSize").then(|| metric["value"].as_f64()).flatten()
        });
    Ok(value.unwrap_or(0.0) as u64)
}

/// Installed before the page's own code runs.
const WATCH: &str = r#"
    const watch = window.watch = { began: null, milliseconds: null, tasks: [], gap: 0 };
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) watch.tasks.push([task.startTime, task.duration]);
    }).observe({ type: "longtask", buffered: true });
    let last = null;
    requestAnimationFrame(function frame(now) {
        if (last !== null) watch.gap = Math.max(watch.gap, now - last);
        last = now;
        requestAnimationFrame(frame);
    });
    addEventListener("change", () => { watch.began ??= performance.now(); }, true);
    addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
        // Whatever the verdict: a headline that speaks of lazy loading, or a failure.
        if (watch.milliseconds === null && /ready for lazy loading|cannot|exceeds|nothing|broken/i.test(document.querySelector("h1")?.textContent)) {
            watch.milliseconds = performance.now() - watch.began;
        }
    }).observe(document.body, { subtree: true, childList: true, characterData: true }));"#;

/// Follows a download while it grows: hashes what has come and gives its blocks back, so that no
/// second archive need fit on the disk.
struct Drain {
    folder: PathBuf,
    hasher: Sha256,
    /// Bytes hashed.
    read: u64,
    /// Bytes given back.
    given_back: u64,
}

impl Drain {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), hasher: Sha256::new(), read: 0, given_back: 0 }
    }

    /// Takes what has come since the last time. True when the download is complete.
    fn advance(&mut self) -> Outcome<bool> {
        let Some(path) = fs::read_dir(&self.folder)?.flatten().map(|entry| entry.path()).next() else {
            return Ok(false);
        };
        // Looked at first: what is complete now is complete when it is read.
        let complete = path.extension().is_some_and(|extension| extension == "tar");
        let mut file = match File::open(&path) {
            // It was renamed in between.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(self.read))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => {
                    self.hasher.update(&buffer[..read]);
                    self.read += read as u64;
                }
            }
        }
        self.give_back(&path);
        if complete {
            fs::remove_file(&path)?;
        }
        Ok(complete)
    }

    /// Without `fallocate` (util-linux) the disk must hold the whole download; nothing else changes.
    fn give_back(&mut self, path: &Path) {
        let len = (self.read - self.given_back) >> 20 << 20;
        if len == 0 {
            return;
        }
        let given = Command::new("fallocate")
            .args(["--punch-hole", "--offset", &self.given_back.to_string(), "--length", &len.to_string()])
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if given.is_ok_and(|status| status.success()) {
            self.given_back += len;
        }
    }
}
