//! A static file server as plain as any host: it serves one folder below a sub-path.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

/// Serves until the process ends; every request is kept for inspection.
#[derive(Debug)]
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// The site must work from any folder of a host, so tests never serve it from the root.
const PREFIX: &str = "/tools/sociscope/";

impl Server {
    /// Serves the release build named by `SOCISCOPE_DIST`.
    ///
    /// The page's own `<meta>` policy is sent as a header too: a worker obeys only the header of
    /// its own response, so the header is what makes the policy strict everywhere.
    ///
    /// # Panics
    /// When `SOCISCOPE_DIST` does not name a finished build.
    #[must_use]
    pub fn start() -> Self {
        let dist = std::env::var_os("SOCISCOPE_DIST")
            .map(PathBuf::from)
            .expect("SOCISCOPE_DIST names the built site; run these tests by `cargo xtask test`");
        let page = fs::read_to_string(dist.join("index.html")).expect("the built site has an index.html");
        let policy = policy_of(&page).expect("the release page carries its policy").to_owned();

        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (dist, policy, log) = (dist.clone(), policy.clone(), Arc::clone(&log));
                // A browser that hangs up early is not this server's problem.
                thread::spawn(move || answer(stream, &dist, &policy, &log).ok());
            }
        });
        Self { address, requests }
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PREFIX}", self.address)
    }

    /// Every path asked for so far.
    ///
    /// # Panics
    /// When an answering thread panicked.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic while logging").clone()
    }
}

/// The content of the page's policy element.
fn policy_of(html: &str) -> Option<&str> {
    html.split("http-equiv=\"Content-Security-Policy\" content=\"").nth(1)?.split('"').next()
}

fn answer(mut stream: TcpStream, dist: &Path, policy: &str, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    // The headers do not matter here, but they must be read before answering.
    for line in reader.lines() {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split_whitespace().nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
    if let Ok(mut log) = log.lock() {
        log.push(path.clone());
    }
    let file = path
        .strip_prefix(PREFIX)
        .filter(|rest| !rest.contains(".."))
        .map(|rest| dist.join(if rest.is_empty() { "index.html" } else { rest }));
    let found = file.and_then(|file| Some((media_type(&file), fs::read(file).ok()?)));
    let (status, media_type, body) = match found {
        Some((media_type, body)) => ("200 OK", media_type, body),
        // Browsers ask every origin for this; a 404 would be a console error of ours.
        None if path == "/favicon.ico" => ("204 No Content", "text/plain", Vec::new()),
        None => ("404 Not Found", "text/plain", b"not found".to_vec()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         Content-Security-Policy: {policy}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
