//! Words for what stops a session, in the shape the page shows.

use sociscope_engine::{self as engine, Verdict};
use wasm_bindgen::JsValue;

use crate::{
    model::{Culprit, Failure},
    worker::layer::words,
};

/// The engine could not open the file.
pub fn opening(failure: &engine::Failure) -> Failure {
    let headline = match failure.culprit {
        engine::Culprit::File => "This file cannot be read as a container image",
        engine::Culprit::Unsupported => "This kind of file is not supported",
        engine::Culprit::Limit => "This file exceeds a limit",
        engine::Culprit::Internal => "Sociscope failed to open the file",
    };
    with_headline(headline, failure)
}

/// A layer failed.
pub fn layer(failure: &engine::Failure) -> Failure {
    let headline = match failure.culprit {
        engine::Culprit::File => "This layer is broken",
        engine::Culprit::Unsupported => "This layer cannot be indexed",
        engine::Culprit::Limit => "This layer exceeds a limit",
        engine::Culprit::Internal => "Sociscope failed on this layer",
    };
    with_headline(headline, failure)
}

/// There is no archive to save, and this is why.
pub fn no_archive(verdict: &Verdict) -> Failure {
    match &verdict.failure {
        Some(failure) => with_headline(&verdict.headline, failure),
        None => Failure {
            culprit: Culprit::Unsupported,
            headline: verdict.headline.clone(),
            reason: verdict.sentence.clone(),
            facts: Vec::new(),
            fix: None,
        },
    }
}

/// The reader cancelled before every layer was read.
pub fn cancelled(read: usize, of: usize) -> Failure {
    Failure {
        culprit: Culprit::Limit,
        headline: "Cancelled".to_owned(),
        reason: format!(
            "{read} of {of} layers were read before you cancelled; an archive needs all of them. What was read is kept."
        ),
        facts: Vec::new(),
        fix: Some("Drop the file again to read the rest.".to_owned()),
    }
}

/// The browser could not read the file.
pub fn unreadable(error: &JsValue) -> Failure {
    Failure {
        culprit: Culprit::File,
        headline: "The file cannot be read any more".to_owned(),
        reason: "It was changed, moved or deleted after it was chosen, or the browser may not read it."
            .to_owned(),
        facts: vec![("browser says", words(error))],
        fix: Some("Choose the file again.".to_owned()),
    }
}

/// A folder was dropped instead of a file.
pub fn folder(name: &str) -> Failure {
    Failure {
        culprit: Culprit::File,
        headline: "That is a folder".to_owned(),
        reason: "Sociscope reads an image as one file. An OCI layout directory becomes one with tar."
            .to_owned(),
        facts: vec![("dropped", name.to_owned())],
        fix: Some(format!("tar -C {} -cf image.tar .", shell_word(name))),
    }
}

/// The worker that makes the sample broke down.
pub fn sample(message: &str) -> Failure {
    Failure {
        culprit: Culprit::Sociscope,
        headline: "The sample could not be made".to_owned(),
        reason: "The worker that makes it stopped.".to_owned(),
        facts: vec![("it said", message.to_owned())],
        fix: Some("Reload the page. It needs a current browser.".to_owned()),
    }
}

fn with_headline(headline: &str, failure: &engine::Failure) -> Failure {
    let facts = [
        ("where", Some(&failure.place)),
        ("expected", failure.expected.as_ref()),
        ("found", failure.found.as_ref()),
    ];
    Failure {
        culprit: match failure.culprit {
            engine::Culprit::File => Culprit::File,
            engine::Culprit::Unsupported => Culprit::Unsupported,
            engine::Culprit::Limit => Culprit::Limit,
            engine::Culprit::Internal => Culprit::Sociscope,
        },
        headline: headline.to_owned(),
        reason: failure.message.clone(),
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))).collect(),
        fix: failure.fix.clone(),
    }
}

/// `name` as one word of a shell command.
fn shell_word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'./{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_dropped_name_cannot_become_a_command() {
        for (name, word) in [
            ("image", "image"),
            ("my image", "'./my image'"),
            ("-rf", "'./-rf'"),
            ("a'; rm -rf ~", r"'./a'\''; rm -rf ~'"),
            ("", "'./'"),
        ] {
            assert_eq!(shell_word(name), word);
        }
    }
}
