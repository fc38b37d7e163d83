//! What a rule has to say about a document.

use crate::{Edit, Pointer, rules::Rule};
use serde::Serialize;
use std::fmt;

/// How much a finding matters. Ordered: `Info < Warning < Error`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to change.
    Info,
    /// The task runs, but not as most people would want it to.
    Warning,
    /// ECS refuses the definition, or the task cannot start.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What stands behind a finding.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// An AWS page, the AWS service model, or an answer recorded from the real service.
    Verified,
    /// A secondary source, or inference from verified facts.
    Secondary,
    /// Not known. The finding says so in its message.
    Unverified,
}

/// One finding: which rule, how bad, where, what exactly, and how to mend it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    /// The row of [`RULES`](crate::RULES) that speaks; it holds the reason and the source.
    pub rule: &'static Rule,
    /// At most the rule's own severity.
    pub severity: Severity,
    /// What stands behind this finding, which may be less than what stands behind its rule.
    pub evidence: Evidence,
    /// The place. It need not exist: a missing member is reported where it belongs.
    pub path: Pointer,
    /// The verdict, with the names and numbers of this document. Never a secret's value.
    pub message: String,
    /// A change that mends it, where one is certain enough to offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// A way out, ready to apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fix {
    /// What a button would say.
    pub label: String,
    /// The changes, to be carried out in order with [`apply`](crate::apply).
    pub patch: Vec<Edit>,
}

impl Diagnostic {
    /// Adds the way out.
    pub fn fix(&mut self, label: impl Into<String>, patch: impl Into<Vec<Edit>>) -> &mut Self {
        self.fix = Some(Fix { label: label.into(), patch: patch.into() });
        self
    }

    /// Marks the finding as resting on inference.
    pub fn secondary(&mut self) -> &mut Self {
        self.evidence = Evidence::Secondary;
        self
    }

    /// Marks the finding as resting on nothing AWS has said, and says so in the message.
    pub fn unverified(&mut self) -> &mut Self {
        if self.evidence != Evidence::Unverified {
            self.evidence = Evidence::Unverified;
            self.message.push_str(UNVERIFIED);
        }
        self
    }
}

/// The end of every message that rests on nothing AWS has said.
pub const UNVERIFIED: &str = " Not verified: how AWS answers this is not known.";

impl fmt::Display for Diagnostic {
    /// `error FG005 /cpu: …`, the form for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.as_str().is_empty() { "/" } else { self.path.as_str() };
        write!(f, "{} {} {place}: {}", self.severity, self.rule.id, self.message)
    }
}
