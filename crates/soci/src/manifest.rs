//! Image manifests: a config and a stack of layers.

use crate::json::{self, Decode, Encode, JsonError, Object, Reader};
use crate::{Descriptor, media_type};
use std::collections::BTreeMap;

/// An image manifest, OCI or Docker; also the shape of a SOCI index.
///
/// Source: OCI image-spec v1.1.1 `manifest.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Copied as found; nothing checks it.
    pub schema_version: i64,
    /// What the document says it is.
    pub media_type: String,
    /// What an artefact is.
    pub artifact_type: String,
    /// The image config.
    pub config: Descriptor,
    /// Base first. `None` is `null` or absent, which is written as `null`.
    pub layers: Option<Vec<Descriptor>>,
    /// The manifest that this one is about.
    pub subject: Option<Descriptor>,
    /// Free-form remarks.
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Where and why the text is not one. A missing field is no error.
    pub fn parse(text: &[u8]) -> Result<Self, JsonError> {
        json::parse(text)
    }

    /// The text that the reference writes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::to_json(self)
    }

    /// The layers, base first.
    #[must_use]
    pub fn layers(&self) -> &[Descriptor] {
        self.layers.as_deref().unwrap_or_default()
    }

    /// Makes manifest and config OCI ones. Layers keep their types: registries do not mind a
    /// Docker layer in an OCI image, but they do mind a Docker config.
    pub(crate) fn make_oci(&mut self) {
        media_type::OCI_MANIFEST.clone_into(&mut self.media_type);
        media_type::OCI_CONFIG.clone_into(&mut self.config.media_type);
    }
}

impl Decode for Manifest {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.object(|key, reader| match key {
            "schemaversion" => self.schema_version.decode(reader),
            "mediatype" => self.media_type.decode(reader),
            "artifacttype" => self.artifact_type.decode(reader),
            "config" => self.config.decode(reader),
            "layers" => json::pointer(&mut self.layers, reader),
            "subject" => json::pointer(&mut self.subject, reader),
            "annotations" => self.annotations.decode(reader),
            _ => reader.skip(),
        })
    }
}

impl Encode for Manifest {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            object
                .field("schemaVersion", &self.schema_version)
                .unless_empty("mediaType", &self.media_type)
                .unless_empty("artifactType", &self.artifact_type)
                .field("config", &self.config)
                .field("layers", &self.layers)
                .unless_empty("subject", &self.subject)
                .unless_empty("annotations", &self.annotations);
        });
    }

    fn is_empty(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a manifest becomes when its config is `{}` and nothing else is said.
    fn check(original: &str, expected: &str) {
        let mut manifest = Manifest::parse(original.as_bytes()).unwrap();
        manifest.make_oci();
        assert_eq!(String::from_utf8(manifest.to_json()).unwrap(), expected, "{original}");
    }

    const CONFIG: &str =
        r#""config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"","size":0}"#;
    const HEAD: &str = r#""mediaType":"application/vnd.oci.image.manifest.v1+json""#;

    #[test]
    fn types_become_oci_whatever_they_were() {
        for original in [
            "{}",
            r#"{"mediaType":"application/foo"}"#,
            r#"{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json"}}"#,
        ] {
            check(original, &format!(r#"{{"schemaVersion":0,{HEAD},{CONFIG},"layers":null}}"#));
        }
    }

    #[test]
    fn absent_and_empty_layers_differ() {
        check(
            r#"{"schemaVersion":2,"layers":[]}"#,
            &format!(r#"{{"schemaVersion":2,{HEAD},{CONFIG},"layers":[]}}"#),
        );
        check(
            r#"{"schemaVersion":2,"layers":[{}],"layers":null}"#,
            &format!(r#"{{"schemaVersion":2,{HEAD},{CONFIG},"layers":null}}"#),
        );
    }

    #[test]
    fn awkward_fields_come_out_canonical() {
        check(
            "{\"annotations\":{\"k\":\"a<b>&c\\u2028 \\u00e9 \\/ \\ud800 \x7f \\u0001 \\b\\f\\n\"},\
              \"subject\":{\"x\":1,\"size\":7,\"digest\":\"d\",\"mediaType\":\"m\"},\
              \"artifactType\":\"t\",\"unknown\":[],\"schemaVersion\":1}",
            &format!(
                "{{\"schemaVersion\":1,{HEAD},\"artifactType\":\"t\",{CONFIG},\"layers\":null,\
                 \"subject\":{{\"mediaType\":\"m\",\"digest\":\"d\",\"size\":7}},\
                 \"annotations\":{{\"k\":\"a\\u003cb\\u003e\\u0026c\\u2028 \u{e9} / \u{fffd} \x7f \\u0001 \\b\\f\\n\"}}}}"
            ),
        );
    }

    #[test]
    fn keys_match_in_any_case() {
        check(
            r#"{"SchemaVersion":2,"MEDIATYPE":"x","Layers":[{"Size":3,"dIGEST":"d","MediaType":"m"}]}"#,
            &format!(
                r#"{{"schemaVersion":2,{HEAD},{CONFIG},"layers":[{{"mediaType":"m","digest":"d","size":3}}]}}"#
            ),
        );
    }

    #[test]
    fn a_size_that_is_no_integer_is_an_error() {
        let error = Manifest::parse(br#"{"layers":[{"size":3.174e3}]}"#).unwrap_err();
        assert_eq!(error.offset, 19);
    }

    #[test]
    fn what_is_read_from_damaged_text_reads_back_the_same() {
        let original = br#"{"schemaVersion":2,"config":{"digest":"d","size":-3,"data":"e30="},"layers":[{"urls":["\u00e9\ud83d\ude00"],"platform":{"os.features":["x"]}},null],"annotations":{"k":"\\\n"},"x":[{"y":1.5e-3},true]}"#;
        assert!(Manifest::parse(original).is_ok());
        let mut accepted = 0;
        for at in 0..original.len() {
            assert!(Manifest::parse(&original[..at]).is_err(), "cut at {at}");
            for byte in *b"\"\\{}[],:0-nu\x00\xff " {
                let mut damaged = original.to_vec();
                damaged[at] = byte;
                if let Ok(manifest) = Manifest::parse(&damaged) {
                    assert_eq!(Manifest::parse(&manifest.to_json()).as_ref(), Ok(&manifest));
                    accepted += 1;
                }
            }
        }
        assert!(accepted > 100, "some damage goes unnoticed: {accepted}");
    }
}
