//! The finished analysis: will it load lazily, why, and what to do now.

mod downloads;
mod headline;
mod layers;
mod options;
mod push;
mod remake;
mod verify;

use self::{
    downloads::Downloads, headline::ImageHeadline, layers::Layers, push::Push, remake::Remake, verify::Verify,
};
use super::{findings::Findings, task::Editor};
use crate::model::{Dispatch, Offer, Run};
use yew::prelude::*;

/// Props of the parts of the image view.
#[derive(Clone, Properties)]
pub struct ImageProps {
    /// The analysis.
    pub run: Run,
    /// Where actions go.
    pub dispatch: Dispatch,
    /// Changes the task definition: the image URI stands in both views.
    pub editor: Editor,
}

impl PartialEq for ImageProps {
    fn eq(&self, other: &Self) -> bool {
        self.run.report == other.run.report
            && self.run.form == other.run.form
            && self.run.offer == other.run.offer
            && self.run.options == other.run.options
            && self.run.shown_image == other.run.shown_image
            && self.run.verification == other.run.verification
            && self.run.remakable == other.run.remakable
            && self.run.cancelled == other.run.cancelled
    }
}

/// The image view.
#[component]
pub fn ImageView(props: &ImageProps) -> Html {
    let run = &props.run;
    let pushable = matches!(run.offer, Offer::Archive { .. });
    html! {
        <div class="page">
            <ImageHeadline ..props.clone() />
            <div class="result">
                <div class="stack stack--4">
                    <Layers ..props.clone() />
                    <Verify ..props.clone() />
                    <Remake ..props.clone() />
                    if pushable {
                        <Push ..props.clone() />
                    }
                </div>
                <div class="stack stack--4">
                    <Downloads ..props.clone() />
                    <Findings report={run.report.clone()} title="Findings" empty="Nothing to point out." image={run.shown_image} />
                </div>
            </div>
        </div>
    }
}
