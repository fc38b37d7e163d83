//! A list of arguments as one line of text, quoted as in a shell.

use crate::components::{Field, Remark, Tone};
use yew::prelude::*;

/// Props of [`ArgsField`].
#[derive(PartialEq, Properties)]
pub struct ArgsFieldProps {
    /// Id of the input, unique in the page.
    pub id: AttrValue,
    /// What it is.
    pub label: AttrValue,
    /// The arguments in the form; `None` shows an empty field.
    pub value: Option<Vec<String>>,
    /// New arguments; `None` for an empty field.
    pub onchange: Callback<Option<Vec<String>>>,
    /// What the image has.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// A line of context.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// What is said about the arguments.
    #[prop_or_default]
    pub remarks: Vec<Remark>,
}

/// A labelled list of arguments.
#[component]
pub fn ArgsField(props: &ArgsFieldProps) -> Html {
    let typed = use_state_eq(|| shown(props.value.as_ref()));
    {
        let typed = typed.clone();
        use_effect_with(props.value.clone(), move |value| {
            if split(&typed).ok().map(none_if_empty) != Some(value.clone()) {
                typed.set(shown(value.as_ref()));
            }
        });
    }
    let oninput = {
        let (typed, onchange) = (typed.setter(), props.onchange.clone());
        Callback::from(move |text: String| {
            if let Ok(words) = split(&text) {
                onchange.emit(none_if_empty(words));
            }
            typed.set(text);
        })
    };
    let remarks = match split(&typed) {
        Ok(_) => props.remarks.clone(),
        Err(open) => {
            vec![Remark { tone: Tone::Bad, text: format!("The quote {open} is not closed").into() }]
        }
    };
    html! {
        <Field
            id={props.id.clone()}
            label={props.label.clone()}
            value={(*typed).clone()}
            {oninput}
            mono=true
            placeholder={props.placeholder.clone()}
            hint={props.hint.clone()}
            {remarks}
        />
    }
}

fn none_if_empty(words: Vec<String>) -> Option<Vec<String>> {
    (!words.is_empty()).then_some(words)
}

fn shown(words: Option<&Vec<String>>) -> String {
    words.map(|words| join(words)).unwrap_or_default()
}

/// Words as one line that [`split`] reads back.
pub fn join(words: &[String]) -> String {
    words
        .iter()
        .map(|word| {
            let plain = !word.is_empty()
                && !word.contains(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\'));
            if plain { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Splits a line at blanks outside quotes. Quotes and backslashes are a POSIX shell's; nothing is
/// expanded.
///
/// # Errors
/// The quote that is not closed.
pub fn split(line: &str) -> Result<Vec<String>, char> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') if matches!(chars.peek(), Some('"' | '\\' | '$' | '`')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    match quote {
        Some(open) => Err(open),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{join, split};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn check(line: &str, words: &[&str]) {
        assert_eq!(
            split(line).as_deref(),
            Ok(words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>().as_slice())
        );
    }

    #[test]
    fn words_are_a_shells() {
        check("", &[]);
        check("  a  b ", &["a", "b"]);
        check(r#"sh -c 'echo "hi there"'"#, &["sh", "-c", r#"echo "hi there""#]);
        check(r#"a"b c"d ''"#, &["ab cd", ""]);
        check(r#""say \"x\" \n""#, &[r#"say "x" \n"#]);
        check(r"a\ b \\", &["a b", r"\"]);
    }

    #[test]
    fn an_open_quote_is_named() {
        assert_eq!(split("a 'b"), Err('\''));
        assert_eq!(split("\"b"), Err('"'));
    }

    #[test]
    fn every_list_survives_the_line() {
        for words in [&["a", "b c", "it's", "", r"\", "\"q\"", "tab\there", "é"][..], &[], &["x"]] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(split(&join(&words)), Ok(words));
        }
    }
}
