//! The JSON, what is wrong with it, and the ways to take it along.

use super::{Editor, Judged, judged::tone};
use crate::{
    components::{
        Button, Chip, CopyButton, Emphasis, Glyph, Icon, JsonView, Size, Tone, dom, line_id, use_announcer,
    },
    model::{Action, Artifact, Dispatch},
    views::words::marked,
};
use sociscope_engine::human;
use sociscope_fargate::{Diagnostic, Severity};
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Output`].
#[derive(Properties)]
pub struct OutputProps {
    /// Changes the form.
    pub editor: Editor,
    /// The JSON and what the rules say.
    pub judged: Rc<Judged>,
    /// Where actions go.
    pub dispatch: Dispatch,
    /// What the file is called.
    pub file_name: AttrValue,
}

impl PartialEq for OutputProps {
    fn eq(&self, other: &Self) -> bool {
        self.editor == other.editor && self.judged == other.judged && self.file_name == other.file_name
    }
}

/// The right side of the view.
#[component]
pub fn Output(props: &OutputProps) -> Html {
    let OutputProps { editor, judged, dispatch, file_name } = props;
    let announcer = use_announcer();
    let text = AttrValue::from(judged.pretty.text.clone());
    let marks = judged
        .diagnostics
        .iter()
        .map(|found| (line(judged, found), tone(found.severity)))
        .collect::<Vec<_>>();
    let lines = judged.pretty.text.lines().count() as u64;
    let undo = {
        let (editor, announcer) = (editor.clone(), announcer.clone());
        Callback::from(move |_: MouseEvent| {
            if editor.undo() {
                announcer.say("Undone");
            }
        })
    };
    let (verdict, words) = verdict(&judged.diagnostics);
    html! {
        <div>
            <div class="outbar">
                <span class="row row--wrap">
                    <Chip tone={verdict}>{ words }</Chip>
                    <span class="muted small nowrap">
                        { format!("{}, {}", human::counted(lines, "line"), human::size(text.len() as u64)) }
                    </span>
                </span>
                <span class="row row--wrap end">
                    <Button icon={Icon::Undo} size={Size::Small} disabled={!editor.can_undo()} onclick={undo}>
                        { "Undo" }
                    </Button>
                    <Button
                        icon={Icon::Save}
                        size={Size::Small}
                        title={file_name.clone()}
                        onclick={dispatch.reform(|_| Action::Save(Artifact::TaskDefinition))}
                    >
                        { "Save" }<span class="vh">{ " the task definition" }</span>
                    </Button>
                    <CopyButton
                        text={text.clone()}
                        what="task definition"
                        words="Copy JSON"
                        emphasis={Emphasis::Primary}
                    />
                </span>
            </div>
            <JsonView {text} {marks} label="Task definition as JSON" />
            if !judged.diagnostics.is_empty() {
                <ul class="diags" aria-label="What the rules say">
                    { for judged.diagnostics.iter().enumerate().map(|(index, found)| html! {
                        <Finding
                            key={format!("{} {} {}", found.rule.id, found.path, found.message)}
                            {index}
                            editor={editor.clone()}
                            judged={judged.clone()}
                        />
                    }) }
                </ul>
            }
        </div>
    }
}

/// Props of [`Finding`].
#[derive(PartialEq, Properties)]
struct FindingProps {
    index: usize,
    editor: Editor,
    judged: Rc<Judged>,
}

/// One thing the rules say: how grave, which line, what, why, and the way out where there is one.
#[component]
fn Finding(props: &FindingProps) -> Html {
    let FindingProps { index, editor, judged } = props;
    let announcer = use_announcer();
    let Some(found) = judged.diagnostics.get(*index) else { return Html::default() };
    let (tone, number) = (tone(found.severity), line(judged, found));
    let show = Callback::from(move |_: MouseEvent| dom::focus(&format!("#{}", line_id(number))));
    let fix = found.fix.as_ref().zip(judged.fixed(*index)).map(|(fix, form)| {
        let (editor, form, label) = (editor.clone(), form.clone(), fix.label.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            editor.replace(|old| *old = form.clone());
            announcer.say(format!("Done: {label}. Undo takes it back."));
        });
        html! { <Button size={Size::Small} {onclick}>{ &fix.label }</Button> }
    });
    html! {
        <li>
            <span class={tone.text_class()}><Glyph icon={tone.icon()} /><span class="vh">{ tone.word() }</span></span>
            <button type="button" class="link small" onclick={show}>{ format!("line {number}") }</button>
            <div class="diags__text">
                { marked(&found.message) }
                <details>
                    <summary>{ format!("Why, {}", found.rule.id) }</summary>
                    <p>{ marked(found.rule.sentence) }{ " " }{ marked(found.rule.reason) }</p>
                    { source(found.rule.source) }
                </details>
            </div>
            { fix }
        </li>
    }
}

/// A link where the source is one, else its words.
fn source(source: &'static str) -> Html {
    if source.starts_with("https://") {
        html! { <p><a href={source} target="_blank" rel="noreferrer">{ "Source" }<span class="vh">{ " (new tab)" }</span></a></p> }
    } else {
        html! { <p>{ format!("Source: {source}") }</p> }
    }
}

/// The sentence over the JSON. Errors are what ECS refuses; without any the definition registers.
fn verdict(diagnostics: &[Diagnostic]) -> (Tone, String) {
    let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count() as u64;
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Info));
    let mut parts = Vec::new();
    for (number, word) in [(errors, "error"), (warnings, "warning"), (notes, "note")] {
        if number > 0 {
            parts.push(human::counted(number, word));
        }
    }
    let tone = if errors > 0 {
        Tone::Bad
    } else if warnings > 0 {
        Tone::Warn
    } else {
        Tone::Ok
    };
    match (errors, parts.is_empty()) {
        (_, true) => (tone, "Nothing to object to".to_owned()),
        (0, false) => (tone, format!("No errors, {}", parts.join(", "))),
        (_, false) => (tone, parts.join(", ")),
    }
}

fn line(judged: &Judged, found: &Diagnostic) -> usize {
    usize::try_from(judged.pretty.line(&found.path)).unwrap_or(1)
}
