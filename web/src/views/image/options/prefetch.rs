//! Files to be fetched before the container starts: soci's prefetch artefact, an experiment.

use super::ImageProps;
use crate::{
    components::{Remark, Remarks, Tone, typed},
    model::Action,
};
use sociscope_engine::{human, soci::prefetch};
use yew::prelude::*;

/// Longest list that is taken, bytes. It stands in the report as well.
const LONGEST: usize = 1 << 20;

/// The list, closed until somebody wants it.
#[component]
pub fn Prefetch(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let in_force = &run.options.prefetch;
    // What is typed counts once the field is left; what cannot be read is kept here to be mended.
    let draft = use_state_eq(|| None::<String>);
    let text = draft.as_ref().cloned().unwrap_or_else(|| written(in_force));
    let remarks = match draft.as_deref().map(paths) {
        Some(Err(text)) => vec![Remark { tone: Tone::Bad, text: text.into() }],
        _ => Vec::new(),
    };
    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| draft.set(Some(typed(&event))))
    };
    let onchange = {
        let (draft, dispatch, in_force) = (draft.setter(), dispatch.clone(), in_force.clone());
        Callback::from(move |event: Event| {
            let typed = typed(&event);
            match paths(&typed) {
                Ok(paths) => {
                    draft.set(None);
                    if paths != in_force {
                        dispatch.emit(Action::SetPrefetch(paths));
                    }
                }
                Err(_) => draft.set(Some(typed)),
            }
        })
    };
    let how_many = match in_force.len() {
        0 => "none".to_owned(),
        files => human::counted(files as u64, "file"),
    };
    html! {
        <details class="more more--options">
            <summary>
                { "Files to prefetch" }
                <span class="dim">{ format!(": {how_many}. Experimental, not claimed for Fargate") }</span>
            </summary>
            <div class="exceptions">
                <label class="option option--tall" for="prefetch">
                    <span class="vh">{ "Paths of files to prefetch" }</span>
                    <textarea
                        class="input mono"
                        id="prefetch"
                        rows="4"
                        value={text}
                        placeholder="/srv/app/main.py"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        aria-describedby="prefetch-about prefetch-remarks"
                        aria-invalid={(!remarks.is_empty()).then_some("true")}
                        {oninput}
                        {onchange}
                    />
                </label>
                <div>
                    <p id="prefetch-about">
                        { "A prefetch artefact lists the spans of a layer that hold these files. soci-snapshotter fetches \
                           them before the container starts, if its prefetch option is on; Fargate is not known to read it. \
                           One path a line, or a JSON array; the list counts when the field is left." }
                    </p>
                    <Remarks id="prefetch-remarks" {remarks} />
                </div>
            </div>
        </details>
    }
}

/// The paths in a text: a JSON array of them, or one on each line and between commas.
fn paths(text: &str) -> Result<Vec<String>, String> {
    if text.len() > LONGEST {
        return Err(format!(
            "This list is {}, and the longest that is taken {}; the archive keeps the last.",
            human::size(text.len() as u64),
            human::size(LONGEST as u64)
        ));
    }
    if text.trim_start().starts_with('[') {
        return prefetch::paths_from_json(text.as_bytes()).map_err(|error| {
            format!("This begins like a JSON array and is none: {error}. The archive keeps the last list.")
        });
    }
    Ok(text.lines().flat_map(prefetch::paths).collect())
}

/// A list as it is written in the field: by lines, or as JSON where they would be read as something
/// else.
fn written(list: &[String]) -> String {
    let lines = list.join("\n");
    if paths(&lines).is_ok_and(|read| read == list) {
        return lines;
    }
    // Strings cannot fail to serialise.
    serde_json::to_string_pretty(list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn lists_are_read_as_they_are_written() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("/app/a\n\n app//b \r\nc", &["app/a", "app/b", "c"]),
            ("/a, /b\n/c,", &["a", "b", "c"]),
            ("usr/bin/[", &["usr/bin/["]),
            (" [\"/a\", \"b\"] ", &["a", "b"]),
            (r#"["a,b", "c\nd"]"#, &["a,b", "c\nd"]),
            (r#"["[", "b"]"#, &["[", "b"]),
        ];
        for (text, expected) in cases {
            let read = paths(text).unwrap();
            assert_eq!(read, expected, "{text:?}");
            assert_eq!(paths(&written(&read)).unwrap(), read, "{text:?}");
        }
        for text in ["[", "[1]", r#"["a" "b"]"#] {
            assert!(paths(text).is_err(), "{text}");
        }
        assert!(paths(&"a\n".repeat(LONGEST)).is_err());
    }
}
