//! Push, run, check: the commands, with the names of this file in them.

use super::ImageProps;
use crate::{
    components::{Command, Field, Panel},
    model::{Artifact, Offer, View},
    views::{task::uri_remarks, words::shell_word},
};
use sociscope_engine::human;
use sociscope_fargate::ecr::ImageUri;
use yew::prelude::*;

/// The steps after the download.
#[component]
pub fn Push(props: &ImageProps) -> Html {
    let ImageProps { run, editor, .. } = props;
    let Offer::Archive { image_index, .. } = &run.offer else { return Html::default() };
    let uri = &run.form.image_uri;
    let parsed = ImageUri::parse(uri).ok();
    let archive = shell_word(&run.file_name(&Artifact::SociArchive));
    // The archive carries no tag, so its one image is named by its digest.
    let push = format!("oras cp -r --from-oci-layout {archive}@{image_index} \\\n  {}", shell_word(uri));
    html! {
        <Panel id="push" title="Push, run, check">
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
                    </div>
                </li>
                <li>
                    <div>
                        <span>{ "Sign in and push. All digests are kept." }</span>
                        if let Some(uri) = &parsed {
                            <Command text={sign_in(uri)} what="sign-in command" />
                        }
                        <Command text={push} what="push command" />
                    </div>
                </li>
                <li>
                    <div>
                        <span>
                            { "Run it with the " }
                            <a href={View::TaskDefinition.hash()}>{ "task definition" }</a>
                            { ". There is no SOCI switch to set; the image reference is enough." }
                        </span>
                        { digests(props) }
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

fn sign_in(uri: &ImageUri) -> String {
    let text = uri.to_string();
    let host = text.split('/').next().unwrap_or_default();
    format!(
        "aws ecr get-login-password --region {} | \\\n  oras login --username AWS --password-stdin {host}",
        uri.region
    )
}

/// Which digests change, and which do not.
fn digests(props: &ImageProps) -> Html {
    let image = props.run.report.images.get(props.run.shown_image);
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
