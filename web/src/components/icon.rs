//! Icons: one sprite at the top of the page, drawn by reference everywhere else.
//!
//! An icon is never the only carrier of meaning: a word stands beside it, or a hidden label does.

use yew::prelude::*;

/// What an icon shows, named after what it means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Follow the system's colours.
    Auto,
    /// Light colours.
    Sun,
    /// Dark colours.
    Moon,
    /// Copy to the clipboard.
    Copy,
    /// Done, good.
    Check,
    /// Left out, on purpose.
    Dash,
    /// A warning.
    Warn,
    /// A problem that stops something.
    Stop,
    /// A note.
    Info,
    /// Something runs.
    Spin,
    /// Something waits for its turn.
    Wait,
    /// A step that has not begun.
    Dot,
    /// Stays here.
    Lock,
    /// Save to disk.
    Save,
    /// Close, remove.
    Cross,
    /// Add.
    Plus,
    /// Take the last change back.
    Undo,
    /// Again.
    Redo,
    /// A file to choose.
    Open,
}

impl Icon {
    const ALL: [Self; 19] = [
        Self::Auto,
        Self::Sun,
        Self::Moon,
        Self::Copy,
        Self::Check,
        Self::Dash,
        Self::Warn,
        Self::Stop,
        Self::Info,
        Self::Spin,
        Self::Wait,
        Self::Dot,
        Self::Lock,
        Self::Save,
        Self::Cross,
        Self::Plus,
        Self::Undo,
        Self::Redo,
        Self::Open,
    ];

    /// Id of the symbol in the sprite, and its outline on a 16 × 16 grid.
    fn drawing(self) -> (&'static str, &'static str) {
        match self {
            Self::Auto => (
                "i-auto",
                "M2.2 8a5.8 5.8 0 1 0 11.6 0a5.8 5.8 0 1 0-11.6 0M8 2.2v11.6M10.4 3.2v9.6M12.4 4.6v6.8",
            ),
            Self::Sun => (
                "i-sun",
                "M5.2 8a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0-5.6 0M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1",
            ),
            Self::Moon => ("i-moon", "M13.3 9.8A5.8 5.8 0 0 1 6.2 2.7a5.8 5.8 0 1 0 7.1 7.1z"),
            Self::Copy => ("i-copy", "M5.5 5.5h7.7v7.7H5.5zM10.5 5.5V2.8H2.8v7.7h2.7"),
            Self::Check => ("i-check", "m3 8.5 3.2 3.2L13 4.8"),
            Self::Dash => ("i-dash", "M4 8h8"),
            Self::Warn => ("i-warn", "M8 2.2 14.3 13.3H1.7zM8 6.4v3.1M8 11.4v.1"),
            Self::Stop => ("i-stop", "M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3zM8 4.8v4M8 11.1v.1"),
            Self::Info => ("i-info", "M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0-12.4 0M8 7.3v3.9M8 4.9v.1"),
            Self::Spin => ("i-spin", "M8 1.8A6.2 6.2 0 1 1 1.8 8"),
            Self::Wait => ("i-wait", "M2.4 8a5.6 5.6 0 1 0 11.2 0a5.6 5.6 0 1 0-11.2 0M8 4.8V8l2.2 1.4"),
            Self::Dot => ("i-dot", "M5.8 8a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0"),
            Self::Lock => ("i-lock", "M3.3 7.2h9.4v6.3H3.3zM5.2 7V5a2.8 2.8 0 0 1 5.6 0v2"),
            Self::Save => ("i-save", "M8 2.2v8M4.6 7 8 10.4 11.4 7M2.6 13.4h10.8"),
            Self::Cross => ("i-cross", "m4 4 8 8M12 4l-8 8"),
            Self::Plus => ("i-plus", "M8 3v10M3 8h10"),
            Self::Undo => ("i-undo", "M3 6.2h6.4a3.6 3.6 0 0 1 0 7.2H6M3 6.2l3-3M3 6.2l3 3"),
            Self::Redo => ("i-redo", "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3"),
            Self::Open => ("i-open", "M2 13V3.2h4.2l1.5 1.9H14V13z"),
        }
    }
}

/// The definitions that the rest of the page refers to: every icon, and the hatching of bytes
/// that are not indexed.
#[component]
pub fn Sprite() -> Html {
    html! {
        <svg class="sprite" aria-hidden="true" focusable="false">
            <defs>
                <pattern
                    id="hatch"
                    width="5"
                    height="5"
                    patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)"
                >
                    <rect width="5" height="5" class="hatch-bg" />
                    <path d="M0 0v5" class="hatch-fg" />
                </pattern>
                { for Icon::ALL.into_iter().map(|icon| {
                    let (id, outline) = icon.drawing();
                    html! { <symbol {id} viewBox="0 0 16 16"><path d={outline} /></symbol> }
                }) }
            </defs>
        </svg>
    }
}

/// Props of [`Glyph`].
#[derive(PartialEq, Properties)]
pub struct GlyphProps {
    /// Which icon.
    pub icon: Icon,
    /// Further classes.
    #[prop_or_default]
    pub class: Classes,
}

/// One icon, in the colour of the text around it.
#[component]
pub fn Glyph(props: &GlyphProps) -> Html {
    let (id, _) = props.icon.drawing();
    let turning = (props.icon == Icon::Spin).then_some("spin");
    html! {
        <svg
            class={classes!("i", turning, props.class.clone())}
            viewBox="0 0 16 16"
            aria-hidden="true"
            focusable="false"
        >
            <use href={format!("#{id}")} />
        </svg>
    }
}
