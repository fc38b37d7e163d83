//! Words for what stops a session, in the shape the page shows.

use sociscope_engine::{self as engine, Verdict, human};
use wasm_bindgen::JsValue;

use crate::{
    model::{Culprit, Failure},
    worker::{layer::words, remake, unpack::Stop},
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

/// An archive was not saved, in the one line that a message has room for: what, where, the way out.
pub fn saving(failure: &engine::Failure) -> String {
    let mut text = format!("{} ({})", failure.message.trim_end_matches('.'), failure.place);
    if let Some((expected, found)) = failure.expected.as_ref().zip(failure.found.as_ref()) {
        text.push_str(&format!(
            ": expected {}, found {}",
            engine::human::short_digest(expected),
            engine::human::short_digest(found)
        ));
    }
    text.push('.');
    if let Some(fix) = &failure.fix {
        text.push_str(&format!(" {fix}"));
    }
    text
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

/// A folder with `files` files that hold no image.
pub fn folder(name: &str, files: usize) -> Failure {
    let (headline, reason) = match files {
        0 => ("This folder is empty", "There is no file in it, nor in any folder below it."),
        _ => (
            "There is no image in this folder",
            "An OCI layout has index.json, oci-layout and blobs at its top; an unpacked docker save has manifest.json there. This folder has none of them.",
        ),
    };
    Failure {
        culprit: Culprit::File,
        headline: headline.to_owned(),
        reason: reason.to_owned(),
        facts: vec![("folder", format!("{name}, {}", human::counted(files as u64, "file")))],
        fix: Some(
            "Choose the layout folder itself, or make one: `skopeo copy docker://IMAGE oci:layout:latest`"
                .to_owned(),
        ),
    }
}

/// A zTOC, or a layer against it, could not be read.
pub fn ztoc(failure: &engine::Failure) -> Failure {
    let headline = match failure.culprit {
        engine::Culprit::File => "This zTOC cannot be read",
        engine::Culprit::Unsupported => "This kind of zTOC is not supported",
        engine::Culprit::Limit => "This zTOC exceeds a limit",
        engine::Culprit::Internal => "Sociscope failed to read the zTOC",
    };
    with_headline(headline, failure)
}

/// The worker that reads a zTOC, or a layer against it, broke down.
pub fn ztoc_broke(message: &str) -> Failure {
    Failure {
        culprit: Culprit::Sociscope,
        headline: "The zTOC was not read".to_owned(),
        reason: "The worker that reads it stopped.".to_owned(),
        facts: vec![("it said", message.to_owned())],
        fix: Some("Reload the page and try again.".to_owned()),
    }
}

/// The browser could not read a folder.
pub fn unreadable_folder(error: &JsValue) -> Failure {
    Failure {
        culprit: Culprit::File,
        headline: "The folder cannot be read".to_owned(),
        reason: "Something in it was changed, moved or deleted, or the browser may not read it.".to_owned(),
        facts: vec![("browser says", words(error))],
        fix: Some("Choose the folder again, or pack it: `tar -C FOLDER -cf image.tar .`".to_owned()),
    }
}

/// A compressed file was not unpacked.
pub fn unpacking(stop: Stop, failure: &engine::Failure) -> Failure {
    let headline = match (stop, failure.culprit) {
        (Stop::Room, _) => "There is no room to unpack this file",
        (_, engine::Culprit::File) => "This file cannot be unpacked",
        (_, engine::Culprit::Unsupported) => "This kind of compression is not supported",
        (_, engine::Culprit::Limit) => "Unpacking this file exceeds a limit",
        (_, engine::Culprit::Internal) => "Sociscope failed to unpack the file",
    };
    let shown = with_headline(headline, failure);
    if stop != Stop::Room {
        return shown;
    }
    // Nothing in the file is otherwise than expected; the place is the disk.
    let facts = [("needs", &failure.expected), ("has room for", &failure.found)];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    Failure { facts, ..shown }
}

/// The worker that unpacks broke down.
pub fn unpacking_broke(message: &str) -> Failure {
    Failure {
        culprit: Culprit::Sociscope,
        headline: "The file was not unpacked".to_owned(),
        reason: "The worker that unpacks it stopped.".to_owned(),
        facts: vec![("it said", message.to_owned())],
        fix: Some("Reload the page and try again, or unpack the file yourself and drop the tar.".to_owned()),
    }
}

/// A layer was not made gzip.
pub fn remaking(stop: remake::Stop, failure: &engine::Failure) -> Failure {
    let headline = match (stop, failure.culprit) {
        (remake::Stop::Room, engine::Culprit::Limit) => "There is no room for the new layer",
        (remake::Stop::Room, _) => "The new layer could not be written",
        (_, engine::Culprit::File) => "The stored layer is broken",
        (_, engine::Culprit::Unsupported) => "The stored layer cannot be unpacked here",
        (_, engine::Culprit::Limit) => "Unpacking the stored layer exceeds a limit",
        (_, engine::Culprit::Internal) => "Sociscope failed to compress this layer",
    };
    with_headline(headline, failure)
}

/// A layer was made gzip, and cannot be indexed for all that.
pub fn remade(failure: &engine::Failure) -> Failure {
    with_headline("The new layer cannot be indexed either", failure)
}

/// A layer that was made cannot take the place of the stored one.
pub fn not_replaced(error: &engine::Error) -> Failure {
    with_headline("The new layer does not fit into the image", &error.failure())
}

/// The worker that makes a layer broke down.
pub fn remaking_broke(message: &str) -> Failure {
    Failure {
        culprit: Culprit::Sociscope,
        headline: "The layer was not compressed".to_owned(),
        reason: "The worker that compresses it stopped.".to_owned(),
        facts: vec![("it said", message.to_owned())],
        fix: Some("The stored layer stays as it is. Try again, or reload the page.".to_owned()),
    }
}

/// Layers will not fit on the disk.
pub fn no_room_for_layers(need: u64, free: u64) -> Failure {
    Failure {
        culprit: Culprit::Limit,
        headline: "There is no room for the new layers".to_owned(),
        reason:
            "They are kept on this disk until the archive is saved, and the browser lets this page write \
                 less than they will probably take."
                .to_owned(),
        facts: vec![
            ("needed", format!("about {}", human::size(need))),
            ("may be written", human::size(free)),
        ],
        fix: Some("Free some space on this disk, or make fewer layers gzip at a time.".to_owned()),
    }
}

/// A zTOC could not be searched for files to prefetch.
pub fn locating(failure: &engine::Failure) -> Failure {
    with_headline("The files to prefetch could not be looked up", failure)
}

/// The worker that searches a zTOC broke down.
pub fn locating_broke(message: &str) -> Failure {
    Failure {
        culprit: Culprit::Sociscope,
        headline: "The files to prefetch could not be looked up".to_owned(),
        reason: "The worker that searches a zTOC for them stopped.".to_owned(),
        facts: vec![("it said", message.to_owned())],
        fix: Some("Change the list to try again, or empty it to save the archive without them.".to_owned()),
    }
}

/// A file is compressed again and again.
pub fn wrapped(times: u8) -> Failure {
    Failure {
        culprit: Culprit::Limit,
        headline: "This file is compressed too many times".to_owned(),
        reason: format!("It was unpacked {times} times, and what is inside is compressed as well."),
        facts: Vec::new(),
        fix: Some("Unpack it yourself and drop the tar.".to_owned()),
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
