//! The bottom bar: what was measured on the left, what left the tab on the right. Nothing did: the
//! page has no code that sends, and its content security policy allows none.

use crate::{
    components::{Glyph, Icon},
    model::{Run, Stage, State, View},
};
use sociscope_engine::human;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`StatusBar`].
#[derive(Properties)]
pub struct StatusBarProps {
    /// The whole state.
    pub state: Rc<State>,
}

impl PartialEq for StatusBarProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

/// The bottom bar.
#[component]
pub fn StatusBar(props: &StatusBarProps) -> Html {
    let state = &props.state;
    let left = match &state.stage {
        Stage::Empty => "zTOCs and archives match soci 0.15.0 byte for byte".to_owned(),
        Stage::Opening(_) | Stage::Unpacking(_) | Stage::Analysing(_) => {
            "Dropping another file cancels this analysis and replaces it".to_owned()
        }
        Stage::Ready(_) if state.view == View::TaskDefinition => format!(
            "Checked against {} rules. Runs on Fargate platform version 1.4.0 (LATEST).",
            sociscope_fargate::RULES.len()
        ),
        Stage::Ready(run) => measured(run),
        Stage::Ztoc(ztoc) if ztoc.is_busy() => {
            "Dropping another file cancels this comparison and replaces it".to_owned()
        }
        Stage::Ztoc(_) | Stage::Failed { .. } => "Nothing was changed: the file was only read".to_owned(),
    };
    html! {
        <footer class="statusbar">
            <span>{ left }</span>
            <span class="row end">
                <Glyph icon={Icon::Lock} />
                { "0 bytes sent. The file stays in this tab." }
            </span>
        </footer>
    }
}

fn measured(run: &Run) -> String {
    let total = &run.total;
    let how = if run.cancelled { "Cancelled after" } else { "Read in" };
    let mut text = format!("{how} {}", human::duration(total.elapsed));
    // Rates over a blink of an eye say nothing.
    if total.elapsed >= 0.5 && total.produced_rate > 0.0 {
        text.push_str(&format!(", {} uncompressed", human::rate(total.produced_rate)));
    }
    if total.workers > 0 {
        text.push_str(&format!(", {}", human::counted(total.workers as u64, "worker")));
    }
    text
}
