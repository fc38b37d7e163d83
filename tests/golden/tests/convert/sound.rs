//! Whether a finished archive is what it should be, found out by reading it.

use crate::run::{Finished, slice};
use sociscope_image::{Digest, Extent, ImageKind, Limits, Open, Severity, Want};
use sociscope_soci::{Descriptor, Index, Manifest, media_type, soci_index};
use std::collections::BTreeMap;

/// Every blob of an archive, by its digest.
type Blobs<'a> = BTreeMap<String, &'a [u8]>;

/// Opens the archive again, and follows every link in it.
pub fn check(finished: &Finished) -> Result<(), String> {
    let file = finished.archive.as_slice();
    let mut open = Open::new(file.len() as u64, Limits::default());
    while let Want::Read { offset, len } = open.want() {
        open.supply(slice(file, Extent { offset, len })).map_err(|error| error.to_string())?;
    }
    let archive = open.finish().map_err(|error| error.to_string())?;
    if let Some(error) = archive.diagnostics.iter().find(|found| found.severity == Severity::Error) {
        return Err(error.to_string());
    }
    let layout = archive.layout.as_ref().ok_or("it has no layout")?;
    let mut blobs = Blobs::new();
    for (digest, &extent) in &layout.blobs {
        let bytes = slice(file, extent);
        if !digest.matches(bytes) {
            return Err(format!("{digest} has other bytes"));
        }
        blobs.insert(digest.to_string(), bytes);
    }
    let list = list(finished, &blobs)?;
    links(&list, &blobs)?;
    for index in &finished.converted.soci_indexes {
        let listed = list.manifests().iter().any(|entry| {
            entry.digest == index.digest.as_str() && entry.platform.as_ref() == Some(&index.platform)
        });
        if !listed {
            return Err(format!("the index for {} is not in the list", index.platform));
        }
    }
    let images = archive.images.iter().filter(|image| image.kind == ImageKind::Image);
    if images.count() == 0 || finished.converted.soci_indexes.is_empty() {
        return Err("it has no image, or no index".to_owned());
    }
    Ok(())
}

/// The image index that `index.json` names.
fn list(finished: &Finished, blobs: &Blobs<'_>) -> Result<Index, String> {
    let top = Index::parse(&finished.converted.index_json).map_err(|error| error.to_string())?;
    let [named] = top.manifests() else { return Err("index.json names not one image".to_owned()) };
    if named.digest != finished.converted.image_index.as_str() || named.media_type != media_type::OCI_INDEX {
        return Err("index.json names another image".to_owned());
    }
    Index::parse(blob(named, blobs)?).map_err(|error| error.to_string())
}

/// Images and indexes must name each other, and indexes the layers of their image.
fn links(list: &Index, blobs: &Blobs<'_>) -> Result<(), String> {
    let manifest = |entry: &Descriptor| {
        Manifest::parse(blob(entry, blobs)?).map_err(|error| format!("{}: {error}", entry.digest))
    };
    for entry in list.manifests() {
        let read = manifest(entry)?;
        for part in [&read.config].into_iter().chain(read.layers()) {
            let may_be_elsewhere = media_type::is_foreign_layer(&part.media_type);
            if !may_be_elsewhere || blobs.contains_key(&part.digest) {
                blob(part, blobs)?;
            }
        }
        if entry.artifact_type == media_type::SOCI_INDEX_V2 {
            // Where two indexes are of one manifest, it can name only one of them.
            let Some(named) = entry.annotations.get(soci_index::IMAGE_MANIFEST_DIGEST) else { continue };
            let image = list.manifests().iter().find(|image| image.digest == *named);
            let image = image.ok_or_else(|| format!("{} is of no image in the list", entry.digest))?;
            let image = manifest(image)?;
            if image.annotations.get(soci_index::INDEX_DIGEST) != Some(&entry.digest) {
                return Err(format!("the image of {} does not name it", entry.digest));
            }
            for ztoc in read.layers() {
                let of = &ztoc.annotations[soci_index::LAYER_DIGEST];
                if !image.layers().iter().any(|layer| layer.digest == *of) {
                    return Err(format!("{of} is no layer of the image"));
                }
            }
        } else if let Some(index) = read.annotations.get(soci_index::INDEX_DIGEST) {
            if entry.annotations.get(soci_index::INDEX_DIGEST) != Some(index) {
                return Err(format!("the descriptor of {} does not name its index", entry.digest));
            }
            let listed = list.manifests().iter().any(|other| other.digest == *index);
            if !listed {
                return Err(format!("{} names an index that is not in the list", entry.digest));
            }
        }
    }
    Ok(())
}

/// The bytes of a blob, of the right size.
fn blob<'b>(descriptor: &Descriptor, blobs: &Blobs<'b>) -> Result<&'b [u8], String> {
    let bytes = blobs.get(&descriptor.digest).ok_or_else(|| format!("{} is absent", descriptor.digest))?;
    if i64::try_from(bytes.len()) != Ok(descriptor.size) {
        return Err(format!("{} has another size", descriptor.digest));
    }
    Ok(bytes)
}

/// How many attestations refer to an image in the list.
pub fn attestations(finished: &Finished) -> usize {
    let documents = &finished.converted.documents;
    let find =
        |wanted: &Digest| documents.iter().find(|(digest, _)| digest == wanted).map(|(_, bytes)| bytes);
    let list = find(&finished.converted.image_index).expect("the image index is a document");
    let list = Index::parse(list).expect("our own index");
    let refers = |entry: &&Descriptor| {
        let image = entry.annotations.get("vnd.docker.reference.digest");
        image.is_some_and(|image| list.manifests().iter().any(|entry| entry.digest == *image))
    };
    list.manifests().iter().filter(refers).count()
}
