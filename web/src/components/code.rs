//! Pretty-printed JSON with line numbers, colours, and marks on the lines something is said about.

use super::Tone;
use yew::prelude::*;

/// Id of line `number`, counted from 1.
pub fn line_id(number: usize) -> String {
    format!("line-{number}")
}

/// Props of [`JsonView`].
#[derive(PartialEq, Properties)]
pub struct JsonViewProps {
    /// The text.
    pub text: AttrValue,
    /// Lines something is said about, counted from 1, with how serious it is.
    pub marks: Vec<(usize, Tone)>,
    /// Name of the region.
    pub label: AttrValue,
}

/// A read-only JSON text.
#[component]
pub fn JsonView(props: &JsonViewProps) -> Html {
    html! {
        <div class="scroll grow code-scroll" tabindex="0" role="region" aria-label={props.label.clone()}>
            <pre class="code">
                { for props.text.lines().enumerate().map(|(index, line)| {
                    let number = index + 1;
                    let mark = worst(&props.marks, number);
                    let class = match mark {
                        Some(Tone::Bad) => Some("has-bad"),
                        Some(Tone::Warn) => Some("has-warn"),
                        Some(_) => Some("has-info"),
                        None => None,
                    };
                    html! {
                        <span
                            id={line_id(number)}
                            class={classes!("ln", class)}
                            tabindex={mark.map(|_| "-1")}
                        >
                            { for tokens(line).map(|(token, text)| match token.class() {
                                Some(class) => html! { <span {class}>{ text }</span> },
                                None => html! { { text } },
                            }) }
                        </span>
                    }
                }) }
            </pre>
        </div>
    }
}

fn worst(marks: &[(usize, Tone)], number: usize) -> Option<Tone> {
    let rank = |tone: &Tone| match tone {
        Tone::Bad => 2,
        Tone::Warn => 1,
        _ => 0,
    };
    marks.iter().filter(|(line, _)| *line == number).map(|(_, tone)| *tone).max_by_key(rank)
}

/// What a piece of a JSON line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Blank,
    Key,
    String,
    /// Numbers, `true`, `false`, `null`.
    Literal,
    Punctuation,
}

impl Token {
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Blank => None,
            Self::Key => Some("s-key"),
            Self::String => Some("s-str"),
            Self::Literal => Some("s-num"),
            Self::Punctuation => Some("s-pun"),
        }
    }
}

/// Cuts one line of pretty-printed JSON into tokens; no string spans lines there.
fn tokens(line: &str) -> impl Iterator<Item = (Token, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match first {
            '"' => string_length(rest),
            c if c.is_whitespace() => run_length(rest, char::is_whitespace),
            c if is_punctuation(c) => run_length(rest, is_punctuation),
            _ => run_length(rest, |c| !is_punctuation(c) && !c.is_whitespace()),
        };
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        let token = match first {
            '"' if after.starts_with(':') => Token::Key,
            '"' => Token::String,
            c if c.is_whitespace() => Token::Blank,
            c if is_punctuation(c) => Token::Punctuation,
            _ => Token::Literal,
        };
        Some((token, text))
    })
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '{' | '}' | '[' | ']' | ':' | ',')
}

fn run_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Bytes from the opening quote to the closing one.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Token::*, tokens};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn check(line: &str, expected: &[(super::Token, &str)]) {
        assert_eq!(tokens(line).collect::<Vec<_>>(), expected);
        assert_eq!(tokens(line).map(|(_, text)| text).collect::<Vec<_>>().concat(), line, "nothing is lost");
    }

    #[test]
    fn a_key_is_a_string_before_a_colon() {
        check(
            r#"  "cpu": "256","#,
            &[
                (Blank, "  "),
                (Key, r#""cpu""#),
                (Punctuation, ":"),
                (Blank, " "),
                (String, r#""256""#),
                (Punctuation, ","),
            ],
        );
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_string() {
        check(r#""a \" b \\","#, &[(String, r#""a \" b \\""#), (Punctuation, ",")]);
    }

    #[test]
    fn literals_and_brackets_are_apart() {
        check("[{},true]", &[(Punctuation, "[{},"), (Literal, "true"), (Punctuation, "]")]);
        check("-1.5e3", &[(Literal, "-1.5e3")]);
    }

    #[test]
    fn text_outside_ascii_is_cut_between_characters() {
        check(
            "\"é\u{1f980}\": 1",
            &[(Key, "\"é\u{1f980}\""), (Punctuation, ":"), (Blank, " "), (Literal, "1")],
        );
        check("\"unfinished é", &[(String, "\"unfinished é")]);
    }
}
