//! The way of the file in steps: done, now, to do.

use crate::{
    components::{Glyph, Icon, Panel},
    model::{Origin, Run, Unpacking},
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
    let before = match &run.source.origin {
        Origin::File => Html::default(),
        Origin::Folder { files } => html! {
            <Step
                at={At::Done}
                what="Read the folder as one archive"
                how={human::counted(*files, "file")}
            />
        },
        Origin::Unpacked { format, size, took } => html! {
            <Step
                at={At::Done}
                what="Unpack"
                how={format!("{format}, {} inside", human::file_size(*size))}
                took={human::duration(took.as_secs_f64())}
            />
        },
    };
    html! {
        <Panel id="steps" title="Steps" padded=true>
            <ol class="steps">
                { before }
                <Step
                    at={At::Done}
                    what="Open the archive"
                    how={format!("{}, {images}", run.report.file.format.title())}
                    took={human::duration(run.total.opened_in)}
                />
                <Step
                    at={At::Now}
                    what="Read layers"
                    how="Index, check digests, read each zTOC back"
                    took={human::duration(run.total.elapsed)}
                />
                <Step at={At::ToDo} what="Write SOCI manifests" />
            </ol>
        </Panel>
    }
}

/// Props of [`UnpackingSteps`].
#[derive(PartialEq, Properties)]
pub struct UnpackingStepsProps {
    /// How far it is.
    pub unpacking: Unpacking,
}

/// The same steps while the first of them runs.
#[component]
pub fn UnpackingSteps(props: &UnpackingStepsProps) -> Html {
    let unpacking = &props.unpacking;
    html! {
        <Panel id="steps" title="Steps" padded=true>
            <ol class="steps">
                <Step
                    at={At::Now}
                    what="Unpack"
                    how={format!("{}, every checksum in it is checked", unpacking.format)}
                    took={human::duration(unpacking.elapsed)}
                />
                <Step at={At::ToDo} what="Open the archive" />
                <Step at={At::ToDo} what="Read layers" />
                <Step at={At::ToDo} what="Write SOCI manifests" />
            </ol>
        </Panel>
    }
}

/// How far a step is.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Done,
    Now,
    ToDo,
}

/// Props of [`Step`].
#[derive(PartialEq, Properties)]
struct StepProps {
    at: At,
    what: AttrValue,
    #[prop_or_default]
    how: AttrValue,
    #[prop_or_default]
    took: AttrValue,
}

#[component]
fn Step(props: &StepProps) -> Html {
    let (class, icon) = match props.at {
        At::Done => ("is-done", Icon::Check),
        At::Now => ("is-now", Icon::Spin),
        At::ToDo => ("is-todo", Icon::Dot),
    };
    html! {
        <li {class}>
            <Glyph {icon} />
            <span>
                { &props.what }
                if !props.how.is_empty() {
                    <br />
                    <span class="dim small">{ &props.how }</span>
                }
            </span>
            <span class="dim small">{ &props.took }</span>
        </li>
    }
}
