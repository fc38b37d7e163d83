//! What the system says about other processes. Linux only, like the figures.

use std::{
    collections::BTreeMap,
    fs, io,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What a program took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processors, its own and the system's for it.
    pub cpu: f64,
    /// Most bytes it had resident.
    pub peak: u64,
}

/// Starts a program, lets `with` deal with its output, waits for it and says what it took.
pub fn measure<T>(
    command: &mut Command,
    with: impl FnOnce(&mut Child) -> io::Result<T> + Send,
) -> io::Result<(T, Cost)>
where
    T: Send,
{
    let (before, began) = (cpu_of_children()?, Instant::now());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let pid = child.id();
    let stderr = child.stderr.take();
    let (result, peak, status, said) = thread::scope(|scope| {
        let said = scope.spawn(|| stderr.map_or_else(|| Ok(String::new()), io::read_to_string));
        let reading = scope.spawn(|| {
            let result = with(&mut child);
            // Reaped by whoever closed its output, so that the watching thread sees it end.
            child.wait().map(|status| (result, status))
        });
        let mut peak = 0;
        while !reading.is_finished() {
            peak = peak.max(field(pid, "VmHWM:").unwrap_or(0));
            thread::sleep(Duration::from_millis(10));
        }
        let (result, status) =
            reading.join().map_err(|_| io::Error::other("the reading thread panicked"))??;
        let said = said.join().map_err(|_| io::Error::other("the listening thread panicked"))??;
        Ok::<_, io::Error>((result?, peak, status, said))
    })?;
    if !status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {status}: {said}")));
    }
    let cost = Cost { wall: began.elapsed().as_secs_f64(), cpu: cpu_of_children()? - before, peak };
    Ok((result, cost))
}

/// Bytes, from a line of `/proc/PID/status` that is in KiB.
fn field(pid: u32, name: &str) -> Option<u64> {
    of_text(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, name)
}

fn of_text(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Seconds of processors that all ended children of this process took.
fn cpu_of_children() -> io::Result<f64> {
    let stat = stat("self").ok_or_else(|| io::Error::other("there is no /proc/self/stat"))?;
    // cutime and cstime, fields 16 and 17 of proc_pid_stat(5).
    Ok(ticks(&stat, 16) + ticks(&stat, 17))
}

/// The fields of `/proc/PID/stat` from the third on; the second may hold spaces.
fn stat(pid: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// `USER_HZ`, which is 100 on every Linux that has these fields.
const PER_SECOND: f64 = 100.0;

/// A field, by its number in the manual, as seconds.
fn ticks(stat: &[String], number: usize) -> f64 {
    stat.get(number - 3).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / PER_SECOND
}

/// What a renderer holds, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, with the browser's own code, which all its processes share.
    pub resident: u64,
    /// Resident, shared pages counted in parts.
    pub proportional: u64,
    /// Its own: what would be free without it. The browser's task manager shows this.
    pub own: u64,
}

/// A renderer in a browser that this process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renderer {
    pid: u32,
}

impl Renderer {
    /// All renderers of browsers that this process started, with the seconds that their main threads
    /// ran. A browser keeps a spare one beside that of its page.
    pub fn all() -> io::Result<Vec<(Self, f64)>> {
        let is_renderer = |pid: u32| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--type=renderer"))
        };
        Ok(descendants()?
            .into_iter()
            .filter(|pid| is_renderer(*pid))
            .map(|pid| Self { pid })
            .filter_map(|renderer| Some((renderer, renderer.main_thread().ok()?.0)))
            .collect())
    }

    /// The one that did something since `before`.
    pub fn busiest_since(before: &[(Self, f64)]) -> io::Result<Self> {
        let ran =
            |renderer: Self| before.iter().find(|(other, _)| *other == renderer).map_or(0.0, |(_, ran)| *ran);
        Self::all()?
            .into_iter()
            .max_by(|(one, now), (other, then)| (now - ran(*one)).total_cmp(&(then - ran(*other))))
            .map(|(renderer, _)| renderer)
            .ok_or_else(|| io::Error::other("no renderer among the processes of the browser"))
    }

    /// What it holds now.
    pub fn memory(self) -> io::Result<Memory> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid))?;
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        Ok(Memory {
            resident: of_text(&status, "VmRSS:").unwrap_or(0),
            proportional: of_text(&rollup, "Pss:").unwrap_or(0),
            own: of_text(&status, "RssAnon:").unwrap_or(0) + of_text(&status, "VmSwap:").unwrap_or(0),
        })
    }

    /// Seconds that its main thread ran, and that it was ready but had no processor.
    pub fn main_thread(self) -> io::Result<(f64, f64)> {
        let path = format!("/proc/{}/task/{}/schedstat", self.pid, self.pid);
        let text = fs::read_to_string(path)?;
        let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
        let mut next = || numbers.next().unwrap_or(0.0) / 1e9;
        Ok((next(), next()))
    }

    /// Watches how much its main thread runs, closely enough to tell what of a task was work.
    pub fn watch(self) -> Watch {
        let log = Arc::new(Mutex::new(Vec::new()));
        let end = Arc::new(AtomicBool::new(false));
        thread::spawn({
            let (log, end) = (Arc::clone(&log), Arc::clone(&end));
            move || {
                while !end.load(Ordering::Relaxed) {
                    if let (Ok((ran, _)), Ok(mut log)) = (self.main_thread(), log.lock()) {
                        log.push((epoch_milliseconds(), ran));
                    }
                    thread::sleep(Duration::from_millis(4));
                }
            }
        });
        Watch { log, end }
    }
}

/// A thread that watches another process's main thread, ended when dropped.
pub struct Watch {
    /// (milliseconds since 1970, seconds that it had run by then)
    log: Arc<Mutex<Vec<(f64, f64)>>>,
    end: Arc<AtomicBool>,
}

impl Watch {
    /// Milliseconds that the thread ran between two times, both in milliseconds since 1970. Never too
    /// little; too much by what it did in the few milliseconds before and after.
    pub fn ran(&self, from: f64, to: f64) -> f64 {
        let Ok(log) = self.log.lock() else { return 0.0 };
        let before = log.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let after = log.partition_point(|(at, _)| *at < to).min(log.len().saturating_sub(1));
        match (log.get(before), log.get(after)) {
            (Some((_, first)), Some((_, last))) => (last - first) * 1e3,
            _ => 0.0,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
    }
}

fn epoch_milliseconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3)
}

/// Seconds of processors that the whole machine was at work, and that this process and what it
/// started were.
pub fn busy() -> io::Result<(f64, f64)> {
    let text = fs::read_to_string("/proc/stat")?;
    let all: f64 = text
        .lines()
        .next()
        .into_iter()
        .flat_map(str::split_whitespace)
        .skip(1)
        .enumerate()
        // user, nice, system, (idle, iowait,) irq, softirq
        .filter(|(column, _)| matches!(column, 0..=2 | 5 | 6))
        .filter_map(|(_, ticks)| ticks.parse::<f64>().ok())
        .sum();
    let own = |pid: u32| {
        stat(&pid.to_string()).map_or(0.0, |stat| (14..=17).map(|number| ticks(&stat, number)).sum::<f64>())
    };
    let ours = descendants()?.into_iter().chain([std::process::id()]).map(own).sum();
    Ok((all / PER_SECOND, ours))
}

/// What this process started, and what that started.
fn descendants() -> io::Result<Vec<u32>> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some(parent) = stat(&pid.to_string()).and_then(|stat| stat.get(1)?.parse::<u32>().ok()) {
            parents.insert(pid, parent);
        }
    }
    let is_ours = |mut pid: u32| {
        while let Some(parent) = parents.get(&pid) {
            if *parent == std::process::id() {
                return true;
            }
            pid = *parent;
        }
        false
    };
    Ok(parents.keys().copied().filter(|pid| is_ours(*pid)).collect())
}
