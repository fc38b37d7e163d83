//! Small archives, built member by member, and ways to open them.
#![allow(dead_code)] // each test file uses its part

use serde_json::{Value, json};
use sociscope_image::{Archive, Digest, Error, Extent, Limits, Open, Want};
use tar::{Builder, EntryType, Header};

pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Ten bytes that start like gzip. Nothing here looks further.
pub const GZIP: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// Opens a file in memory and checks that the reads stay inside it.
pub fn open(file: &[u8]) -> Result<Archive, Error> {
    open_with(file, Limits::default())
}

pub fn open_with(file: &[u8], limits: Limits) -> Result<Archive, Error> {
    drive(file.len() as u64, limits, |extent| file[extent.offset as usize..extent.end() as usize].to_vec()).0
}

/// Opens whatever `read` reads. Also says which reads that took.
pub fn drive(
    len: u64,
    limits: Limits,
    mut read: impl FnMut(Extent) -> Vec<u8>,
) -> (Result<Archive, Error>, Vec<Extent>) {
    let mut open = Open::new(len, limits);
    let mut reads = Vec::new();
    while let Want::Read { offset, len: wanted } = open.want() {
        let extent = Extent { offset, len: wanted };
        assert!(wanted > 0 && extent.end() <= len, "{extent:?} of {len}");
        reads.push(extent);
        assert!(reads.len() < 100_000, "it never ends");
        if let Err(error) = open.supply(&read(extent)) {
            return (Err(error), reads);
        }
    }
    (open.finish(), reads)
}

/// The codes of an archive's diagnostics, in order.
pub fn codes(archive: &Archive) -> Vec<&'static str> {
    archive.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// A tar under construction.
pub struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// A file; names too long for a header get a GNU one.
    pub fn file(mut self, name: &str, bytes: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if name.len() < 100 {
            // Written raw, for the sake of names that the builder would refuse.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            self.0.append(&header, bytes).expect("memory");
        } else {
            self.0.append_data(&mut header, name, bytes).expect("memory");
        }
        self
    }

    pub fn dir(self, name: &str) -> Self {
        self.entry(EntryType::Directory, name, "")
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name, target)
    }

    pub fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name, target)
    }

    pub fn entry(mut self, kind: EntryType, name: &str, target: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        self.0.append(&header, &[][..]).expect("memory");
        self
    }

    /// PAX records for the next member.
    pub fn pax(mut self, records: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(records.iter().copied()).expect("memory");
        self
    }

    pub fn build(self) -> Vec<u8> {
        self.0.into_inner().expect("memory")
    }
}

/// A descriptor of some bytes.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
}

/// `value` with more fields.
pub fn with(mut value: Value, more: Value) -> Value {
    let fields = value.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    value
}

/// The blobs and the index of an OCI layout under construction.
#[derive(Clone, Default)]
pub struct Layout {
    pub blobs: Vec<Vec<u8>>,
    pub manifests: Vec<Value>,
}

impl Layout {
    /// Adds a blob and gives its descriptor.
    pub fn blob(&mut self, media_type: &str, bytes: impl AsRef<[u8]>) -> Value {
        let bytes = bytes.as_ref();
        if !self.blobs.iter().any(|blob| blob == bytes) {
            self.blobs.push(bytes.to_vec());
        }
        descriptor(media_type, bytes)
    }

    /// Adds an image with a config and layers; gives its manifest's descriptor.
    pub fn image(&mut self, config: &Value, layers: &[&[u8]]) -> Value {
        let config = self.blob(OCI_CONFIG, config.to_string());
        let layers: Vec<Value> = layers.iter().map(|layer| self.blob(OCI_GZIP, layer)).collect();
        let manifest =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        self.blob(OCI_MANIFEST, manifest.to_string())
    }

    /// Adds an index; gives its descriptor.
    pub fn index(&mut self, manifests: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
        self.blob(OCI_INDEX, index.to_string())
    }

    /// Lists a descriptor in `index.json`.
    pub fn list(mut self, descriptor: Value) -> Self {
        self.manifests.push(descriptor);
        self
    }

    pub fn index_json(&self) -> String {
        json!({"schemaVersion": 2, "manifests": self.manifests}).to_string()
    }

    /// The layout as a tar, blobs first, as most tools write it.
    pub fn tar(&self) -> Tar {
        let tar = self.blobs.iter().fold(Tar::new().dir("blobs/").dir("blobs/sha256/"), |tar, blob| {
            tar.file(&Digest::of(blob).blob_path(), blob)
        });
        tar.file("index.json", self.index_json().as_bytes())
            .file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)
    }

    pub fn build(&self) -> Vec<u8> {
        self.tar().build()
    }
}

/// A config of linux/amd64 with as many layers.
pub fn config(layers: usize) -> Value {
    let diff_ids: Vec<String> =
        (0..layers).map(|layer| Digest::of(layer.to_string().as_bytes()).to_string()).collect();
    json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
}

/// A layout of one image with two layers.
pub fn simple() -> Layout {
    let mut layout = Layout::default();
    let manifest = layout.image(&config(2), &[GZIP, &[GZIP, b"second"].concat()]);
    layout.list(manifest)
}

/// A docker-archive of one image: two plain layers, the second of which is a link to the first.
pub fn docker() -> Vec<u8> {
    let layer = Tar::new().file("etc/app", b"1").build();
    let manifest =
        json!([{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["a/layer.tar", "b/layer.tar"]}]);
    Tar::new()
        .dir("a/")
        .file("a/layer.tar", &layer)
        .dir("b/")
        .symlink("b/layer.tar", "../a/layer.tar")
        .file("c.json", config(2).to_string().as_bytes())
        .file("manifest.json", manifest.to_string().as_bytes())
        .build()
}
