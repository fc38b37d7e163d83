//! One image through the whole conversion, in memory.

use sociscope_image::{Archive, Digest, DigestCheck, Extent, Format, Limits, Open, Want};
use sociscope_soci::prepare::{Prepared, as_oci, layout_for_platforms, subjects};
use sociscope_soci::{ConvertOptions, Converted, Error, Part, PlatformChoice, Selection, ZtocBlob};
use sociscope_ztoc::{Build, BuildOptions, Compression, DigestMode, SpanSize};
use std::collections::BTreeMap;

/// A finished archive.
pub struct Finished {
    pub archive: Vec<u8>,
    pub converted: Converted,
    /// What was done that the reference would not have done, in words; empty in reference mode.
    pub why: Vec<String>,
}

/// Converts an archive that is in memory, with the reference's flags. One result if it has one
/// image, or one that the reference takes for one; else one for each image, in order.
pub fn convert(
    file: &[u8],
    args: &[String],
    ztocs: &mut Ztocs,
) -> Result<Vec<Result<Finished, String>>, String> {
    let options = options(args)?;
    let archive = open(file)?;
    match layout_for_platforms(&archive, None, &options.platforms) {
        Ok(prepared) => Ok(vec![finish(file, &prepared, &options, ztocs)]),
        Err(Error::SeveralImages { .. }) => {
            let each = (0..subjects(&archive).len()).map(|subject| {
                let prepared =
                    layout_for_platforms(&archive, Some(subject), &options.platforms).map_err(in_full)?;
                finish(file, &prepared, &options, ztocs)
            });
            Ok(each.collect())
        }
        Err(error) => Err(in_full(error)),
    }
}

/// Converts what has been prepared, and writes the finished archive.
pub fn finish(
    file: &[u8],
    prepared: &Prepared,
    options: &ConvertOptions,
    ztocs: &mut Ztocs,
) -> Result<Finished, String> {
    let layout = &prepared.layout;
    let selection = Selection::new(layout, options).map_err(in_full)?;
    if let Some(refusal) = selection.refusal() {
        return Err(in_full(refusal.clone()));
    }
    let mut blobs = BTreeMap::new();
    for wanted in selection.wanted() {
        let layer = slice(file, wanted.extent);
        let ztoc = ztocs.get(&wanted.digest, layer, wanted.compression, options.span_size)?;
        blobs.insert((wanted.digest, wanted.compression), ztoc);
    }
    let converted = selection.finish(layout, &blobs).map_err(in_full)?;
    let mut archive = Vec::new();
    for part in converted.plan.parts() {
        match part {
            Part::Bytes(bytes) => archive.extend_from_slice(bytes),
            Part::Ztoc { digest, .. } => archive.extend_from_slice(&ztocs.bytes[digest]),
            Part::Source { extent, digest } => {
                let bytes = slice(file, *extent);
                let mut check = DigestCheck::new(Some(digest), Some(extent.len));
                check.update(bytes);
                let outcome = check.finish();
                if !outcome.matches {
                    return Err(format!("blob {digest} has the bytes of {}", outcome.found));
                }
                archive.extend_from_slice(bytes);
            }
        }
    }
    assert_eq!(archive.len() as u64, converted.plan.size(), "the size is known beforehand");
    assert_eq!(prepared.reference, prepared.notes.is_empty(), "what is done otherwise is said");
    let why = prepared.notes.iter().chain(&converted.notes).map(|note| note.sentence.clone()).collect();
    Ok(Finished { archive, converted, why })
}

fn in_full(error: Error) -> String {
    format!("{error} [{:?}; {}] {}", error.culprit(), error.place(), error.way_out())
}

/// Opens an archive; one without an OCI layout gets one.
pub fn open(file: &[u8]) -> Result<Archive, String> {
    let mut open = Open::new(file.len() as u64, Limits::default());
    while let Want::Read { offset, len } = open.want() {
        open.supply(slice(file, Extent { offset, len })).map_err(|error| error.to_string())?;
    }
    let archive = open.finish().map_err(|error| error.to_string())?;
    if archive.format == Format::OciArchive {
        return Ok(archive);
    }
    let first = as_oci(&archive, &BTreeMap::new()).map_err(in_full)?;
    let read = first.unread.iter().map(|&extent| (extent, Digest::of(slice(file, extent)))).collect();
    let adopted = as_oci(&archive, &read).map_err(in_full)?;
    assert_eq!(adopted.unread, [], "every layer has been read");
    Ok(adopted.archive)
}

pub fn slice(file: &[u8], extent: Extent) -> &[u8] {
    let start = usize::try_from(extent.offset).expect("a small fixture");
    let end = usize::try_from(extent.end()).expect("a small fixture");
    &file[start..end]
}

/// The reference's flags in our words.
pub fn options(args: &[String]) -> Result<ConvertOptions, String> {
    let mut options = ConvertOptions::default();
    let mut platforms = Vec::new();
    let mut all = false;
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--all-platforms" => all = true,
            // Rebuilding what was built before gives the same.
            "--force" => {}
            _ => {
                let value = args.next().expect("a flag has a value");
                let number = || value.parse().map_err(|_| format!("{flag} {value} is no size"));
                match flag.as_str() {
                    "--span-size" => {
                        options.span_size = SpanSize::new(number()?).map_err(|error| error.to_string())?;
                    }
                    "--min-layer-size" => options.min_layer_size = number()?,
                    "--platform" => platforms.push(value.clone()),
                    "--optimizations" => options.disable_xattrs = value == "xattr",
                    other => panic!("unknown flag {other}"),
                }
            }
        }
    }
    if !all {
        options.platforms = PlatformChoice::Listed(platforms);
    }
    Ok(options)
}

/// zTOCs of one image's layers, each built once for all settings.
#[derive(Default)]
pub struct Ztocs {
    built: BTreeMap<(Digest, Compression, u64), Result<ZtocBlob, String>>,
    bytes: BTreeMap<Digest, Vec<u8>>,
}

impl Ztocs {
    fn get(
        &mut self,
        layer: &Digest,
        bytes: &[u8],
        compression: Compression,
        span_size: SpanSize,
    ) -> Result<ZtocBlob, String> {
        let key = (layer.clone(), compression, span_size.get());
        if let Some(known) = self.built.get(&key) {
            return known.clone();
        }
        let options =
            BuildOptions { compression, span_size, digests: DigestMode::Here, ..BuildOptions::default() };
        let built = Build::from_slice(bytes, options)
            .and_then(|build| Ok((build.disables_xattrs(), build.to_bytes()?)))
            .map_err(|error| format!("layer {layer}: {error}"))
            .map(|(disables_xattrs, ztoc)| {
                let digest = Digest::of(&ztoc);
                let blob = ZtocBlob {
                    digest: digest.clone(),
                    size: ztoc.len() as u64,
                    disables_xattrs,
                    prefetch: vec![],
                };
                self.bytes.insert(digest, ztoc);
                blob
            });
        self.built.insert(key, built.clone());
        built
    }
}
