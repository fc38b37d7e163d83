//! The way of the file in steps: done, now, to do.

use crate::{
    components::{Glyph, Icon, Panel},
    model::Run,
};
use sociscope_engine::human;
use yew::prelude::*;

/// Props of [`Steps`].
#[derive(Properties)]
pub struct StepsProps {
    /// The analysis.
    pub run: Run,
}

impl PartialEq for StepsProps {
    fn eq(&self, other: &Self) -> bool {
        self.run.total == other.run.total
    }
}

/// The steps of an analysis that runs.
#[component]
pub fn Steps(props: &StepsProps) -> Html {
    let run = &props.run;
    let images = human::counted(run.report.images.len() as u64, "manifest");
    html! {
        <Panel id="steps" title="Steps" padded=true>
            <ol class="steps">
                <li class="is-done">
                    <Glyph icon={Icon::Check} />
                    <span>
                        { "Open the archive" }<br />
                        <span class="dim small">{ format!("{}, {images}", run.report.file.format.title()) }</span>
                    </span>
                    <span class="dim small">{ human::duration(run.total.opened_in) }</span>
                </li>
                <li class="is-now">
                    <Glyph icon={Icon::Spin} />
                    <span>
                        { "Read layers" }<br />
                        <span class="dim small">{ "Index, check digests, read each zTOC back" }</span>
                    </span>
                    <span class="dim small">{ human::duration(run.total.elapsed) }</span>
                </li>
                <li class="is-todo">
                    <Glyph icon={Icon::Dot} />
                    <span>{ "Write SOCI manifests" }</span>
                    <span />
                </li>
            </ol>
        </Panel>
    }
}
