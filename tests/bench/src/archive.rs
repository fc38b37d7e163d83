//! The files that are measured: a layer, and an OCI archive around it.

use crate::report;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// Where generated files are kept between runs.
pub fn folder() -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    fs::create_dir_all(&folder)?;
    folder.canonicalize()
}

/// The generated layer, made on first use.
pub fn layer(folder: &Path, size: u64) -> io::Result<PathBuf> {
    let path = folder.join(format!("layer-{}.tar.gz", size >> 20));
    if !path.exists() {
        eprintln!("Generating a layer of {} …", report::mib(size));
        let part = path.with_extension("part");
        sociscope_bench::write_gzip_layer(BufWriter::new(File::create(&part)?), size)?.flush()?;
        fs::rename(part, &path)?;
    }
    Ok(path)
}

/// An OCI archive that holds just this layer.
pub fn image(folder: &Path, layer: &Path) -> io::Result<PathBuf> {
    let path = folder.join(format!("{}.oci.tar", layer.file_name().unwrap_or_default().to_string_lossy()));
    if path.exists() {
        return Ok(path);
    }
    let part = path.with_extension("part");
    let mut archive = tar::Builder::new(BufWriter::new(File::create(&part)?));

    let layer_size = fs::metadata(layer)?.len();
    let layer_digest = sha256(&mut File::open(layer)?)?;
    append(&mut archive, &blob(&layer_digest), layer_size, File::open(layer)?)?;

    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": [] },
    })
    .to_string();
    let config_digest = append_document(&mut archive, &config)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config_digest, "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": layer_digest, "size": layer_size,
        }],
    })
    .to_string();
    let manifest_digest = append_document(&mut archive, &manifest)?;
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": manifest_digest, "size": manifest.len(),
        }],
    })
    .to_string();
    append(&mut archive, "index.json", index.len() as u64, index.as_bytes())?;
    let layout = r#"{"imageLayoutVersion":"1.0.0"}"#;
    append(&mut archive, "oci-layout", layout.len() as u64, layout.as_bytes())?;
    archive.into_inner()?.flush()?;
    fs::rename(part, &path)?;
    Ok(path)
}

fn append_document(archive: &mut tar::Builder<impl Write>, text: &str) -> io::Result<String> {
    let digest = sha256(&mut text.as_bytes())?;
    append(archive, &blob(&digest), text.len() as u64, text.as_bytes())?;
    Ok(digest)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    archive.append_data(&mut header, path, content)
}

fn blob(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn sha256(content: &mut impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}
