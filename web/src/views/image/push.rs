//! Push, check, run: the commands, with the names of this file in them.

use super::ImageProps;
use crate::{
    components::{Choice, Choices, Command, CopyButton, Field, Panel},
    model::{Artifact, Offer, Run, View},
    views::{task::uri_remarks, words::marked},
};
use sociscope_engine::{
    human,
    push::{Check, Guide, Pushed, Way, Wrong},
};
use yew::prelude::*;

/// The steps after the download.
#[component]
pub fn Push(props: &ImageProps) -> Html {
    let ImageProps { run, editor, .. } = props;
    let uri = &run.form.image_uri;
    let Some(guide) = guide(run, uri) else { return Html::default() };
    let all = html! {
        <span class="end"><CopyButton text={guide.script()} what="steps as a script" words="Copy as a script" /></span>
    };
    html! {
        <Panel id="push" title="Push, check, run" head={all}>
            <ol class="todo">
                <li>
                    <div>
                        <span>
                            { "Say where it goes: a private ECR repository. Fargate looks for indexes only there." }
                        </span>
                        <Field
                            id="push-uri"
                            label="Image URI after the push"
                            mono=true
                            value={uri.clone()}
                            remarks={uri_remarks(uri)}
                            oninput={editor.on("uri", |form, uri| form.image_uri = uri)}
                        />
                        if let Some(variables) = &guide.variables {
                            <span class="muted">
                                { "The account above is an example. These variables take yours:" }
                            </span>
                            <Command text={variables.clone()} what="variables" />
                        }
                        if let Some(repository) = &guide.repository {
                            <details class="more">
                                <summary>{ "The repository does not exist yet" }</summary>
                                <Command text={repository.clone()} what="command that makes the repository" />
                            </details>
                        }
                    </div>
                </li>
                <li><Pushing ways={guide.ways.clone()} wrong={guide.wrong} /></li>
                <li>
                    <div>
                        <span>{ "Look at what the registry has." }</span>
                        { for guide.checks.iter().enumerate().map(|(index, check)| proof(index == 0, check)) }
                    </div>
                </li>
                <li>
                    <div>
                        <span>
                            { "Run it with the " }
                            <a href={View::TaskDefinition.hash()}>{ "task definition" }</a>
                            { ". There is no SOCI switch to set; the image reference is enough." }
                        </span>
                        { digests(run) }
                    </div>
                </li>
                <li>
                    <div>
                        <span>
                            { "Check inside the task. It must print " }<code>{ "soci" }</code>
                            { ", not " }<code>{ "overlayfs" }</code>{ "." }
                        </span>
                        <Command
                            text="curl -s \"$ECS_CONTAINER_METADATA_URI_V4\" | jq -r .Snapshotter"
                            what="check command"
                        />
                    </div>
                </li>
            </ol>
        </Panel>
    }
}

fn guide(run: &Run, uri: &str) -> Option<Guide> {
    let Offer::Archive { .. } = run.offer else { return None };
    let archive = run.file_name(&Artifact::SociArchive);
    let pushed = Pushed {
        archive: &archive,
        tag: run.options.tag.as_deref(),
        conversion: run.report.conversion.as_ref()?,
    };
    Some(Guide::new(&pushed, uri))
}

/// Props of [`Pushing`].
#[derive(PartialEq, Properties)]
struct PushingProps {
    ways: Vec<Way>,
    wrong: &'static [Wrong],
}

/// The push itself, with the tool the reader has.
#[component]
fn Pushing(props: &PushingProps) -> Html {
    let chosen = use_state_eq(|| 0_usize);
    let choices: Vec<Choice> = props.ways.iter().map(|way| Choice::text(way.tool)).collect();
    let onchoose = {
        let chosen = chosen.setter();
        Callback::from(move |tool| chosen.set(tool))
    };
    let Some(way) = props.ways.get(*chosen) else { return Html::default() };
    html! {
        <div>
            <div class="row row--wrap">
                <span>{ "Sign in and push, with" }</span>
                <Choices
                    legend="Tool to push with"
                    name="push-tool"
                    class="seg--sm"
                    {choices}
                    chosen={Some(*chosen)}
                    {onchoose}
                />
            </div>
            <span class="muted">{ marked(way.why) }</span>
            if let Some(sign_in) = &way.sign_in {
                <Command text={sign_in.clone()} what="sign-in command" />
            }
            <Command text={way.push.clone()} what="push command" />
            <details class="more">
                <summary>{ "What not to push with" }</summary>
                <dl class="wrong">
                    { for props.wrong.iter().map(|wrong| html! {
                        <><dt><code>{ wrong.what }</code></dt><dd>{ marked(wrong.why) }</dd></>
                    }) }
                </dl>
            </details>
        </div>
    }
}

/// A check, and what it must show. The first one is about the digest of the whole.
fn proof(of_whole: bool, check: &Check) -> Html {
    let expect = if of_whole { "Digest to expect" } else { "It must print" };
    html! {
        <div class="proof">
            <span class="muted">{ marked(&check.what) }</span>
            <Command text={check.command.clone()} what="check command" />
            { for check.expected.iter().map(|(name, value)| html! {
                <div class="expected">
                    <span class="muted">
                        { if name.is_empty() { expect.to_owned() } else { name.clone() } }
                    </span>
                    <code>{ value }</code>
                    <CopyButton text={value.clone()} what={expected_name(value)} />
                </div>
            }) }
        </div>
    }
}

fn expected_name(value: &str) -> &'static str {
    if value.starts_with("sha256:") { "expected digest" } else { "expected text" }
}

/// Which digests change, and which do not.
fn digests(run: &Run) -> Html {
    let image = run.report.images.get(run.shown_image);
    let Some((old, new)) = image.and_then(|image| image.manifest.as_ref().zip(image.new_manifest.as_ref()))
    else {
        return Html::default();
    };
    html! {
        <span class="muted">
            { "The manifest gets an annotation and with it another digest: " }
            <code title={old.clone()}>{ human::short_digest(old).to_owned() }</code>
            { " becomes " }
            <code title={new.clone()}>{ human::short_digest(new).to_owned() }</code>
            { ". Layer digests stay. A service that pins the old digest never loads lazily." }
        </span>
    }
}
