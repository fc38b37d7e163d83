//! The form's JSON, and what the rules say about it: by place, by line, by field.

use crate::{
    components::{Remark, Tone},
    model::Run,
};
use sociscope_engine::image::config::ImageConfig;
use sociscope_fargate::{
    Context, Diagnostic, Form, Pretty, Severity, build, check, ecr::ImageUri, to_pretty,
};
use std::cell::OnceCell;

/// Where the one container stands.
pub const CONTAINER: &str = "/containerDefinitions/0";

/// A judged form.
pub struct Judged {
    /// The image's config, which the container inherits from.
    pub config: ImageConfig,
    /// The definition as text, with the line of every value.
    pub pretty: Pretty,
    /// What the rules say, the gravest first.
    pub diagnostics: Vec<Diagnostic>,
    form: Form,
    fixed: OnceCell<Vec<Option<Form>>>,
}

impl PartialEq for Judged {
    fn eq(&self, other: &Self) -> bool {
        self.pretty.text == other.pretty.text
            && self.form == other.form
            && self.diagnostics == other.diagnostics
    }
}

impl Judged {
    /// Builds and judges the form of a run.
    pub fn new(run: &Run) -> Self {
        let config = run
            .analysis
            .archive()
            .images
            .get(run.shown_image)
            .map(|image| image.config.clone())
            .unwrap_or_default();
        let sizes = run.analysis.image_sizes(run.shown_image);
        let soci = run.analysis.soci_facts(run.shown_image);
        let form = (*run.form).clone();
        let definition = build(&form, &config);
        let context =
            Context { image: Some(&config), sizes: Some(sizes), form: Some(&form), soci: Some(&soci) };
        let mut diagnostics = check(&definition.to_value(), &context);
        diagnostics.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        Self { pretty: to_pretty(&definition), diagnostics, config, form, fixed: OnceCell::new() }
    }

    /// What is said about one member of the definition, as remarks below its field.
    pub fn remarks(&self, place: &str) -> Vec<Remark> {
        let here = |diagnostic: &&Diagnostic| diagnostic.path.as_str() == place;
        self.diagnostics.iter().filter(here).map(remark).collect()
    }

    /// What is said about a member of the container.
    pub fn of_container(&self, member: &str) -> Vec<Remark> {
        self.remarks(&format!("{CONTAINER}/{member}"))
    }

    /// What is said about a place or anything inside it.
    pub fn within(&self, place: &str) -> Vec<Remark> {
        let inside = |diagnostic: &&Diagnostic| {
            let rest = diagnostic.path.as_str().strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.diagnostics.iter().filter(inside).map(remark).collect()
    }

    /// The form that the fix of diagnostic `index` leads to; `None` when there is no fix, or the
    /// form has no field for what it would change.
    pub fn fixed(&self, index: usize) -> Option<&Form> {
        let all = self.fixed.get_or_init(|| {
            let fix = |diagnostic: &Diagnostic| {
                super::fixes::apply(&diagnostic.fix.as_ref()?.patch, &self.form, &self.config)
            };
            self.diagnostics.iter().map(fix).collect()
        });
        all.get(index)?.as_ref()
    }
}

/// A severity in the page's tones.
pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Info,
    }
}

fn remark(diagnostic: &Diagnostic) -> Remark {
    Remark { tone: tone(diagnostic.severity), text: diagnostic.message.clone().into() }
}

/// What can be said about an image URI by itself, at every key.
pub fn uri_remarks(uri: &str) -> Vec<Remark> {
    let (tone, text) = match ImageUri::parse(uri) {
        Ok(uri) => (Tone::Ok, format!("Private ECR, {}", uri.region)),
        Err(error @ sociscope_fargate::ecr::UriError::NotEcr(_)) => {
            (Tone::Warn, format!("{error}. The task would run, but not load lazily."))
        }
        Err(error) => (Tone::Bad, error.to_string()),
    };
    vec![Remark { tone, text: text.into() }]
}
