//! The two codes that a block's symbols are written in: one for literals and lengths, one for distances.

use crate::alphabet::{FIXED_DISTANCES, FIXED_LITERAL_LENGTHS};
use crate::error::CodeFault;
use crate::table::{
    BadCode, DISTANCE_MEANINGS, DistanceTable, Incomplete, LITERAL_LENGTH_MEANINGS, LiteralLengthTable,
};

/// Both decode tables, side by side so that one pointer reaches them.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) literal_length: LiteralLengthTable,
    pub(crate) distance: DistanceTable,
    /// The fixed codes are loaded: a run of fixed blocks builds them once.
    are_fixed: bool,
}

impl Codes {
    pub(crate) const fn new() -> Self {
        Self { literal_length: LiteralLengthTable::new(), distance: DistanceTable::new(), are_fixed: false }
    }

    pub(crate) fn load_fixed(&mut self) {
        if !self.are_fixed {
            let loaded = self.load(&FIXED_LITERAL_LENGTHS, &FIXED_DISTANCES);
            debug_assert_eq!(loaded, Ok(()));
            self.are_fixed = true;
        }
    }

    pub(crate) fn load_dynamic(&mut self, literal_lengths: &[u8], distances: &[u8]) -> Result<(), CodeFault> {
        self.are_fixed = false;
        self.load(literal_lengths, distances)
    }

    fn load(&mut self, literal_lengths: &[u8], distances: &[u8]) -> Result<(), CodeFault> {
        self.literal_length
            .load(literal_lengths, &LITERAL_LENGTH_MEANINGS, Incomplete::SingleBitAccepted)
            .map_err(|BadCode| CodeFault::LiteralLengthCode)?;
        self.distance
            .load(distances, &DISTANCE_MEANINGS, Incomplete::SingleBitAccepted)
            .map_err(|BadCode| CodeFault::DistanceCode)
    }
}
