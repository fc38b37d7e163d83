//! Image archives made for one claim each, and the shell that reads them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sociscope_engine::{
    Analysis, Archive, Error, Job, LayerJob, OpenJob, Options, Scope, image::Digest, job,
};

pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";
pub const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A tar with one file per name; contents are words that compress.
pub fn layer_tar(files: &[(&str, usize)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (number, (name, size)) in files.iter().enumerate() {
        let data: Vec<u8> =
            (0..*size).map(|at| b"abcdefgh"[(at * (number + 3) + at / 977 * at % 61) % 8]).collect();
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(*size as u64);
        tar.append_data(&mut header, name, &data[..]).expect("a short name");
    }
    tar.into_inner().expect("in memory")
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    bytes.extend(miniz_oxide::deflate::compress_to_vec(data, 6));
    bytes.extend(crc32fast::hash(data).to_le_bytes());
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes
}

/// An OCI archive in the making.
#[derive(Clone, Default)]
pub struct Oci {
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub listed: Vec<Value>,
}

impl Oci {
    pub fn blob(&mut self, bytes: Vec<u8>) -> String {
        let digest = Digest::of(&bytes).to_string();
        self.blobs.insert(digest.clone(), bytes);
        digest
    }

    fn descriptor(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let size = bytes.len();
        let digest = self.blob(bytes);
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    }

    /// Adds an image for `os/architecture`; `diff_ids` as given, or none.
    pub fn image(mut self, platform: &str, layers: &[(&str, Vec<u8>)]) -> Self {
        self.add_image(platform, layers, &[]);
        self
    }

    pub fn add_image(&mut self, platform: &str, layers: &[(&str, Vec<u8>)], diff_ids: &[String]) {
        let (os, architecture) = platform.split_once('/').expect("os/architecture");
        let config = json!({
            "architecture": architecture, "os": os, "config": {},
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let config = self.descriptor(CONFIG, config.to_string().into_bytes());
        let layers: Vec<Value> =
            layers.iter().map(|(media_type, bytes)| self.descriptor(media_type, bytes.clone())).collect();
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        let mut entry = self.descriptor(MANIFEST, manifest.to_string().into_bytes());
        entry["platform"] = json!({ "architecture": architecture, "os": os });
        self.listed.push(entry);
    }

    /// Adds a BuildKit attestation about the last image.
    pub fn attestation(mut self) -> Self {
        let about = self.listed.last().expect("an image")["digest"].clone();
        self.add_image("unknown/unknown", &[("application/vnd.in-toto+json", b"{}".to_vec())], &[]);
        let entry = self.listed.last_mut().expect("just added");
        entry["annotations"] = json!({
            "vnd.docker.reference.digest": about,
            "vnd.docker.reference.type": "attestation-manifest",
        });
        self
    }

    pub fn named(mut self, name: &str) -> Self {
        let entry = self.listed.last_mut().expect("an image");
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        self
    }

    /// Lists the last image once more, under another name.
    pub fn also_named(mut self, name: &str) -> Self {
        let again = self.listed.last().expect("an image").clone();
        self.listed.push(again);
        self.named(name)
    }

    /// Leaves it to the configs what the images run on.
    pub fn without_platforms(mut self) -> Self {
        for entry in &mut self.listed {
            entry.as_object_mut().expect("a descriptor").remove("platform");
        }
        self
    }

    /// Puts other bytes under the digest of `bytes`.
    pub fn swap(mut self, bytes: &[u8], other: Vec<u8>) -> Self {
        self.blobs.insert(Digest::of(bytes).to_string(), other);
        self
    }

    pub fn without(mut self, bytes: &[u8]) -> Self {
        self.blobs.remove(Digest::of(bytes).as_str());
        self
    }

    pub fn tar(&self) -> Vec<u8> {
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": self.listed });
        let mut files = vec![
            ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
            ("index.json".to_owned(), index.to_string().into_bytes()),
        ];
        files.extend(
            self.blobs
                .iter()
                .map(|(digest, bytes)| (format!("blobs/{}", digest.replace(':', "/")), bytes.clone())),
        );
        tar_of(&files)
    }
}

/// A docker-archive with one image. Its config names the content of each layer.
pub fn docker_archive(layers: &[Vec<u8>]) -> Vec<u8> {
    let content = |layer: &Vec<u8>| match layer.starts_with(&[0x1f, 0x8b]) {
        true => miniz_oxide::inflate::decompress_to_vec(&layer[10..layer.len() - 8]).expect("made by gzip()"),
        false => layer.clone(),
    };
    let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::of(&content(layer)).to_string()).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let names: Vec<String> = (0..layers.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["app:1"], "Layers": names }]);
    let mut files = vec![
        ("config.json".to_owned(), config.to_string().into_bytes()),
        ("manifest.json".to_owned(), manifest.to_string().into_bytes()),
    ];
    files.extend(names.into_iter().zip(layers.iter().cloned()));
    tar_of(&files)
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        tar.append_data(&mut header, name, &data[..]).expect("a short name");
    }
    tar.into_inner().expect("in memory")
}

/// What a shell does: hands over the bytes a job asks for.
pub fn drive<J: Job>(job: J, file: &[u8]) -> Result<J::Output, Error> {
    job::run(job, |offset, len| -> Result<Vec<u8>, Error> {
        let rest = file.get(offset as usize..).unwrap_or_default();
        Ok(rest[..rest.len().min(len as usize)].to_vec())
    })
}

pub fn open(file: &[u8]) -> Archive {
    drive(OpenJob::new(file.len() as u64), file).expect("an archive")
}

/// Options under which every layer counts.
pub fn every_layer() -> Options {
    Options { min_layer_size: 0, span_size: 64 << 10, ..Options::default() }
}

pub fn analysis(file: &[u8], options: Options) -> Analysis {
    Analysis::new(open(file), "image.tar", options)
}

pub fn scan(analysis: &mut Analysis, file: &[u8], scope: Scope) {
    for task in analysis.tasks(scope) {
        let outcome = drive(LayerJob::new(task), file).expect("an outcome");
        analysis.record(outcome.summary);
    }
}

/// Opens and reads everything.
pub fn scanned(file: &[u8], options: Options) -> Analysis {
    let mut analysis = analysis(file, options);
    scan(&mut analysis, file, Scope::All);
    analysis
}
