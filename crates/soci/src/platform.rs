//! Platforms in documents, and choosing among several.
//!
//! What a platform *is* - its spellings, and when two are the same - is
//! [`sociscope_image::Platform`]'s. Two rules are a conversion's own: asked for twice is asked for
//! once, and among several that match one must come first.

use crate::json::{Decode, Encode, JsonError, Object, Reader};
use sociscope_image::Platform;
use std::cmp::Reverse;

/// The platforms, each once: the first spelling of each wins.
pub(crate) fn deduplicated(platforms: Vec<Platform>) -> Vec<Platform> {
    let mut kept: Vec<Platform> = Vec::new();
    for platform in platforms {
        if !kept.iter().any(|earlier| earlier.matches(&platform)) {
            kept.push(platform);
        }
    }
    kept
}

/// Orders platforms that match: the one that uses most of the features asked for comes first,
/// one that is not stated last.
pub(crate) fn rank(platform: Option<&Platform>) -> (bool, Reverse<usize>) {
    (platform.is_none(), Reverse(platform.map_or(0, |platform| platform.os_features.len())))
}

impl Decode for Platform {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.object(|key, reader| match key {
            "architecture" => self.architecture.decode(reader),
            "os" => self.os.decode(reader),
            "os.version" => self.os_version.decode(reader),
            "os.features" => self.os_features.decode(reader),
            "variant" => self.variant.decode(reader),
            _ => reader.skip(),
        })
    }
}

impl Encode for Platform {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            object
                .field("architecture", &self.architecture)
                .field("os", &self.os)
                .unless_empty("os.version", &self.os_version)
                .unless_empty("os.features", &self.os_features)
                .unless_empty("variant", &self.variant);
        });
    }

    fn is_empty(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn the_first_spelling_of_a_platform_wins() {
        let spelled = |list: &[&str]| {
            let list = list.iter().map(|text| Platform::parse(text).unwrap()).collect();
            deduplicated(list).iter().map(Platform::to_string).collect::<Vec<_>>()
        };
        assert_eq!(spelled(&["linux/arm64/v8", "linux/arm64", "amd64"]), ["linux/arm64/v8", "linux/amd64"]);
        assert_eq!(spelled(&["amd64", "linux/amd64"]), ["linux/amd64"]);
        assert_eq!(spelled(&["linux/arm", "linux/arm/v7", "linux/arm/v6"]), ["linux/arm", "linux/arm/v6"]);
    }

    #[test]
    fn more_features_come_first_and_nothing_last() {
        let with = |features: &[&str]| Platform {
            os_features: features.iter().map(|&feature| feature.to_owned()).collect(),
            ..Platform::default()
        };
        assert!(rank(Some(&with(&["a"]))) < rank(Some(&with(&[]))));
        assert!(rank(Some(&with(&[]))) < rank(None));
    }

    #[test]
    fn a_platform_is_written_in_go_s_order() {
        let json = br#"{"variant":"v8","os.features":["b","a"],"OS":"linux","os.version":"1","architecture":"arm64","features":[]}"#;
        let platform: Platform = json::parse(json).unwrap();
        assert_eq!(
            json::to_json(&platform),
            br#"{"architecture":"arm64","os":"linux","os.version":"1","os.features":["b","a"],"variant":"v8"}"#
        );
    }
}
