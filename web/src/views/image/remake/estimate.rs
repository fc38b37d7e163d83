//! What making layers gzip will probably give and take, in words that do not look measured.

use crate::views::words::{about, two_digits};
use sociscope_engine::{analysis::Remakable, human::Unit, remake};

/// Bytes of content per second for what WebAssembly takes longer than a native program, for which the
/// engine's estimates are: hashing without the processor's instructions, and reading the new layer for
/// its zTOC. Processor time of a release build in Chromium 156 less that of a native one, both of two
/// tars of 60 MB at levels 1, 6 and 9: 0.43 to 0.89 s, whatever the level.
const BESIDE_COMPRESSING: f64 = 90e6;
/// Bytes of content behind one of a zstd layer, where the file does not say.
const UNPACKED: u64 = 3;

/// An estimate for several layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Bytes of each as gzip.
    pub sizes: Vec<u64>,
    seconds: f64,
}

impl Estimate {
    /// For these, done by up to `cores` at a time.
    pub fn of<'a>(layers: impl Iterator<Item = &'a Remakable>, level: u8, cores: usize) -> Self {
        let (mut sizes, mut whole, mut longest) = (Vec::new(), 0.0, 0.0_f64);
        for layer in layers {
            let size = remake::estimate(layer.size, layer.uncompressed_size, layer.from, level).size;
            let seconds = seconds(layer, level);
            sizes.push(size);
            whole += seconds;
            longest = longest.max(seconds);
        }
        // One layer is compressed by one worker.
        Self { sizes, seconds: longest.max(whole / cores.max(1) as f64) }
    }

    /// "about 480 MiB"
    pub fn size(&self) -> String {
        let bytes = self.sizes.iter().fold(0_u64, |sum, size| sum.saturating_add(*size));
        let unit = Unit::of(bytes);
        format!("about {} {}", two_digits(bytes as f64 / unit.bytes() as f64), unit.symbol())
    }

    /// "about 40 s"
    pub fn duration(&self) -> String {
        about(self.seconds)
    }
}

/// Seconds of one core, not rounded up to whole ones: there may be a hundred small layers.
fn seconds(layer: &Remakable, level: u8) -> f64 {
    const MANY: u64 = 1 << 10;
    let many = |bytes: u64| bytes.saturating_mul(MANY);
    let uncompressed = layer.uncompressed_size.map(many);
    let native = remake::estimate(many(layer.size), uncompressed, layer.from, level).seconds;
    let content = layer.uncompressed_size.unwrap_or_else(|| layer.size.saturating_mul(UNPACKED));
    native as f64 / MANY as f64 + content as f64 / BESIDE_COMPRESSING
}

#[cfg(test)]
mod tests {
    use super::*;
    use sociscope_engine::{LayerId, StoredAs};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn layer(mib: u64) -> Remakable {
        Remakable {
            id: LayerId(0),
            from: StoredAs::Uncompressed,
            size: mib << 20,
            uncompressed_size: Some(mib << 20),
            is_needed: false,
            made: None,
        }
    }

    #[test]
    fn layers_share_the_cores_but_one_layer_does_not() {
        let seconds = |layers: &[Remakable], cores| Estimate::of(layers.iter(), 6, cores).seconds;
        let (one, four) = ([layer(1024)], [layer(1024), layer(1024), layer(1024), layer(1024)]);
        assert_eq!(seconds(&one, 4), seconds(&one, 1));
        assert_eq!(seconds(&four, 4), seconds(&one, 1));
        assert!((seconds(&four, 2) - 2.0 * seconds(&one, 1)).abs() < 1e-6);
        assert!(seconds(&[layer(1)], 1) < 1.0, "a small layer takes no whole second");
    }
}
