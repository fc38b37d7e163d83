//! Bytes to scale. Solid = indexed, hatched = pulled whole; widths are shares of the bytes, as SVG
//! attributes, with no flattering minimum.

use yew::prelude::*;

/// `part` of `whole` as an SVG length.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "0%".to_owned() } else { format!("{:.4}%", part as f64 / whole as f64 * 100.0) }
}

/// How bytes are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Indexed: loaded when read.
    Solid,
    /// Not indexed: pulled before start.
    Hatched,
    /// Not read, so nobody knows.
    Unread,
    /// Broken.
    Broken,
}

impl Paint {
    fn class(self) -> &'static str {
        match self {
            Self::Solid => "f-acc",
            Self::Hatched => "f-hatch",
            Self::Unread => "f-wait",
            Self::Broken => "f-bad",
        }
    }
}

/// Props of [`Swatch`].
#[derive(PartialEq, Properties)]
pub struct SwatchProps {
    /// Class that paints it.
    pub class: &'static str,
}

/// The sample square in front of a legend's words.
#[component]
pub fn Swatch(props: &SwatchProps) -> Html {
    html! {
        <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
            <rect class={props.class} width="12" height="12" />
        </svg>
    }
}

/// Props of [`ProgressBar`].
#[derive(PartialEq, Properties)]
pub struct ProgressBarProps {
    /// Bytes read.
    pub read: u64,
    /// Bytes in all.
    pub total: u64,
    /// How they are drawn.
    pub paint: Paint,
    /// Where spans were found: positions in bytes, ascending.
    #[prop_or_default]
    pub marks: Vec<u64>,
    /// The bar in words.
    pub label: AttrValue,
}

/// How far one layer is, with the spans found so far drawn where they were found.
#[component]
pub fn ProgressBar(props: &ProgressBarProps) -> Html {
    html! {
        <svg class="strip strip--clip" width="100%" height="14" role="img" aria-label={props.label.clone()}>
            <rect class="f-rest" width="100%" height="14" />
            <rect class={props.paint.class()} width={percent(props.read, props.total)} height="14" />
            <g class="crisp">
                { for props.marks.iter().map(|mark| {
                    let x = percent(*mark, props.total);
                    html! { <line class="l-mark" x1={x.clone()} x2={x} y1="0" y2="14" /> }
                }) }
            </g>
        </svg>
    }
}

/// Props of [`SizeBar`].
#[derive(PartialEq, Properties)]
pub struct SizeBarProps {
    /// Compressed bytes.
    pub compressed: u64,
    /// Uncompressed bytes, when known.
    pub uncompressed: Option<u64>,
    /// Bytes of the full width.
    pub scale: u64,
    /// How the compressed part is drawn.
    pub paint: Paint,
}

/// Compressed within uncompressed, on the scale of all rows of a table. The numbers stand beside it.
#[component]
pub fn SizeBar(props: &SizeBarProps) -> Html {
    html! {
        <svg class="strip strip--clip" width="100%" height="8" aria-hidden="true" focusable="false">
            if let Some(uncompressed) = props.uncompressed {
                <rect class="f-line" width={percent(uncompressed, props.scale)} height="8" />
            }
            <rect class={props.paint.class()} width={percent(props.compressed, props.scale)} height="8" />
        </svg>
    }
}

/// One part of a [`Composition`].
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its bytes.
    pub bytes: u64,
    /// How they are drawn.
    pub paint: Paint,
    /// Its short name: the layer's number.
    pub name: AttrValue,
    /// Its size in words.
    pub size: AttrValue,
    /// What it is, shown where there is room.
    pub what: AttrValue,
}

/// Props of [`Composition`].
#[derive(PartialEq, Properties)]
pub struct CompositionProps {
    /// The parts, in order.
    pub segments: Vec<Segment>,
    /// The bar in words.
    pub label: AttrValue,
}

/// Share of the width from which a part has room for its number.
const ROOM_FOR_NAME: f64 = 0.03;
/// … and for its size: 24 % of the narrowest strip is 68 px,
const ROOM_FOR_SIZE: f64 = 0.24;
/// and so is this share of the strip where the window is not narrow.
const ROOM_FOR_SIZE_WHEN_WIDE: f64 = 0.1;
/// Width of the strip in the smallest window that counts as wide, and in it of number and size and
/// of a letter, in CSS pixels and in the widest of the fonts.
const WIDE: f64 = 1056.0;
const NAME_AND_SIZE: f64 = 80.0;
const LETTER: f64 = 7.2;
/// Fewer letters say nothing.
const FEWEST_LETTERS: usize = 8;

/// As much of `what` as a part with this share has room for.
fn fitted(what: &str, share: f64) -> Option<String> {
    let room = ((share * WIDE - NAME_AND_SIZE) / LETTER).max(0.0) as usize;
    if what.chars().count() <= room {
        return Some(what.to_owned());
    }
    if room < FEWEST_LETTERS {
        return None;
    }
    let cut: String = what.chars().take(room - 1).collect();
    // At the end of a word, unless that wastes the room.
    let words = cut.rfind(' ').and_then(|end| cut.get(..end)).filter(|words| words.len() > cut.len() / 2);
    Some(format!("{}…", words.unwrap_or(&cut)))
}

/// All bytes of an image, side by side.
#[component]
pub fn Composition(props: &CompositionProps) -> Html {
    let total: u64 = props.segments.iter().map(|segment| segment.bytes).sum();
    let mut start = 0_u64;
    let mut parts = Vec::new();
    let mut gaps = Vec::new();
    for segment in &props.segments {
        let (x, width) = (percent(start, total), percent(segment.bytes, total));
        let share = if total == 0 { 0.0 } else { segment.bytes as f64 / total as f64 };
        if start > 0 {
            gaps.push(html! { <rect class="f-surface" x={x.clone()} y="0" width="1.5" height="22" /> });
        }
        // A nested <svg> clips its text, so that a name never runs into the next one.
        parts.push(html! {
            <svg {x} {width} height="42">
                <title>{ format!("Layer {}: {}. {}", segment.name, segment.size, segment.what) }</title>
                <rect class={segment.paint.class()} width="100%" height="22" />
                if share >= ROOM_FOR_NAME {
                    <text x="0" y="37">
                        <tspan class="t-strong">{ &segment.name }</tspan>
                        if share >= ROOM_FOR_SIZE_WHEN_WIDE {
                            <tspan dx="6" class={(share < ROOM_FOR_SIZE).then_some("hide-narrow")}>
                                { &segment.size }
                            </tspan>
                        }
                        if let Some(what) = fitted(&segment.what, share) {
                            <tspan dx="6" class="only-wide">{ what }</tspan>
                        }
                    </text>
                }
            </svg>
        });
        start = start.saturating_add(segment.bytes);
    }
    html! {
        <svg class="strip" width="100%" height="42" role="img" aria-label={props.label.clone()}>
            { for parts }
            <g class="crisp">{ for gaps }</g>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::fitted;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_label_is_shown_as_far_as_it_fits_or_not_at_all() {
        assert_eq!(fitted("COPY app /srv", 1.0).as_deref(), Some("COPY app /srv"));
        assert_eq!(fitted("RUN pip install --no-cache-dir", 0.2).as_deref(), Some("RUN pip install…"));
        assert_eq!(fitted("COPY dir:4253caa6c17aa243 in /", 0.2).as_deref(), Some("COPY dir:4253caa6…"));
        assert_eq!(fitted("COPY app /srv", 0.1), None);
        assert_eq!(fitted("COPY app /srv", 0.0), None);
    }
}
