//! What can be taken away.

use super::ImageProps;
use crate::{
    components::{Button, Chip, Emphasis, Glyph, Icon, Panel, Size, Tone, button_classes},
    model::{Action, Artifact, Offer, View},
};
use sociscope_engine::{human, report};
use sociscope_fargate as fargate;
use yew::prelude::*;

/// The download panel.
#[component]
pub fn Downloads(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let save = |artifact: Artifact| dispatch.reform(move |_: MouseEvent| Action::Save(artifact.clone()));
    let is_offered = matches!(run.offer, Offer::Archive { .. });
    let size = fargate::Size { cpu: run.form.cpu, memory: run.form.memory };
    html! {
        <Panel id="downloads" title="Download">
            <ul class="files-out">
                <li>
                    <div class="cell2">
                        <span class="mono">{ run.file_name(&Artifact::SociArchive) }</span>
                        <span>{ archive(&run.offer) }</span>
                    </div>
                    if let Offer::Archive { .. } = run.offer {
                        <SaveButton name={run.file_name(&Artifact::SociArchive)} onclick={save(Artifact::SociArchive)} />
                    } else {
                        <Chip tone={Tone::Plain}>{ "None" }</Chip>
                    }
                </li>
                <li>
                    <div class="cell2">
                        <span class="mono">{ run.file_name(&Artifact::TaskDefinition) }</span>
                        <span>{ format!("Fargate, {size}") }</span>
                    </div>
                    <a class={button_classes(Emphasis::Normal, Size::Small)} href={View::TaskDefinition.hash()}>
                        { "Review" }<span class="vh">{ " the task definition" }</span>
                    </a>
                </li>
                <li>
                    <div class="cell2">
                        <span class="mono">{ run.file_name(&Artifact::Report) }</span>
                        <span>{ format!("Everything on this page, {}", report::SCHEMA) }</span>
                    </div>
                    <SaveButton name={run.file_name(&Artifact::Report)} onclick={save(Artifact::Report)} />
                </li>
                if let Some(conversion) = run.report.conversion.as_ref().filter(|_| is_offered) {
                    <li>
                        <div class="cell2">
                            <span class="mono">{ run.file_name(&Artifact::SociIndex) }</span>
                            <span>
                                { format!("The SOCI index alone, {}: goes beside the converted image", human::size(conversion.ztoc_bytes)) }
                            </span>
                        </div>
                        <SaveButton name={run.file_name(&Artifact::SociIndex)} onclick={save(Artifact::SociIndex)} />
                    </li>
                    <li>
                        <div class="cell2">
                            <span class="mono">{ run.file_name(&Artifact::LegacyIndex) }</span>
                            <span>
                                <b>{ "Legacy: " }</b>
                                { "SOCI index v1, for the image as it is. Fargate takes it only from accounts that used it before." }
                            </span>
                        </div>
                        <SaveButton name={run.file_name(&Artifact::LegacyIndex)} onclick={save(Artifact::LegacyIndex)} />
                    </li>
                }
                if run.source.is_sample {
                    <li>
                        <div class="cell2">
                            <span class="mono">{ &run.source.name }</span>
                            <span>{ format!("The sample itself, {}", human::file_size(run.source.size)) }</span>
                        </div>
                        <SaveButton
                            name={run.source.name.clone()}
                            onclick={dispatch.reform(|_| Action::SaveSampleTar)}
                        />
                    </li>
                }
            </ul>
        </Panel>
    }
}

fn archive(offer: &Offer) -> Html {
    match offer {
        Offer::Pending => html! { { "Layers are still being read" } },
        Offer::Locating => html! { { "The files to prefetch are being looked up" } },
        Offer::Archive { size, .. } => html! {
            { format!("OCI archive with SOCI v2 index, {}", human::file_size(*size)) }
        },
        Offer::Nothing(failure) => html! {
            <span class="row"><Glyph icon={Icon::Dash} />{ &failure.headline }</span>
        },
    }
}

/// Props of [`SaveButton`].
#[derive(PartialEq, Properties)]
struct SaveButtonProps {
    name: AttrValue,
    onclick: Callback<MouseEvent>,
}

#[component]
fn SaveButton(props: &SaveButtonProps) -> Html {
    html! {
        <Button
            icon={Icon::Save}
            size={Size::Small}
            label={format!(" {}", props.name)}
            onclick={props.onclick.clone()}
        >
            { "Save" }
        </Button>
    }
}
