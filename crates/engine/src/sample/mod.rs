//! The built-in sample: a small image archive to try everything with, made on the spot.
//!
//! ```text
//!  sample-image.oci.tar        OCI archive, linux/amd64, five layers
//!    1  base system            gzip   indexed
//!    2  certificates           gzip   below the minimum layer size: pulled whole
//!    3  Python packages        gzip   indexed, the largest
//!    4  catalogue              zstd   SOCI cannot index it: pulled whole
//!    5  the application        gzip   indexed
//! ```
//!
//! Its content is generated from a fixed seed, so it is the same bytes everywhere and needs no
//! download; a test pins its digest. Names are realistic, files are word-like text, code-like text
//! and machine-code-like bytes, so that compression behaves as it does on real layers. Because the
//! image is small, [`OPTIONS`] lowers the span size and the minimum layer size, visibly.

mod content;
mod layers;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Options, PlatformChoice};
use content::Source;

/// The name it is shown and saved under.
pub const FILE_NAME: &str = "sample-image.oci.tar";

/// The options that suit it: spans of 256 KiB, layers from 64 KiB up.
pub const OPTIONS: Options = Options {
    span_size: 256 << 10,
    min_layer_size: 64 << 10,
    platforms: PlatformChoice::All,
    optimize_xattrs: false,
    subject: None,
    keep_annotations: false,
    tag: None,
    keep_unusable: false,
    prefetch: Vec::new(),
};

/// When everything in it was made: 2026-01-15T09:30:00Z, in seconds.
const MADE_AT: u64 = 1_768_469_400;
const MADE_AT_TEXT: &str = "2026-01-15T09:30:00Z";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// Makes the archive. The same bytes every time, about 2 MB, in a fraction of a second.
#[must_use]
pub fn archive() -> Vec<u8> {
    let mut source = Source::new();
    let layers = [
        Layer::gzip(&layers::base(&mut source)),
        Layer::gzip(&layers::certificates(&mut source)),
        Layer::gzip(&layers::packages(&mut source)),
        Layer::zstd(&layers::catalogue(&mut source)),
        Layer::gzip(&layers::application(&mut source)),
    ];
    let config = Blob::json(&config(&layers));
    let manifest = Blob::json(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(CONFIG),
        "layers": layers.iter().map(|layer| layer.blob.descriptor(layer.media_type)).collect::<Vec<_>>(),
    }));
    let mut entry = manifest.descriptor(MANIFEST);
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "1.4.2" });
    entry["platform"] = json!({ "architecture": "amd64", "os": "linux" });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });

    let mut blobs = vec![config, manifest];
    blobs.extend(layers.into_iter().map(|layer| layer.blob));
    blobs.sort_by(|a, b| a.hex.cmp(&b.hex));
    let mut tar = layers::Tree::new();
    tar.file("oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#);
    tar.file("index.json", 0o644, index.to_string().as_bytes());
    tar.directory("blobs/");
    tar.directory("blobs/sha256/");
    for blob in blobs {
        tar.file(&format!("blobs/sha256/{}", blob.hex), 0o644, &blob.bytes);
    }
    tar.into_bytes()
}

/// Bytes under their digest.
struct Blob {
    bytes: Vec<u8>,
    hex: String,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        let hex = hex(&bytes);
        Self { bytes, hex }
    }

    fn json(value: &Value) -> Self {
        Self::new(value.to_string().into_bytes())
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({
            "mediaType": media_type,
            "digest": format!("sha256:{}", self.hex),
            "size": self.bytes.len(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A layer as stored, and the digest of what it unpacks to.
struct Layer {
    blob: Blob,
    media_type: &'static str,
    diff_id: String,
}

impl Layer {
    fn gzip(tar: &[u8]) -> Self {
        // RFC 1952: magic, deflate, no flags, no time, no hint, unknown system.
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        bytes.extend(miniz_oxide::deflate::compress_to_vec(tar, 6));
        bytes.extend(crc32fast::hash(tar).to_le_bytes());
        bytes.extend((tar.len() as u32).to_le_bytes());
        Self::new(bytes, LAYER_GZIP, tar)
    }

    fn zstd(tar: &[u8]) -> Self {
        // RFC 8878: a frame of raw blocks, which needs no compressor: magic, a descriptor for
        // "single segment, 4-byte content size", the size, then blocks of at most 128 KiB.
        let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
        bytes.extend((tar.len() as u32).to_le_bytes());
        let mut blocks = tar.chunks(128 << 10).peekable();
        while let Some(block) = blocks.next() {
            let is_last = u32::from(blocks.peek().is_none());
            let header = (block.len() as u32) << 3 | is_last;
            bytes.extend(&header.to_le_bytes()[..3]);
            bytes.extend(block);
        }
        Self::new(bytes, LAYER_ZSTD, tar)
    }

    fn new(stored: Vec<u8>, media_type: &'static str, tar: &[u8]) -> Self {
        Self { blob: Blob::new(stored), media_type, diff_id: format!("sha256:{}", hex(tar)) }
    }
}

fn config(layers: &[Layer]) -> Value {
    let step = |created_by: &str, empty_layer: bool| {
        let mut step = json!({
            "created": MADE_AT_TEXT,
            "created_by": created_by,
            "comment": "buildkit.dockerfile.v0",
        });
        if empty_layer {
            step["empty_layer"] = json!(true);
        }
        step
    };
    json!({
        "architecture": "amd64",
        "os": "linux",
        "created": MADE_AT_TEXT,
        "config": {
            "User": "10001:10001",
            "ExposedPorts": { "8080/tcp": {} },
            "Env": [
                "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG=C.UTF-8",
                "PYTHON_VERSION=3.12.7",
                "PYTHONUNBUFFERED=1",
                "SHOP_DATABASE_HOST=db.internal",
                "SHOP_API_TOKEN=not-a-real-token"
            ],
            "Entrypoint": ["gunicorn"],
            "Cmd": ["--bind", "0.0.0.0:8080", "--workers", "2", "shop.wsgi:app"],
            "WorkingDir": "/srv/app",
            "Labels": {
                "org.opencontainers.image.title": "shop",
                "org.opencontainers.image.version": "1.4.2",
                "org.opencontainers.image.description": "Sociscope's built-in sample image; its files are generated and do not run"
            },
            "StopSignal": "SIGTERM",
            "Healthcheck": {
                "Test": ["CMD-SHELL", "curl -fsS http://localhost:8080/health || exit 1"],
                "Interval": 15_000_000_000_i64,
                "Timeout": 3_000_000_000_i64,
                "StartPeriod": 20_000_000_000_i64,
                "Retries": 3
            }
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": layers.iter().map(|layer| layer.diff_id.as_str()).collect::<Vec<_>>(),
        },
        "history": [
            step("ADD rootfs.tar.xz / # buildkit", false),
            step("ENV LANG=C.UTF-8 PYTHON_VERSION=3.12.7", true),
            step("RUN /bin/sh -c apt-get install -y --no-install-recommends ca-certificates curl # buildkit", false),
            step("RUN /bin/sh -c pip install --no-cache-dir -r requirements.txt # buildkit", false),
            step("COPY catalogue /srv/catalogue # buildkit", false),
            step("WORKDIR /srv/app", true),
            step("COPY --chown=10001:10001 app /srv/app # buildkit", false),
            step("USER 10001:10001", true),
            step("EXPOSE [8080/tcp]", true),
            step("ENTRYPOINT [\"gunicorn\"]", true)
        ]
    })
}
