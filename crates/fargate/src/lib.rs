//! ECS task definitions for images that load lazily on Fargate: built from an image's config,
//! judged by rules, written as text whose lines are known.
//!
//! ```text
//!   image config ─┐
//!   layer sizes  ─┴► Form ──► TaskDefinition ──► Pretty { text, lines }
//!                     ▲            │                        │
//!                a person          ▼                        ▼
//!                            plain JSON ──► check ──► Diagnostic { rule, path, message, fix }
//!   pasted text ────────────────▲                           │
//!                               └───────── apply ◄──────────┘
//! ```
//!
//! There is no switch for SOCI in a task definition. Fargate looks for the index itself, and
//! finds it when all of this holds: Linux, platform version 1.4.0 (a matter of the service, not
//! of the definition), the image in a *private* ECR repository with the index beside it, and the
//! URI naming the *converted* image, by tag or by the digest of its image index. So this crate
//! makes a definition that Fargate accepts, and says where it would stand in SOCI's way.
//!
//! ```
//! use serde_json::json;
//! use sociscope_fargate::{Context, Form, ImageSizes, Severity, apply, build, check, to_pretty};
//! use sociscope_image::config::ImageConfig;
//!
//! let image: ImageConfig = serde_json::from_value(json!({
//!     "os": "linux", "architecture": "arm64",
//!     "config": { "Cmd": ["serve"], "ExposedPorts": { "8080/tcp": {} } },
//! }))?;
//! let sizes = ImageSizes { compressed: 900 << 20, uncompressed: 2 << 30 };
//!
//! let mut form = Form::from_image(&image, sizes)?;
//! form.image_uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:7-soci".to_owned();
//! form.memory = 1000; // Fargate has no such size.
//!
//! let definition = build(&form, &image);
//! let mut document = definition.to_value();
//! let context = Context { image: Some(&image), form: Some(&form), ..Context::default() };
//! let found = check(&document, &context);
//!
//! let first = &found[0];
//! assert_eq!((first.rule.id, first.severity), ("FG006", Severity::Error));
//! assert_eq!(to_pretty(&definition).line(&first.path), 6);
//!
//! let fix = first.fix.as_ref().expect("the next size up");
//! apply(&fix.patch, &mut document)?;
//! assert!(check(&document, &context).iter().all(|d| d.severity < Severity::Error));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to go next: [`RULES`] is everything that is checked; [`Form`] is everything that can be
//! chosen; [`from_image`](Form::from_image) says what is taken from an image and what is not.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod api;
mod build;
pub mod container;
mod context;
pub mod definition;
mod diagnostic;
pub mod ecr;
mod edit;
pub mod form;
mod from_image;
pub mod health;
pub mod platform;
mod pointer;
pub mod ports;
mod pretty;
pub mod roles;
mod rules;
pub mod secret;
mod shape;
pub mod size;
pub mod storage;
mod subject;

pub use build::build;
pub use context::{Context, SociFacts, StartReads};
pub use definition::TaskDefinition;
pub use diagnostic::{Diagnostic, Evidence, Fix, Severity, UNVERIFIED};
pub use edit::{Edit, NoSuchPlace, apply};
pub use form::{Form, PLACEHOLDER_ACCOUNT};
pub use platform::NotRunnable;
pub use pointer::Pointer;
pub use pretty::{Pretty, pretty, to_pretty};
pub use rules::{RULES, Rule, check, rule};
pub use size::{SIZES, Size};
pub use storage::ImageSizes;
