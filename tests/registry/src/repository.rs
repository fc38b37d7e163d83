//! One repository of a registry, through the distribution API (`/v2/`).

use crate::{
    converted::hash,
    http::{Answer, ask},
};
use serde_json::Value;
use std::{fmt, net::SocketAddr};

/// What a puller of images says it understands.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// Where images of one name lie. Shown as `127.0.0.1:40123/name`, as tools want it.
#[derive(Debug)]
pub struct Repository {
    pub(crate) registry: SocketAddr,
    pub(crate) name: String,
}

/// A manifest or an index as the registry hands it out.
#[derive(Debug)]
pub struct Manifest {
    /// `Docker-Content-Digest`: what the registry calls it.
    pub digest: String,
    /// `Content-Type`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Manifest {
    /// Its content.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("a manifest is JSON")
    }
}

impl Repository {
    /// The manifest under a tag or digest; `None` when the registry has none.
    ///
    /// # Panics
    /// When the registry contradicts itself: bytes that do not have the digest it states.
    #[must_use]
    pub fn manifest(&self, reference: &str) -> Option<Manifest> {
        let answer = self.ask("GET", &format!("manifests/{reference}"))?;
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        let (digest, media_type) = (header("docker-content-digest"), header("content-type"));
        assert_eq!(hash(&digest, &answer.body), digest, "{self}: manifest {reference}");
        Some(Manifest { digest, media_type, bytes: answer.body })
    }

    /// A blob's bytes.
    ///
    /// # Panics
    /// When they do not have that digest.
    #[must_use]
    pub fn blob(&self, digest: &str) -> Option<Vec<u8>> {
        let answer = self.ask("GET", &format!("blobs/{digest}"))?;
        assert_eq!(hash(digest, &answer.body), digest, "{self}: blob");
        Some(answer.body)
    }

    /// A blob's size, without fetching it: how a layer that loads lazily is first looked at.
    #[must_use]
    pub fn blob_size(&self, digest: &str) -> Option<u64> {
        self.ask("HEAD", &format!("blobs/{digest}"))?.length()
    }

    /// 200 is an answer, 404 is none.
    fn ask(&self, method: &str, what: &str) -> Option<Answer> {
        let path = format!("/v2/{}/{what}", self.name);
        let answer =
            ask(self.registry, method, &path, ACCEPT).unwrap_or_else(|error| panic!("{self}: {error}"));
        match answer.status {
            200 => Some(answer),
            404 => None,
            status => panic!("{method} {path}: {status} {}", String::from_utf8_lossy(&answer.body)),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}
