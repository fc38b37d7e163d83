//! Layouts made by hand, and conversions of them with made-up zTOCs.

use sociscope_image::{Digest, Extent, Layout};
use sociscope_soci::{
    ArchivePlan, ConvertOptions, Converted, Decision, Descriptor, Error, Index, Manifest, Part,
    PlatformChoice, Selection, ZtocBlob, media_type,
};

pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A layout that grows.
#[derive(Clone, Default)]
pub struct Layouts {
    pub layout: Layout,
}

impl Layouts {
    /// Adds a document.
    pub fn document(&mut self, media_type: &str, text: &str) -> Descriptor {
        let bytes = text.as_bytes().to_vec();
        let descriptor = Descriptor::of(media_type, &bytes);
        let digest = Digest::of(&bytes);
        self.layout.blobs.insert(digest.clone(), self.extent(bytes.len() as u64));
        self.layout.documents.insert(digest, bytes);
        descriptor
    }

    /// Adds a layer of which only the name matters.
    pub fn layer(&mut self, name: &str, size: u64) -> Descriptor {
        let digest = Digest::of(name.as_bytes());
        self.layout.blobs.insert(digest.clone(), self.extent(size));
        Descriptor {
            media_type: GZIP.to_owned(),
            digest: digest.to_string(),
            size: size.cast_signed(),
            ..Descriptor::default()
        }
    }

    /// Adds an image: its config states `platform`, its layers are named.
    pub fn image(&mut self, platform: &str, layers: &[&str]) -> Descriptor {
        let layers = layers.iter().map(|name| self.layer(name, 1000)).collect();
        self.image_of(platform, layers)
    }

    /// Adds an image of layers that are there already.
    pub fn image_of(&mut self, platform: &str, layers: Vec<Descriptor>) -> Descriptor {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = self
            .document(media_type::OCI_CONFIG, &format!(r#"{{"os":"{os}","architecture":"{architecture}"}}"#));
        let manifest = Manifest { config, layers: Some(layers), ..Manifest::default() };
        self.document(media_type::OCI_MANIFEST, str::from_utf8(&manifest.to_json()).unwrap())
    }

    /// Adds a list of these.
    pub fn list(&mut self, manifests: Vec<Descriptor>) -> Descriptor {
        let index = Index { manifests: Some(manifests), ..Index::default() };
        self.document(media_type::OCI_INDEX, str::from_utf8(&index.to_json()).unwrap())
    }

    /// Makes `index.json` name these.
    pub fn top(&mut self, manifests: Vec<Descriptor>) -> &Layout {
        let index = Index { manifests: Some(manifests), ..Index::default() };
        self.layout.index_json = index.to_json();
        &self.layout
    }

    fn extent(&self, len: u64) -> Extent {
        Extent { offset: 512 * self.layout.blobs.len() as u64, len }
    }
}

/// The same descriptor, for a platform.
pub fn on(platform: &str, mut descriptor: Descriptor) -> Descriptor {
    descriptor.platform = Some(platform.parse().unwrap());
    descriptor
}

/// Everything is indexed, for these platforms.
pub fn options(platforms: PlatformChoice) -> ConvertOptions {
    ConvertOptions { min_layer_size: 0, platforms, ..ConvertOptions::default() }
}

pub fn listed(platforms: &[&str]) -> ConvertOptions {
    options(PlatformChoice::Listed(platforms.iter().map(|&text| text.to_owned()).collect()))
}

pub fn all() -> ConvertOptions {
    options(PlatformChoice::All)
}

/// Converts, with zTOCs that are named after their layers.
pub fn convert(layout: &Layout, options: &ConvertOptions) -> Result<Converted, Error> {
    let selection = Selection::new(layout, options)?;
    let ztocs = selection
        .wanted()
        .into_iter()
        .map(|wanted| {
            let digest = Digest::of(format!("zTOC of {}", wanted.digest).as_bytes());
            let ztoc = ZtocBlob { digest, size: 100, disables_xattrs: true, prefetch: vec![] };
            ((wanted.digest, wanted.compression), ztoc)
        })
        .collect();
    selection.finish(layout, &ztocs)
}

/// The decisions, platform by platform, layer by layer.
pub fn decisions(layout: &Layout, options: &ConvertOptions) -> Vec<Vec<Decision>> {
    let selection = Selection::new(layout, options).unwrap();
    let decisions = selection
        .platforms()
        .iter()
        .map(|platform| platform.layers.iter().map(|layer| layer.decision.clone()).collect());
    decisions.collect()
}

/// A document of the result.
pub fn document<'a>(converted: &'a Converted, digest: &str) -> &'a [u8] {
    let found = converted.documents.iter().find(|(known, _)| known.as_str() == digest);
    &found.unwrap_or_else(|| panic!("{digest} is not among the documents")).1
}

/// The image index of the result.
pub fn index(converted: &Converted) -> Index {
    Index::parse(document(converted, converted.image_index.as_str())).unwrap()
}

/// A manifest of the result.
pub fn manifest(converted: &Converted, descriptor: &Descriptor) -> Manifest {
    Manifest::parse(document(converted, &descriptor.digest)).unwrap()
}

/// The names of a finished archive's members with the offsets of their headers. Content that is
/// not literal is taken for zeros.
pub fn members(plan: &ArchivePlan) -> Vec<(u64, String)> {
    let mut bytes = Vec::new();
    for part in plan.parts() {
        match part {
            Part::Bytes(literal) => bytes.extend_from_slice(literal),
            Part::Source { .. } | Part::Ztoc { .. } => {
                bytes.resize(bytes.len() + usize::try_from(part.size()).unwrap(), 0);
            }
        }
    }
    assert_eq!(bytes.len() as u64, plan.size());
    let mut members = Vec::new();
    let mut offset = 0;
    while bytes[offset] != 0 {
        let text = |from: usize, len: usize| {
            let field = &bytes[offset + from..offset + from + len];
            let field = field.split(|&byte| byte == 0).next().unwrap();
            String::from_utf8(field.to_vec()).unwrap()
        };
        members.push((offset as u64, text(0, 100)));
        let size = usize::from_str_radix(&text(124, 12), 8).unwrap();
        offset += 512 + size.next_multiple_of(512);
    }
    assert_eq!(bytes[offset..], [0; 1024]);
    members
}
