//! The bar of the current file: which one, which image in it, and the one thing to take away.

use super::words::image_name;
use crate::{
    components::{Button, Chip, Choice, Choices, CopyButton, Emphasis, Glyph, Icon, Tone, typed},
    model::{Action, Artifact, Dispatch, HandedIn, Offer, Origin, Run, ShownZtoc, Source, Stage, State},
};
use sociscope_engine::{human, report::ImageKind};
use std::rc::Rc;
use yew::prelude::*;

/// More images than this are chosen from a list.
const MOST_RADIOS: usize = 4;

/// Props of [`ContextBar`].
#[derive(Properties)]
pub struct ContextBarProps {
    /// The whole state.
    pub state: Rc<State>,
    /// Where actions go.
    pub dispatch: Dispatch,
}

impl PartialEq for ContextBarProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

/// The bar of the current file; nothing while there is none.
#[component]
pub fn ContextBar(props: &ContextBarProps) -> Html {
    let ContextBarProps { state, dispatch } = props;
    let Some(source) = state.stage.source() else { return Html::default() };
    let ready = match &state.stage {
        Stage::Ready(run) => Some(run),
        _ => None,
    };
    html! {
        <section class="ctxbar" aria-label="Current file">
            <FileName source={source.clone()} />
            if let Stage::Ztoc(ShownZtoc { layer: Some(layer), .. }) = &state.stage {
                <span class="muted">
                    { format!("with {}, {}", layer.name, human::file_size(layer.size)) }
                </span>
            }
            if state.handed_in.files.len() > 1 {
                <FileChoice handed_in={state.handed_in.clone()} dispatch={dispatch.clone()} />
            }
            if let Some(run) = state.stage.run() {
                <span class="sep" />
                <span class="muted">{ run.report.file.format.title() }</span>
                <ImageChoice run={run.clone()} dispatch={dispatch.clone()} />
            }
            if let Some(run) = ready {
                <Manifest run={run.clone()} />
                <MainDownload run={run.clone()} dispatch={dispatch.clone()} />
            }
            if state.stage.is_busy() {
                <Button class="end" onclick={dispatch.reform(|_| Action::Cancel)}>
                    { "Cancel" }<kbd class="only-wide">{ "Esc" }</kbd>
                </Button>
            }
        </section>
    }
}

/// Props of [`FileName`].
#[derive(PartialEq, Properties)]
struct FileNameProps {
    source: Source,
}

#[component]
fn FileName(props: &FileNameProps) -> Html {
    let source = &props.source;
    html! {
        <span class="row">
            <span class="ctxbar__file">{ &source.name }</span>
            <span class="muted nowrap">{ human::file_size(source.size) }</span>
            if source.is_sample {
                <Chip tone={Tone::Info}>{ "Sample" }</Chip>
            }
            { match &source.origin {
                Origin::File => Html::default(),
                Origin::Folder { files } => html! {
                    <Chip tone={Tone::Info}>{ format!("Folder, {}", human::counted(*files, "file")) }</Chip>
                },
                Origin::Unpacked { format, size, .. } => html! {
                    <Chip tone={Tone::Info}>
                        { format!("{format}, {} inside", human::file_size(*size)) }
                    </Chip>
                },
            } }
        </span>
    }
}

/// Props of [`FileChoice`].
#[derive(PartialEq, Properties)]
struct FileChoiceProps {
    handed_in: Rc<HandedIn>,
    dispatch: Dispatch,
}

/// The files that were handed in together, to go to another one of them.
#[component]
fn FileChoice(props: &FileChoiceProps) -> Html {
    let HandedIn { files, chosen } = &*props.handed_in;
    let onchange =
        props.dispatch.reform(|event: Event| Action::Choose(typed(&event).parse().unwrap_or_default()));
    html! {
        <label class="row nowrap">
            <span class="muted">{ format!("{} of {}", chosen + 1, files.len()) }</span>
            <select
                class="select select--sm ctxbar__files"
                aria-label="Files handed in together"
                {onchange}
            >
                { for files.iter().enumerate().map(|(index, (name, size))| html! {
                    <option value={index.to_string()} selected={index == *chosen}>
                        { format!("{name}, {}", human::file_size(*size)) }
                    </option>
                }) }
            </select>
        </label>
    }
}

/// Props of the parts that show a run.
#[derive(Properties)]
struct RunProps {
    run: Run,
    #[prop_or_default]
    dispatch: Dispatch,
}

impl PartialEq for RunProps {
    fn eq(&self, other: &Self) -> bool {
        self.run.report == other.run.report
            && self.run.shown_image == other.run.shown_image
            && self.run.offer == other.run.offer
    }
}

#[component]
fn ImageChoice(props: &RunProps) -> Html {
    let RunProps { run, dispatch } = props;
    let images: Vec<(usize, String)> = run
        .report
        .images
        .iter()
        .enumerate()
        .filter(|(_, image)| image.kind == ImageKind::Image)
        .map(|(index, image)| (index, image_name(&run.report, image)))
        .collect();
    let chosen = images.iter().position(|(index, _)| *index == run.shown_image);
    let indexes: Vec<usize> = images.iter().map(|(index, _)| *index).collect();
    let choose = dispatch
        .reform(move |position: usize| Action::ShowImage(indexes.get(position).copied().unwrap_or_default()));
    match images.as_slice() {
        [] => Html::default(),
        [(_, only)] => html! { <><span class="sep" /><span>{ only }</span></> },
        few if few.len() <= MOST_RADIOS => {
            let choices = few.iter().map(|(_, name)| Choice::text(name.clone())).collect::<Vec<_>>();
            html! {
                <Choices legend="Image" name="image" class="seg--sm" {choices} {chosen} onchoose={choose} />
            }
        }
        many => {
            let onchange = choose.reform(|event: Event| typed(&event).parse().unwrap_or_default());
            html! {
                <select class="select select--sm" aria-label="Image" {onchange}>
                    { for many.iter().enumerate().map(|(position, (_, name))| html! {
                        <option value={position.to_string()} selected={chosen == Some(position)}>{ name }</option>
                    }) }
                </select>
            }
        }
    }
}

#[component]
fn Manifest(props: &RunProps) -> Html {
    let run = &props.run;
    let digest = run.report.images.get(run.shown_image).and_then(|image| image.manifest.clone());
    let Some(digest) = digest else { return Html::default() };
    let short = human::short_digest(&digest).to_owned();
    html! {
        <span class="row muted only-wide">
            <span>{ "manifest " }<code title={digest.clone()}>{ short }</code></span>
            <CopyButton text={digest} what="manifest digest" />
        </span>
    }
}

#[component]
fn MainDownload(props: &RunProps) -> Html {
    let RunProps { run, dispatch } = props;
    let Offer::Archive { size, .. } = &run.offer else { return Html::default() };
    html! {
        <Button
            class="end"
            emphasis={Emphasis::Primary}
            title={run.file_name(&Artifact::SociArchive)}
            onclick={dispatch.reform(|_| Action::Save(Artifact::SociArchive))}
        >
            <Glyph icon={Icon::Save} />
            { "SOCI archive" }
            <span class="btn__note">{ human::file_size(*size) }</span>
        </Button>
    }
}
