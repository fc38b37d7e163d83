//! Words and signs that several views share.

use crate::components::{Icon, Tone};
use sociscope_engine::report::{ImageReport, LayerReport, LayerStatus, Report};
use yew::prelude::*;

/// Text with `code` between backticks, as the tables of rules write it.
pub fn marked(text: &str) -> Html {
    text.split('`')
        .enumerate()
        .map(|(index, part)| match (index % 2, part) {
            (_, "") => Html::default(),
            (1, code) => html! { <code>{ code.to_owned() }</code> },
            (_, words) => html! { { words.to_owned() } },
        })
        .collect()
}

/// A build step without the shell and the builder around it.
///
/// ```text
///   /bin/sh -c #(nop) COPY app /srv        COPY app /srv
///   RUN /bin/sh -c pip install x # buildkit    RUN pip install x
/// ```
pub fn step(created_by: &str) -> String {
    let text = created_by.trim().trim_end_matches("# buildkit").trim_end();
    let text = match text.strip_prefix("/bin/sh -c ") {
        Some(rest) => match rest.trim_start().strip_prefix("#(nop)") {
            Some(instruction) => instruction.trim_start().to_owned(),
            None => format!("RUN {}", rest.trim_start()),
        },
        None => text.replacen("RUN /bin/sh -c ", "RUN ", 1),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What made a layer, or that the file does not say.
pub fn made_by(layer: &LayerReport) -> String {
    layer
        .created_by
        .as_deref()
        .map(step)
        .filter(|step| !step.is_empty())
        .unwrap_or_else(|| "No build step stated".to_owned())
}

/// The state of a layer in a tone, an icon and a word.
pub fn status(status: LayerStatus) -> (Tone, Icon, &'static str) {
    match status {
        LayerStatus::Pending => (Tone::Plain, Icon::Wait, "Not read"),
        LayerStatus::Indexed => (Tone::Ok, Icon::Check, "Indexed"),
        LayerStatus::Indexable => (Tone::Plain, Icon::Check, "Indexable"),
        LayerStatus::NotNeeded => (Tone::Plain, Icon::Dash, "Not needed"),
        LayerStatus::NotIndexed => (Tone::Warn, Icon::Warn, "Not indexed"),
        LayerStatus::Failed => (Tone::Bad, Icon::Stop, "Broken"),
        LayerStatus::Missing => (Tone::Bad, Icon::Stop, "Missing"),
    }
}

/// What tells one image of a file from the others: its platform, or its name where platforms
/// repeat.
pub fn image_name(report: &Report, image: &ImageReport) -> String {
    let alike = report
        .images
        .iter()
        .filter(|other| other.kind == image.kind && other.platform.name == image.platform.name)
        .count();
    match image.names.first() {
        Some(name) if alike > 1 => format!("{name} ({})", image.platform.name),
        _ => image.platform.name.clone(),
    }
}

/// A time that is not known well: "a few seconds", "about 40 s", "about 3 min".
pub fn about(seconds: f64) -> String {
    match seconds {
        s if s < 4.0 => "a few seconds".to_owned(),
        s if s < 57.5 => format!("about {:.0} s", (s / 5.0).ceil() * 5.0),
        s if s < 57.5 * 60.0 => format!("about {:.0} min", (s / 60.0).ceil()),
        s => format!("about {} h", two_digits(s / 3600.0)),
    }
}

/// An amount that is not known better than to two digits.
pub fn two_digits(amount: f64) -> String {
    if amount >= 100.0 {
        format!("{:.0}", (amount / 10.0).round() * 10.0)
    } else if amount >= 9.95 {
        format!("{amount:.0}")
    } else {
        format!("{amount:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::{about, step, two_digits};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_build_step_is_shown_without_its_shell() {
        for (written, shown) in [
            ("/bin/sh -c #(nop) COPY file:1 in /srv ", "COPY file:1 in /srv"),
            ("/bin/sh -c apt-get update \t&& apt-get install", "RUN apt-get update && apt-get install"),
            ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
            ("COPY app /srv/app # buildkit", "COPY app /srv/app"),
            ("", ""),
        ] {
            assert_eq!(step(written), shown, "{written}");
        }
    }

    #[test]
    fn a_time_is_as_vague_as_it_is_known() {
        for (seconds, words) in [
            (0.0, "a few seconds"),
            (3.9, "a few seconds"),
            (4.0, "about 5 s"),
            (31.0, "about 35 s"),
            (57.0, "about 60 s"),
            (58.0, "about 1 min"),
            (150.0, "about 3 min"),
            (5400.0, "about 1.5 h"),
        ] {
            assert_eq!(about(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn a_size_has_two_digits() {
        for (amount, words) in
            [(4.26, "4.3"), (9.94, "9.9"), (9.96, "10"), (42.6, "43"), (487.0, "490"), (1234.0, "1230")]
        {
            assert_eq!(two_digits(amount), words);
        }
    }
}
