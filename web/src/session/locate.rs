//! The search of finished zTOCs for files to prefetch, by workers.
//!
//! ```text
//!  Analysis::unlocated() ─► zTOC from the store + paths ─► Request::Locate ─► record_located()
//! ```
//!
//! Layers that are read after the paths are known need none of this: they are searched on the way.

use std::collections::{BTreeMap, BTreeSet};

use sociscope_engine::LayerId;
use wasm_bindgen::JsValue;
use web_sys::Blob;
use yew::Callback;

use super::{
    crew::{Crew, Work},
    failures,
    pool::{Said, workers_here},
};
use crate::{
    model::Failure,
    worker::message::{Reply, Request},
};

/// One zTOC, and what is looked for in it.
pub struct Search {
    /// The layer it is of.
    pub layer: LayerId,
    /// Paths as soci cleans them.
    pub paths: Vec<String>,
    /// The zTOC.
    pub ztoc: Blob,
}

impl Work for Search {
    fn request(&self) -> (Request, JsValue) {
        (Request::Locate { paths: self.paths.clone() }, self.ztoc.clone().into())
    }
}

/// First and last span of each file that was found.
pub type Located = BTreeMap<String, Option<(u32, u32)>>;

/// All searches that go on.
#[derive(Default)]
pub struct Searches {
    crew: Option<Crew<Search>>,
    failure: Option<Failure>,
}

impl Searches {
    /// Whether any goes on.
    pub fn are_on(&self) -> bool {
        self.crew.is_some()
    }

    /// Why a search came to nothing. It is not tried again with the same paths.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Begins these, except in layers where a search goes on: whoever hears its end asks again.
    pub fn begin(&mut self, wanted: Vec<Search>, on: Callback<(usize, Said)>) {
        let busy: BTreeSet<LayerId> =
            self.crew.iter().flat_map(Crew::all).map(|(_, search)| search.layer).collect();
        for search in wanted.into_iter().filter(|search| !busy.contains(&search.layer)) {
            self.crew.get_or_insert_with(|| Crew::new(workers_here(), on.clone())).add(search);
        }
        self.end_if_done();
    }

    /// Takes in what a worker said; what it found, once it is through.
    pub fn heard(&mut self, seat: usize, said: Said) -> Option<(LayerId, Located)> {
        let crew = self.crew.as_mut()?;
        let (result, is_fit) = match said {
            Said::Reply(Reply::Located { result }, _) => (result.map_err(|f| failures::locating(&f)), true),
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => {
                (Err(failures::locating_broke(&message)), false)
            }
            Said::Reply(..) => return None,
        };
        let search = crew.next(seat, is_fit);
        self.end_if_done();
        match (result, search) {
            (Ok(located), Some(search)) => Some((search.layer, located)),
            (Ok(_), None) => None,
            (Err(failure), _) => {
                self.failure = Some(failure);
                None
            }
        }
    }

    /// Ends all of them, and forgets what failed: paths or zTOCs are others now.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes note that a search cannot even begin.
    pub fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    fn end_if_done(&mut self) {
        let Some(crew) = &mut self.crew else { return };
        if !crew.busy().is_empty() {
            return;
        }
        if !crew.stranded().is_empty() {
            self.failure = Some(failures::locating_broke("none could be started"));
        }
        self.crew = None;
    }
}
