//! The layers of the shown image: what each is, how it fares, and its zTOC.

use super::{ImageProps, headline::paint, options::IndexOptions};
use crate::{
    components::{Button, Chip, Emphasis, Icon, Panel, Size, SizeBar, Swatch},
    model::{Action, Artifact, Dispatch, RemakeState, Run},
    views::words::{made_by, marked, status},
};
use sociscope_engine::{
    human,
    report::{ImageReport, LayerReport, LayerStatus},
};
use yew::prelude::*;

/// The layer table.
///
/// Where it is narrow the rows become cards, and a table that is displayed otherwise is no table
/// to some browsers: the roles say that it still is one.
#[component]
pub fn Layers(props: &ImageProps) -> Html {
    let run = &props.run;
    let Some(image) = run.report.images.get(run.shown_image) else { return Html::default() };
    let scale = image.layers.iter().map(extent).max().unwrap_or_default();
    let head = html! {
        <ul class="legend end">
            <li><Swatch class="f-acc" />{ "compressed" }</li>
            <li><Swatch class="f-line" />{ "uncompressed" }</li>
        </ul>
    };
    html! {
        <Panel id="layers" title="Layers" {head}>
            <IndexOptions ..props.clone() />
            <table class="tbl layers" role="table">
                <caption class="vh">
                    { format!("Layers of {} with size, spans, zTOC and status", image.platform.name) }
                </caption>
                <colgroup>
                    <col class="c-n" /><col /><col class="c-size" /><col class="c-sp" /><col class="c-z" />
                    <col class="c-st" />
                </colgroup>
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">{ "#" }</th>
                        <th scope="col" role="columnheader">{ "Created by" }</th>
                        <th scope="col" role="columnheader">{ "Compressed / uncompressed" }</th>
                        <th scope="col" role="columnheader" class="num">{ "Spans" }</th>
                        <th scope="col" role="columnheader" class="num">{ "zTOC" }</th>
                        <th scope="col" role="columnheader">{ "Status" }</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    { for image.layers.iter().map(|layer| row(layer, scale, run, &props.dispatch)) }
                </tbody>
                if image.layers.len() > 1 {
                    { totals(image) }
                }
            </table>
        </Panel>
    }
}

/// Bytes of a layer's longer bar.
fn extent(layer: &LayerReport) -> u64 {
    uncompressed(layer).unwrap_or_default().max(layer.size)
}

fn uncompressed(layer: &LayerReport) -> Option<u64> {
    layer.scan.as_ref()?.uncompressed_size
}

fn row(layer: &LayerReport, scale: u64, run: &Run, dispatch: &Dispatch) -> Html {
    let scan = layer.scan.as_ref();
    let indexed = layer.status == LayerStatus::Indexed;
    let digest = layer.digest.as_ref().or(layer.diff_id.as_ref());
    let files = scan.and_then(|scan| scan.files);
    let spans = scan.and_then(|scan| scan.spans);
    let number = layer.position;
    html! {
        <tr role="row" key={layer.position}>
            <td role="cell"><span class={classes!("tag", indexed.then_some("tag--on"))}>{ number }</span></td>
            <td role="cell">
                <div class="cell2">
                    <span class="trunc" title={layer.created_by.clone()}>{ made_by(layer) }</span>
                    <span class="trunc">
                        if let Some(digest) = digest {
                            <code title={digest.clone()}>{ human::short_digest(digest).to_owned() }</code>
                            { " " }
                        }
                        if let Some(files) = files {
                            { human::counted(files, "file") }
                        }
                    </span>
                </div>
            </td>
            <td role="cell" class="x-size">
                <div class="stack stack--1">
                    <span class="small">
                        <b>{ human::size(layer.size) }</b>
                        if let Some(uncompressed) = uncompressed(layer).filter(|size| *size != layer.size) {
                            <span class="dim">
                                { format!(" / {}, {}", human::size(uncompressed), human::ratio(uncompressed, layer.size)) }
                            </span>
                        }
                    </span>
                    <SizeBar
                        compressed={layer.size}
                        uncompressed={uncompressed(layer)}
                        {scale}
                        paint={paint(layer.status)}
                    />
                </div>
            </td>
            <td role="cell" class="num x-sp">{ spans.map_or_else(|| none(layer), |spans| number_cell(spans, indexed)) }</td>
            <td role="cell" class="num x-z">
                if let Some(ztoc) = scan.and_then(|scan| scan.ztoc.as_ref()) {
                    <Button
                        class="zt"
                        icon={Icon::Save}
                        emphasis={Emphasis::Quiet}
                        size={Size::Small}
                        title={run.file_name(&Artifact::Ztoc(layer.id))}
                        label={format!(", save the zTOC of layer {number}")}
                        onclick={let id = layer.id; dispatch.reform(move |_| Action::Save(Artifact::Ztoc(id)))}
                    >
                        { human::size(ztoc.size) }
                    </Button>
                } else {
                    { none(layer) }
                }
            </td>
            <td role="cell" class="x-st">{ state(layer, run) }</td>
        </tr>
    }
}

/// There is none, or nobody knows yet.
fn none(layer: &LayerReport) -> Html {
    if layer.scan.is_none() && layer.failure().is_none() {
        html! { <span class="dim"><span aria-hidden="true">{ "–" }</span><span class="vh">{ "not read" }</span></span> }
    } else {
        html! { <span class="dim">{ "none" }</span> }
    }
}

/// A number that counts is strong; one of a layer that is pulled whole anyway is not.
fn number_cell(number: u64, counts: bool) -> Html {
    let class = if counts { None } else { Some("dim") };
    html! { <span {class}>{ human::count(number) }</span> }
}

fn state(layer: &LayerReport, run: &Run) -> Html {
    let (tone, icon, word) = status(layer.status);
    let failure = layer.failure();
    html! {
        <div class="stack stack--1">
            <span class="row row--wrap">
                <Chip {tone} {icon}>{ word }</Chip>
                { making(layer, run) }
            </span>
            if let Some(from) = &layer.made_from {
                <p>
                    { match from.compression.as_str() {
                        "none" => format!("Made gzip here, of {} uncompressed", human::size(from.size)),
                        kind => format!("Made gzip here, of {} {kind}", human::size(from.size)),
                    } }
                </p>
            }
            if let Some(failure) = failure {
                <p>{ marked(&failure.message) }</p>
            } else if let Some(reason) = &layer.reason {
                <p>{ marked(reason) }</p>
            }
        </div>
    }
}

/// How far it is, while it is made gzip.
fn making(layer: &LayerReport, run: &Run) -> Html {
    let state = run.remakable.iter().find(|remaking| remaking.layer.id == layer.id);
    let words = match state.map(|remaking| &remaking.state) {
        Some(RemakeState::Waiting) => "gzip: waiting".to_owned(),
        Some(RemakeState::Compressing { read, total, .. }) => {
            format!("gzip: {}", human::percent(*read, *total))
        }
        Some(RemakeState::Indexing { .. }) => "gzip: building the zTOC".to_owned(),
        _ => return Html::default(),
    };
    html! { <span class="small nowrap">{ words }</span> }
}

fn totals(image: &ImageReport) -> Html {
    let verdict = &image.verdict;
    let sizes = match verdict.uncompressed_bytes {
        Some(bytes) => format!("{} / {}", human::size(verdict.image_bytes), human::size(bytes)),
        None => human::size(verdict.image_bytes),
    };
    let mut what = human::counted(verdict.layers, "layer");
    if verdict.files > 0 {
        what.push_str(&format!(", {}", human::counted(verdict.files, "file")));
    }
    html! {
        <tfoot role="rowgroup">
            <tr role="row">
                <td role="cell" />
                <th scope="row" role="rowheader">{ what }</th>
                <td role="cell" class="x-size">{ sizes }</td>
                <td role="cell" class="num x-sp">{ human::count(verdict.spans) }</td>
                <td role="cell" class="num x-z">{ human::size(verdict.index_bytes) }</td>
                <td role="cell" class="x-st">
                    { format!("{} of {} indexed", verdict.indexed_layers, verdict.layers) }
                </td>
            </tr>
        </tfoot>
    }
}
