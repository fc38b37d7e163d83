//! How much ephemeral storage a task needs for its image.
//!
//! Fargate keeps both the pulled, compressed layers and their unpacked contents on the task's
//! ephemeral storage. 20 GiB come with platform version 1.4.0 at no charge; 21 to 200 GiB can be
//! asked for. How lazy loading changes this is not documented, and the background download ends
//! with the whole image anyway, so the sizes are counted as if it were not there.

use serde::{Deserialize, Serialize};

/// One gibibyte.
const GIB: u64 = 1 << 30;
/// GiB that come at no charge.
pub const INCLUDED_GIB: u32 = 20;
/// The smallest amount that can be asked for.
pub const LEAST_GIB: u32 = 21;
/// The largest.
pub const MOST_GIB: u32 = 200;

/// The layers of one image, in bytes, each layer counted once.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSizes {
    /// As stored and pulled.
    pub compressed: u64,
    /// Unpacked.
    pub uncompressed: u64,
}

/// What to write into `ephemeralStorage`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Leave it out: the included 20 GiB are enough.
    Included,
    /// Ask for this many GiB, 21–200.
    Ask(u32),
    /// More than a task can have: EFS or EBS has to hold part of it.
    TooLarge,
}

impl ImageSizes {
    /// Bytes on the ephemeral storage: both forms of the layers, and a tenth of that in reserve.
    /// What the application writes comes on top and is not known here.
    #[must_use]
    pub fn need(self) -> u64 {
        let both = self.compressed.saturating_add(self.uncompressed);
        both.saturating_add(both / 10)
    }

    /// The setting that holds [`need`](Self::need).
    #[must_use]
    pub fn storage(self) -> Storage {
        match u32::try_from(self.need().div_ceil(GIB)) {
            Ok(gib) if gib <= INCLUDED_GIB => Storage::Included,
            Ok(gib) if gib <= MOST_GIB => Storage::Ask(gib.max(LEAST_GIB)),
            _ => Storage::TooLarge,
        }
    }
}

/// `bytes` in words: three significant digits and the binary unit.
pub(crate) fn human(bytes: u64) -> String {
    let (unit, name) = match bytes {
        b if b >= 2 * GIB => (GIB, "GiB"),
        b if b >= 1 << 20 => (1 << 20, "MiB"),
        b if b >= 1 << 10 => (1 << 10, "KiB"),
        _ => return format!("{bytes} bytes"),
    };
    // Whole numbers in u128: no float, no overflow. Rounded to the last digit shown.
    let rounded = |parts: u128| (u128::from(bytes) * parts + u128::from(unit) / 2) / u128::from(unit);
    match rounded(100) {
        hundredths @ 0..=999 => format!("{}.{:02} {name}", hundredths / 100, hundredths % 100),
        1000..=9999 => format!("{}.{} {name}", rounded(10) / 10, rounded(10) % 10),
        _ => format!("{} {name}", rounded(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_follows_the_need() {
        // 18 GiB and a tenth fit into 20; 19 do not.
        for (gib, wanted) in [
            (0, Storage::Included),
            (18, Storage::Included),
            (19, Storage::Ask(21)),
            (100, Storage::Ask(110)),
            (181, Storage::Ask(200)),
            (182, Storage::TooLarge),
            (u64::MAX / GIB, Storage::TooLarge),
        ] {
            let sizes = ImageSizes { compressed: gib * GIB / 3, uncompressed: gib * GIB - gib * GIB / 3 };
            assert_eq!(sizes.storage(), wanted, "{gib} GiB");
        }
        assert_eq!(ImageSizes { compressed: u64::MAX, uncompressed: u64::MAX }.storage(), Storage::TooLarge);
    }

    #[test]
    fn sizes_read_in_binary_units() {
        for (bytes, text) in [
            (12, "12 bytes"),
            (3 << 10, "3.00 KiB"),
            (26_900 << 10, "26.3 MiB"),
            (250 << 20, "250 MiB"),
            (2047 << 20, "2047 MiB"),
            (4_713_726_003, "4.39 GiB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
