//! How good or bad something is, in one vocabulary for chips, verdicts, notices and code lines.

use super::Icon;

/// A tone: always shown with its icon and with words, never by colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to say about it.
    #[default]
    Plain,
    /// Good.
    Ok,
    /// A note.
    Info,
    /// Something to think about.
    Warn,
    /// Something that stops you.
    Bad,
    /// Under way.
    Busy,
}

impl Tone {
    /// The icon of this tone.
    pub fn icon(self) -> Icon {
        match self {
            Self::Plain => Icon::Dash,
            Self::Ok => Icon::Check,
            Self::Info => Icon::Info,
            Self::Warn => Icon::Warn,
            Self::Bad => Icon::Stop,
            Self::Busy => Icon::Spin,
        }
    }

    /// The word of this tone, for ears.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "Left out",
            Self::Ok => "Good",
            Self::Info => "Note",
            Self::Warn => "Warning",
            Self::Bad => "Error",
            Self::Busy => "Running",
        }
    }

    /// The class that gives text this tone's colour.
    pub fn text_class(self) -> &'static str {
        match self {
            Self::Plain => "dim",
            Self::Ok => "c-ok",
            Self::Info | Self::Busy => "c-acc",
            Self::Warn => "c-warn",
            Self::Bad => "c-bad",
        }
    }

    /// The modifier of a component's class: `chip` becomes `chip--warn`.
    pub fn modifier(self, component: &str) -> Option<String> {
        let suffix = match self {
            Self::Plain => return None,
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Busy => "acc",
        };
        Some(format!("{component}--{suffix}"))
    }
}
