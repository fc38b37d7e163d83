//! What a config tells about the layers of its image, and what their bytes tell about themselves.

use crate::{
    archive::{Layer, LayerCompression},
    config::ImageConfig,
    diagnostic::{Diagnostic, Notes, Severity},
    platform::Platform,
    recognise::{Packing, is_tar},
};

/// How a layer that starts with these bytes is compressed. No bytes at all are an empty plain tar.
pub(crate) fn compression(start: &[u8]) -> LayerCompression {
    match Packing::of(start) {
        Some(Packing::Gzip) => LayerCompression::Gzip,
        Some(Packing::Zstd) => LayerCompression::Zstd,
        Some(other) => LayerCompression::Unknown(other.name().to_owned()),
        None if start.is_empty() || is_tar(start) => LayerCompression::Uncompressed,
        None => LayerCompression::Unknown("no tar".to_owned()),
    }
}

/// Gives layers their diff IDs and build steps.
pub(crate) fn describe(layers: &mut [Layer], config: &ImageConfig, place: &str, notes: &mut Notes) {
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() == layers.len() {
        for (layer, diff_id) in layers.iter_mut().zip(diff_ids) {
            layer.diff_id = diff_id.parse().ok();
            if layer.diff_id.is_none() {
                let shown: String = diff_id.chars().take(80).collect();
                notes.push(Diagnostic::new(
                    Severity::Warning,
                    "diff-id-malformed",
                    place,
                    format!("The config's diff ID {shown:?} is no digest, so that layer's content cannot be checked."),
                ));
            }
        }
    } else if *config != ImageConfig::default() {
        // A config that is missing altogether has been noted as such.
        notes.push(
            Diagnostic::new(
                Severity::Warning,
                "diff-ids-differ",
                place,
                format!(
                    "The config lists {} layers, the manifest {}: their content cannot be checked.",
                    diff_ids.len(),
                    layers.len()
                ),
            )
            .fix("Save the image again: container runtimes refuse to unpack this one."),
        );
    }
    if let Some(steps) = config.steps(layers.len()) {
        for (layer, step) in layers.iter_mut().zip(steps) {
            layer.created_by = step.map(str::to_owned);
        }
    }
}

/// The platform a config states.
pub(crate) fn platform(config: &ImageConfig) -> Platform {
    Platform {
        architecture: config.architecture.clone(),
        os: config.os.clone(),
        os_version: config.os_version.clone().filter(|text| !text.is_empty()),
        os_features: config.os_features.clone(),
        variant: config.variant.clone().filter(|text| !text.is_empty()),
    }
}

/// Notes a config that does not say what it runs on.
pub(crate) fn check_platform(config: &ImageConfig, place: &str, notes: &mut Notes) {
    if config.os.is_empty() || config.architecture.is_empty() {
        notes.push(
            Diagnostic::new(
                Severity::Warning,
                "platform-unstated",
                place,
                "The config does not name both an operating system and an architecture.",
            )
            .fix("Build the image with --platform, e.g. linux/amd64."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HistoryEntry, RootFs};

    fn layer() -> Layer {
        Layer {
            media_type: String::new(),
            digest: None,
            size: 0,
            extent: None,
            diff_id: None,
            compression: LayerCompression::Gzip,
            created_by: None,
        }
    }

    #[test]
    fn bytes_tell_the_compression() {
        let mut header = vec![0; 512];
        header[..4].copy_from_slice(b"name");
        assert_eq!(compression(&[]), LayerCompression::Uncompressed);
        assert_eq!(compression(&[0; 512]), LayerCompression::Uncompressed);
        assert_eq!(compression(&header), LayerCompression::Unknown("no tar".into()));
        assert_eq!(compression(&[0x1f, 0x8b, 8]), LayerCompression::Gzip);
        assert_eq!(compression(&[0x28, 0xb5, 0x2f, 0xfd]), LayerCompression::Zstd);
        assert_eq!(compression(b"BZh91"), LayerCompression::Unknown("bzip2".into()));
    }

    #[test]
    fn layers_get_their_diff_ids_and_steps_only_when_the_counts_agree() {
        let digest = crate::Digest::of(b"a");
        let config = ImageConfig {
            rootfs: RootFs { diff_ids: vec![digest.to_string(), "junk".into()] },
            history: ["ADD", "ENV", "COPY"]
                .map(|step| HistoryEntry {
                    created_by: Some(step.into()),
                    empty_layer: step == "ENV",
                    ..HistoryEntry::default()
                })
                .into(),
            ..ImageConfig::default()
        };
        let (mut two, mut three) = (vec![layer(); 2], vec![layer(); 3]);
        let mut notes = Notes::new(9);
        describe(&mut two, &config, "config", &mut notes);
        describe(&mut three, &config, "config", &mut notes);
        assert_eq!(two[0].diff_id, Some(digest));
        assert_eq!(two[0].created_by.as_deref(), Some("ADD"));
        assert_eq!(two[1].created_by.as_deref(), Some("COPY"));
        assert!(three.iter().all(|layer| layer.diff_id.is_none() && layer.created_by.is_none()));
        let codes: Vec<&str> = notes.into_list().iter().map(|note| note.code).collect();
        assert_eq!(codes, ["diff-id-malformed", "diff-ids-differ"]);
    }
}
