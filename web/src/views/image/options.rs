//! What to index, and how finely: soci's own options, with its defaults named.

use super::ImageProps;
use crate::{
    components::typed,
    model::{Action, Run},
};
use sociscope_engine::{Options, PlatformChoice, human, report::ImageKind};
use yew::prelude::*;

const MIB: u64 = 1 << 20;
/// Offered minimum layer sizes; the one in force is added when it is another.
const MIN_LAYER_SIZES: [u64; 6] = [0, MIB, 5 * MIB, Options::DEFAULT_MIN_LAYER_SIZE, 50 * MIB, 100 * MIB];
/// Offered span sizes, likewise.
const SPAN_SIZES: [u64; 5] = [256 << 10, MIB, 2 * MIB, Options::DEFAULT_SPAN_SIZE, 16 * MIB];

/// The options, in a line above the table.
#[component]
pub fn IndexOptions(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let options = &run.options;
    html! {
        <div class="options">
            <Sizes
                label="Smallest layer to index"
                offered={MIN_LAYER_SIZES.to_vec()}
                default={Options::DEFAULT_MIN_LAYER_SIZE}
                zero="No minimum"
                chosen={options.min_layer_size}
                onchoose={dispatch.reform(Action::SetMinLayerSize)}
            />
            <Sizes
                label="Span size"
                offered={SPAN_SIZES.to_vec()}
                default={Options::DEFAULT_SPAN_SIZE}
                zero="Every block"
                chosen={options.span_size}
                onchoose={dispatch.reform(Action::SetSpanSize)}
                price={Some(AttrValue::from(price(run)))}
            />
            <Platforms ..props.clone() />
        </div>
    }
}

/// What another span size costs.
fn price(run: &Run) -> String {
    let mut text = format!("reads {} again", human::size(run.total.total));
    if run.total.elapsed >= 1.0 && !run.cancelled {
        text.push_str(&format!(", about {}", human::duration(run.total.elapsed)));
    }
    text
}

/// Props of [`Sizes`].
#[derive(PartialEq, Properties)]
struct SizesProps {
    label: AttrValue,
    offered: Vec<u64>,
    default: u64,
    zero: AttrValue,
    chosen: u64,
    onchoose: Callback<u64>,
    #[prop_or_default]
    price: Option<AttrValue>,
}

#[component]
fn Sizes(props: &SizesProps) -> Html {
    let mut offered = props.offered.clone();
    if !offered.contains(&props.chosen) {
        offered.push(props.chosen);
        offered.sort_unstable();
    }
    let name = |size: u64| match size {
        0 => props.zero.to_string(),
        size if size == props.default => format!("{} (soci default)", human::setting(size)),
        size => human::setting(size),
    };
    let onchange = {
        let (onchoose, chosen) = (props.onchoose.clone(), props.chosen);
        Callback::from(move |event: Event| onchoose.emit(typed(&event).parse().unwrap_or(chosen)))
    };
    html! {
        <label class="option">
            <span>{ &props.label }</span>
            <select class="select select--sm" {onchange}>
                { for offered.iter().map(|size| html! {
                    <option value={size.to_string()} selected={*size == props.chosen}>{ name(*size) }</option>
                }) }
            </select>
            if let Some(price) = &props.price {
                <span class="dim">{ price }</span>
            }
        </label>
    }
}

/// Which platforms get an index, where there is a choice.
#[component]
fn Platforms(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let mut platforms: Vec<String> = Vec::new();
    for image in run.report.images.iter().filter(|image| image.kind == ImageKind::Image) {
        if !platforms.contains(&image.platform.name) {
            platforms.push(image.platform.name.clone());
        }
    }
    if platforms.len() < 2 {
        return Html::default();
    }
    let chosen = match &run.options.platforms {
        PlatformChoice::All => None,
        PlatformChoice::Listed(listed) => Some(listed.clone()),
    };
    let is_chosen =
        |platform: &String| chosen.as_ref().is_some_and(|listed| listed.as_slice() == [platform.clone()]);
    let onchange = dispatch.reform(|event: Event| {
        let platform = typed(&event);
        let choice =
            if platform.is_empty() { PlatformChoice::All } else { PlatformChoice::Listed(vec![platform]) };
        Action::SetPlatforms(choice)
    });
    html! {
        <label class="option">
            <span>{ "Platforms to index" }</span>
            <select class="select select--sm" {onchange}>
                <option value="" selected={chosen.is_none()}>{ format!("All {}", platforms.len()) }</option>
                { for platforms.iter().map(|platform| html! {
                    <option value={platform.clone()} selected={is_chosen(platform)}>
                        { format!("{platform} only") }
                    </option>
                }) }
            </select>
        </label>
    }
}
