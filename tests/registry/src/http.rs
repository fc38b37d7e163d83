//! As much of an HTTP client as looking at a registry takes.
//!
//! Our own, so that nothing between the registry and the assertion follows, retries, decompresses
//! or rewrites anything. HTTP/1.0: the answer ends where the connection does, and is never chunked.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A registry on this machine that does not answer within this time hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body; empty for HEAD.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `Content-Length`, which for HEAD is the size of what was not sent.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }
}

/// Asks `server` for `path` with `method` (GET or HEAD), accepting the media types in `accept`.
///
/// # Errors
/// The connection's errors; `InvalidData` when the answer is not HTTP or shorter than it says.
pub fn ask(server: SocketAddr, method: &str, path: &str, accept: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {server}\r\nAccept: {accept}\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let answer = parse(&bytes).ok_or_else(|| invalid(format!("{method} {path}: not an HTTP answer")))?;
    match answer.length() {
        Some(length) if method != "HEAD" && length != answer.body.len() as u64 => {
            Err(invalid(format!("{method} {path}: {} bytes of {length}", answer.body.len())))
        }
        _ => Ok(answer),
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Status line and headers up to an empty line, then the body.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_status_headers_and_body() {
        let answer = parse(b"HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\nX-Odd:  a:b \r\n\r\n{}\r\n\r\n");
        let answer = answer.expect("HTTP");
        assert_eq!((answer.status, answer.length()), (404, Some(2)));
        assert_eq!(answer.header("x-odd"), Some("a:b"));
        assert_eq!(answer.body, b"{}\r\n\r\n");
    }

    #[test]
    fn anything_else_is_none() {
        for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1\r\n\r\n"] {
            assert!(parse(bytes).is_none());
        }
    }
}
