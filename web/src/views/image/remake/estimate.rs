//! What making layers gzip will probably give and take, in words that do not look measured.

use crate::views::words::{about, two_digits};
use sociscope_engine::{StoredAs, analysis::Remakable, human::Unit, remake};

/// How much longer this program takes in WebAssembly than natively, for which the engine's estimates
/// are. Measured in Chromium 150 on the machine where those were, at level 6.
const SLOWER: f64 = 2.0;

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
            let seconds = SLOWER * seconds(layer, level);
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

/// Seconds of one native core, not rounded up to whole ones: there may be a hundred small layers.
fn seconds(layer: &Remakable, level: u8) -> f64 {
    const MANY: u64 = 1 << 10;
    let many = |bytes: u64| bytes.saturating_mul(MANY);
    let from: StoredAs = layer.from;
    remake::estimate(many(layer.size), layer.uncompressed_size.map(many), from, level).seconds as f64
        / MANY as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use sociscope_engine::LayerId;
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
        assert_eq!(seconds(&four, 2), 2.0 * seconds(&one, 1));
        assert!(seconds(&[layer(1)], 1) < 1.0, "a small layer takes no whole second");
    }
}
