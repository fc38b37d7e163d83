//! OCI archives that are written as they are made, so that their size does not matter.

use super::layer::{self, Content, Pool};
use serde_json::json;
use sha2::{Digest, Sha256};
use sociscope_bench::layer::SEED;
use std::{
    fs::{self, File},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

/// What an archive holds in all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Size of the file.
    pub bytes: u64,
    /// Layers.
    pub layers: usize,
    /// Files in all layers.
    pub files: usize,
    /// Sizes of the tars in all layers.
    pub tar_bytes: u64,
}

/// Writes an OCI archive with these layers to `path`.
pub fn write(path: &Path, layers: &[Content]) -> io::Result<Totals> {
    let part = path.with_extension("part");
    let pool = Pool::new()?;
    let mut archive = Archive { file: BufWriter::with_capacity(1 << 20, File::create(&part)?), end: 0 };
    let mut totals = Totals { layers: layers.len(), ..Totals::default() };
    let (mut descriptors, mut diff_ids) = (Vec::new(), Vec::new());
    for (number, content) in layers.iter().enumerate() {
        let mut written = None;
        let (digest, size) = archive.blob(|out| {
            written = Some(layer::write(out, *content, SEED + 1 + number as u64, &pool)?);
            Ok(())
        })?;
        if let Some(layer) = written {
            totals.files += layer.files;
            totals.tar_bytes += layer.tar_bytes;
            diff_ids.push(layer.diff_id);
        }
        descriptors.push(json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size,
        }));
    }
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/usr/bin/serve"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let (config_digest, config_size) = archive.document(&config.to_string())?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config_digest, "size": config_size,
        },
        "layers": descriptors,
    });
    let (manifest_digest, manifest_size) = archive.document(&manifest.to_string())?;
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": manifest_digest, "size": manifest_size,
            "annotations": { "org.opencontainers.image.ref.name": "scale:latest" },
        }],
    });
    archive.member("index.json", index.to_string().as_bytes())?;
    archive.member("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    totals.bytes = archive.finish()?;
    fs::rename(part, path)?;
    Ok(totals)
}

/// `sha256:…` of what was hashed.
pub fn name(hasher: Sha256) -> String {
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

struct Archive {
    file: BufWriter<File>,
    /// Bytes so far.
    end: u64,
}

impl Archive {
    /// Writes a blob whose name and size are known only afterwards.
    fn blob(&mut self, write: impl FnOnce(&mut Hashed<'_>) -> io::Result<()>) -> io::Result<(String, u64)> {
        let start = self.end;
        self.file.write_all(&[0; 512])?;
        let mut out = Hashed { out: &mut self.file, hasher: Sha256::new(), size: 0 };
        write(&mut out)?;
        let Hashed { hasher, size, .. } = out;
        let digest = name(hasher);
        self.pad(size)?;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(header(&format!("blobs/{}", digest.replace(':', "/")), size)?.as_bytes())?;
        self.end = start + 512 + size.next_multiple_of(512);
        self.file.seek(SeekFrom::Start(self.end))?;
        Ok((digest, size))
    }

    fn document(&mut self, text: &str) -> io::Result<(String, u64)> {
        self.blob(|out| out.write_all(text.as_bytes()))
    }

    fn member(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let size = content.len() as u64;
        self.file.write_all(header(path, size)?.as_bytes())?;
        self.file.write_all(content)?;
        self.pad(size)?;
        self.end += 512 + size.next_multiple_of(512);
        Ok(())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let gap = (size.next_multiple_of(512) - size) as usize;
        self.file.write_all(&[0; 512][..gap])
    }

    fn finish(mut self) -> io::Result<u64> {
        self.file.write_all(&[0; 1024])?;
        self.file.flush()?;
        Ok(self.end + 1024)
    }
}

fn header(path: &str, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_path(path)?;
    header.set_cksum();
    Ok(header)
}

/// Hashes and counts on the way.
struct Hashed<'a> {
    out: &'a mut BufWriter<File>,
    hasher: Sha256,
    size: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
