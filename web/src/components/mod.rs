//! The parts every view is made of. They know nothing of images or layers: words, numbers and
//! callbacks go in, markup comes out.
//!
//! The page runs under `style-src 'self'`, so nothing here sets a style: what varies goes through
//! classes, `<progress>` and SVG attributes. The style sheets in `web/styles` have one section per
//! component, under the same name.

mod announce;
mod bar;
mod button;
mod chip;
mod choice;
mod code;
mod command;
mod copy;
mod dialog;
pub mod dom;
mod facts;
mod field;
mod figures;
mod icon;
mod notice;
mod panel;
mod picker;
mod toast;
mod tone;
mod verdict;

pub use announce::{Announcer, LiveRegion, use_announcer};
pub use bar::{Composition, Paint, ProgressBar, Segment, SizeBar, Swatch};
pub use button::{Button, Emphasis, Size, button_classes};
pub use chip::Chip;
pub use choice::{Choice, Choices};
pub use code::{JsonView, line_id};
pub use command::Command;
pub use copy::CopyButton;
pub use dialog::Dialog;
pub use facts::Facts;
pub use field::{Field, Remark, Remarks, typed};
pub use figures::{Figure, Figures};
pub use icon::{Glyph, Icon, Sprite};
pub use notice::Notice;
pub use panel::Panel;
pub use picker::{FilePicker, pick_file, pick_folder};
pub use toast::ToastView;
pub use tone::Tone;
pub use verdict::Headline;
