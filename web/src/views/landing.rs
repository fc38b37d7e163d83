//! The start page: usable in five seconds.

use crate::{
    components::{Button, Command, Emphasis, Glyph, Icon, Panel, Size, pick_file, pick_folder},
    model::{Action, Dispatch},
};
use yew::prelude::*;

/// Props of [`Landing`].
#[derive(PartialEq, Properties)]
pub struct LandingProps {
    /// Where actions go.
    pub dispatch: Dispatch,
}

/// The start page.
#[component]
pub fn Landing(props: &LandingProps) -> Html {
    let dispatch = &props.dispatch;
    html! {
        <div class="page page--narrow">
            <div class="lead">
                <h1 tabindex="-1">
                    { "See what SOCI lazy loading does to your image, and build its index here." }
                </h1>
                <p>
                    { "Drop a container image. Sociscope reads every layer in this tab, says which \
                       ones AWS Fargate can load lazily and why, and returns an archive you can push." }
                </p>
            </div>
            <div class="start">
                <section class="drop" aria-labelledby="drop">
                    <DropGlyph />
                    <h2 id="drop">{ "Drop an image anywhere on this page" }</h2>
                    <div class="row">
                        <Button
                            emphasis={Emphasis::Primary}
                            size={Size::Large}
                            onclick={Callback::from(|_| pick_file())}
                        >
                            { "Choose a file" }
                        </Button>
                        <Button size={Size::Large} onclick={Callback::from(|_| pick_folder())}>
                            { "Choose a folder" }
                        </Button>
                        <Button size={Size::Large} onclick={dispatch.reform(|_| Action::OpenSample)}>
                            { "Try the built-in sample" }
                        </Button>
                    </div>
                    <p class="muted small">
                        { "A tarball from docker buildx, docker save, podman, skopeo, buildah or crane, also \
                           compressed with gzip, zstd or xz; an OCI layout folder; one layer; several files \
                           at once. Files are read in pieces and never held in memory, so their size does \
                           not matter." }
                    </p>
                    <p class="small">
                        <button
                            class="link"
                            type="button"
                            onclick={dispatch.reform(|_| Action::SaveSampleTar)}
                        >
                            { "Save the sample as a tar" }
                        </button>
                        <span class="muted">{ " to try it with other tools" }</span>
                    </p>
                </section>
                <Outcomes />
            </div>
            <div class="start">
                <Tarballs />
                <Privacy />
            </div>
        </div>
    }
}

/// Twelve spans at rest and one that is read.
#[component]
fn DropGlyph() -> Html {
    html! {
        <svg class="drop__glyph" viewBox="0 0 136 48" aria-hidden="true" focusable="false">
            { for (0..13_u32).map(|span| {
                let x = (4 + span * 10).to_string();
                if span == 8 {
                    html! { <rect class="f-acc" {x} y="4" width="7" height="40" rx="1.5" /> }
                } else {
                    html! { <rect class="f-line" {x} y="10" width="7" height="28" rx="1.5" /> }
                }
            }) }
        </svg>
    }
}

#[component]
fn Outcomes() -> Html {
    const ALL: [(&str, &str); 4] = [
        (
            "image.soci.tar",
            "Your OCI archive with a SOCI v2 index inside, ready to push: the bytes that soci convert \
             --standalone writes.",
        ),
        ("image.layer-1.ztoc", "One zTOC per indexed layer, byte-identical to those of soci 0.15.0."),
        (
            "image.task-definition.json",
            "A Fargate task definition made from the image config, checked line by line.",
        ),
        ("image.report.json", "Every number on the page, as data with a schema."),
    ];
    html! {
        <Panel id="outcomes" title="What you get back">
            <ul class="outs">
                { for ALL.iter().map(|(name, what)| html! {
                    <li><span class="mono">{ *name }</span><p>{ *what }</p></li>
                }) }
            </ul>
        </Panel>
    }
}

#[component]
fn Tarballs() -> Html {
    html! {
        <Panel id="tarballs" title="Get a tarball" padded=true>
            <p class="muted">
                { "From a registry. Keeps the exact compressed bytes, so this is the best input." }
            </p>
            <Command
                text="skopeo copy --all docker://IMAGE oci-archive:image.tar"
                what="skopeo command"
            />
            <p class="muted">{ "From a build, without a daemon round trip." }</p>
            <Command
                text="docker buildx build --output type=oci,dest=image.tar ."
                what="buildx command"
            />
            <p class="muted">
                { "From the local Docker, of any version. Older ones and the classic store keep layers \
                   uncompressed; they can be made gzip here." }
            </p>
            <Command text="docker save IMAGE -o image.tar" what="docker save command" />
        </Panel>
    }
}

#[component]
fn Privacy() -> Html {
    html! {
        <Panel id="privacy" title="Nothing is uploaded" padded=true>
            <p class="row">
                <Glyph icon={Icon::Lock} class="c-ok" />
                <span>
                    { "There is no server: the page is a folder of static files, and its content security \
                       policy forbids connections to any other host." }
                </span>
            </p>
            <p>{ "Check it: open the network panel, or go offline now. Everything keeps working." }</p>
            <dl class="kv">
                <dt>{ "Content-Security-Policy" }</dt>
                <dd><code>{ "connect-src 'self'" }</code></dd>
                <dt>{ "Cookies, analytics" }</dt>
                <dd>{ "none" }</dd>
                <dt>{ "Kept after you close the tab" }</dt>
                <dd>
                    { "theme and shortcut switch; after a crash also the unpacked copy of a compressed file, \
                       which the next visit removes" }
                </dd>
            </dl>
        </Panel>
    }
}
