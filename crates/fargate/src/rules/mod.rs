//! The rules, as data.
//!
//! Each rule is one row: id, severity, what it demands, why, what AWS answers, where that is
//! written, and the function that looks. The page, the command line and the documentation print
//! from the rows; the tests walk them.
//!
//! | ids | about | file |
//! |---|---|---|
//! | FG0xx | the task | `task`, `size`, `roles`, `platform`, `volumes` |
//! | FG1xx | a container | `containers`, `ports`, `logs`, `health`, `linux`, `environment`, `volumes` |
//! | SO2xx | whether SOCI can help | `soci` |
//! | IM3xx | the image against the definition | `image` |
//! | AD4xx | advice about what was generated | `advice` |
//!
//! Invariants: a rule reads plain JSON and never panics on any of it; a value of the wrong type
//! is reported once, by the rule that owns its member; the findings depend on nothing but the
//! document and the [`Context`]. A finding that AWS has not confirmed is a warning, except for
//! five that an outside validator or plain sense refuses as well (a size in an undocumented
//! spelling, port 0, a variable set twice, a variable both plain and secret, a relative working
//! directory). All of them say so.

mod advice;
mod containers;
mod environment;
mod health;
mod image;
mod linux;
mod logs;
mod platform;
mod ports;
mod roles;
mod size;
mod soci;
mod task;
mod volumes;

use crate::{
    Context, Diagnostic, Evidence, Pointer, Severity, api,
    shape::{self, Violation},
    subject::Subject,
};
use serde::Serialize;
use serde_json::Value;

/// One rule.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Stable name: `FG` about Fargate, `SO` about SOCI, `IM` about the image, `AD` advice.
    pub id: &'static str,
    /// The worst it can say.
    pub severity: Severity,
    /// What stands behind it.
    pub evidence: Evidence,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What it demands.
    pub sentence: &'static str,
    /// Why, or what happens otherwise.
    pub reason: &'static str,
    /// What AWS answers to a violation, as far as recorded; fragments.
    pub aws_text: &'static [&'static str],
    /// Where the demand is written.
    pub source: &'static str,
    /// Looks for violations.
    #[serde(skip)]
    pub(crate) check: fn(&Subject<'_>, &mut Findings<'_>),
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Every rule, by id.
pub static RULES: &[Rule] = &[
    task::FG001,
    task::FG002,
    task::FG003,
    task::FG004,
    size::FG005,
    size::FG006,
    roles::FG007,
    roles::FG008,
    platform::FG009,
    size::FG010,
    task::FG011,
    task::FG012,
    task::FG013,
    task::FG014,
    volumes::FG015,
    task::FG016,
    task::FG017,
    task::FG018,
    task::FG019,
    task::FG020,
    containers::FG101,
    containers::FG102,
    containers::FG103,
    containers::FG104,
    containers::FG105,
    containers::FG106,
    ports::FG107,
    logs::FG108,
    logs::FG109,
    logs::FG110,
    health::FG111,
    containers::FG112,
    containers::FG113,
    linux::FG114,
    linux::FG115,
    linux::FG116,
    environment::FG117,
    environment::FG118,
    environment::FG119,
    containers::FG120,
    volumes::FG121,
    containers::FG122,
    containers::FG123,
    containers::FG124,
    containers::FG125,
    soci::SO201,
    soci::SO202,
    soci::SO203,
    soci::SO204,
    soci::SO205,
    soci::SO206,
    soci::SO207,
    soci::SO208,
    soci::SO209,
    soci::SO210,
    soci::SO211,
    image::IM301,
    image::IM302,
    image::IM303,
    image::IM304,
    image::IM305,
    image::IM306,
    image::IM307,
    image::IM308,
    image::IM309,
    advice::AD401,
    advice::AD402,
    advice::AD403,
];

/// The rule of that id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Judges a document: every rule, errors first, then in the order of [`RULES`].
///
/// The document is plain JSON on purpose: what no typed model would read is exactly what needs
/// an explanation.
#[must_use]
pub fn check(document: &Value, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let violations = shape::violations(document, &api::REQUEST, api::ANY_TYPE);
    let subject = Subject::new(document, context);
    for rule in RULES {
        let mut findings = Findings { rule, out: &mut diagnostics };
        violations.iter().filter(|violation| violation.rule == rule.id).for_each(|v| findings.violation(v));
        // Nothing more can be said about a document that is not even an object.
        if document.is_object() {
            (rule.check)(&subject, &mut findings);
        }
    }
    diagnostics.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    diagnostics
}

/// Where a rule puts what it found.
pub struct Findings<'a> {
    rule: &'static Rule,
    out: &'a mut Vec<Diagnostic>,
}

impl Findings<'_> {
    /// ECS refuses this, or the task cannot start.
    pub(crate) fn error(&mut self, path: Pointer, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, path, message.into())
    }

    /// The task runs, but not as most people would want.
    pub(crate) fn warning(&mut self, path: Pointer, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, path, message.into())
    }

    /// Worth knowing.
    pub(crate) fn info(&mut self, path: Pointer, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Info, path, message.into())
    }

    fn violation(&mut self, violation: &Violation) {
        let diagnostic = self.error(violation.path.clone(), violation.message.clone());
        diagnostic.fix.clone_from(&violation.fix);
    }

    fn push(&mut self, severity: Severity, path: Pointer, message: String) -> &mut Diagnostic {
        // A row that claims less than its function does would lie to every reader of the table.
        debug_assert!(severity <= self.rule.severity, "{}", self.rule.id);
        let rule = self.rule;
        let index = self.out.len();
        let evidence =
            if rule.evidence == Evidence::Unverified { Evidence::Secondary } else { rule.evidence };
        self.out.push(Diagnostic { rule, severity, evidence, path, message, fix: None });
        let diagnostic = &mut self.out[index];
        if rule.evidence == Evidence::Unverified {
            diagnostic.unverified();
        }
        diagnostic
    }
}

/// A rule that only the walk over types and members speaks for.
fn by_shape(_: &Subject<'_>, _: &mut Findings<'_>) {}

/// Whether `text` is 1–255 of letters, digits, `_` and `-`: families, containers, volumes.
fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// The nearest text that [`is_name`]; `None` when nothing of `text` is left.
fn as_name(text: &str) -> Option<String> {
    let kept: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(255).collect();
    let kept = kept.trim_matches('-').to_owned();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
