//! Variables: plain ones, and those read from a secret store.

use super::{Editor, form::SectionProps, judged::CONTAINER};
use crate::components::{Button, Emphasis, Icon, Remark, Remarks, Size, typed};
use sociscope_engine::human;
use sociscope_fargate::form::{Form, SecretVariable, Variable};
use yew::prelude::*;

/// Which of the two lists a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Secret,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "Plain",
            Self::Secret => "Secret",
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Plain => "environment",
            Self::Secret => "secrets",
        }
    }
}

/// One row per variable.
#[component]
pub fn EnvironmentSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let form = editor.form();
    let inherited = judged.config.config.env.len() as u64;
    let plain = form.environment.iter().map(|variable| (Kind::Plain, &variable.name, &variable.value));
    let secret = form.secrets.iter().map(|variable| (Kind::Secret, &variable.name, &variable.value_from));
    let rows = plain.enumerate().chain(secret.enumerate());
    let remarks = |kind: Kind, index: usize| judged.within(&format!("{CONTAINER}/{}/{index}", kind.list()));
    let empty = form.environment.is_empty() && form.secrets.is_empty();
    html! {
        <section aria-labelledby="s-environment">
            <h2 id="s-environment">{ "Environment" }</h2>
            <div class="rows">
                if !empty {
                    <div class="envrow rowhead" aria-hidden="true">
                        <span>{ "Name" }</span><span>{ "Value or ARN" }</span><span>{ "Kind" }</span><span />
                    </div>
                }
                { for rows.map(|(index, (kind, name, value))| html! {
                    <Row
                        key={format!("{}-{index}", kind.word())}
                        editor={editor.clone()}
                        {kind}
                        {index}
                        name={name.clone()}
                        value={value.clone()}
                        remarks={remarks(kind, index)}
                    />
                }) }
                <div class="row row--wrap">
                    <Button
                        icon={Icon::Plus}
                        size={Size::Small}
                        onclick={editor.step(|form| form.environment.push(Variable::default()))}
                    >
                        { "Variable" }
                    </Button>
                    <Button
                        icon={Icon::Plus}
                        size={Size::Small}
                        onclick={editor.step(|form| form.secrets.push(SecretVariable::default()))}
                    >
                        { "Secret" }
                    </Button>
                    if inherited > 0 {
                        <span class="dim small">
                            { format!("{} inherited from the image, not repeated", human::counted(inherited, "variable")) }
                        </span>
                    }
                </div>
            </div>
        </section>
    }
}

/// Props of [`Row`].
#[derive(PartialEq, Properties)]
struct RowProps {
    editor: Editor,
    kind: Kind,
    index: usize,
    name: String,
    value: String,
    remarks: Vec<Remark>,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let RowProps { editor, kind, index, name, value, remarks } = props;
    let (kind, index) = (*kind, *index);
    let id = format!("{}-{index}", kind.list());
    let called = if name.is_empty() { format!("variable {}", index + 1) } else { name.clone() };
    let described = (!remarks.is_empty()).then(|| format!("{id}-remarks"));
    let set_name = editor.on(format!("{id} name"), move |form, event: InputEvent| {
        if let Some((name, _)) = parts(form, kind, index) {
            *name = typed(&event);
        }
    });
    let set_value = editor.on(format!("{id} value"), move |form, event: InputEvent| {
        if let Some((_, value)) = parts(form, kind, index) {
            *value = typed(&event);
        }
    });
    html! {
        <div class="envrow" role="group" aria-label={called.clone()}>
            <input
                class="input mono"
                aria-label={format!("Name of {called}")}
                aria-describedby={described.clone()}
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                value={name.clone()}
                oninput={set_name}
            />
            <input
                class="input mono"
                aria-label={match kind {
                    Kind::Plain => format!("Value of {called}"),
                    Kind::Secret => format!("ARN of {called}"),
                }}
                aria-describedby={described.clone()}
                placeholder={(kind == Kind::Secret).then_some("arn:aws:secretsmanager:…")}
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                value={value.clone()}
                oninput={set_value}
            />
            <select
                class="select"
                aria-label={format!("Kind of {called}")}
                onchange={editor.step(move |form| convert(form, kind, index))}
            >
                { for [Kind::Plain, Kind::Secret].into_iter().map(|one| html! {
                    <option value={one.word()} selected={one == kind}>{ one.word() }</option>
                }) }
            </select>
            <Button
                icon={Icon::Cross}
                emphasis={Emphasis::Quiet}
                title="Remove"
                label={format!("Remove {called}")}
                onclick={editor.step(move |form| {
                    take(form, kind, index);
                })}
            />
            if let Some(id) = described {
                <Remarks {id} remarks={remarks.clone()} />
            }
        </div>
    }
}

fn parts(form: &mut Form, kind: Kind, index: usize) -> Option<(&mut String, &mut String)> {
    match kind {
        Kind::Plain => form.environment.get_mut(index).map(|row| (&mut row.name, &mut row.value)),
        Kind::Secret => form.secrets.get_mut(index).map(|row| (&mut row.name, &mut row.value_from)),
    }
}

fn take(form: &mut Form, kind: Kind, index: usize) -> Option<(String, String)> {
    match kind {
        Kind::Plain => (index < form.environment.len()).then(|| {
            let row = form.environment.remove(index);
            (row.name, row.value)
        }),
        Kind::Secret => (index < form.secrets.len()).then(|| {
            let row = form.secrets.remove(index);
            (row.name, row.value_from)
        }),
    }
}

/// Moves a row to the other list. A plain value is dropped on the way: as an ARN it means nothing,
/// and what was a secret must not stay behind.
fn convert(form: &mut Form, kind: Kind, index: usize) {
    let Some((name, value)) = take(form, kind, index) else { return };
    match kind {
        Kind::Plain => {
            let value_from = if value.starts_with("arn:") { value } else { String::new() };
            form.secrets.push(SecretVariable { name, value_from });
        }
        Kind::Secret => form.environment.push(Variable { name, value: String::new() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_secret_leaves_no_plain_value_behind() {
        let variable = |name: &str, value: &str| Variable { name: name.into(), value: value.into() };
        let mut form = Form {
            environment: vec![variable("A", "hunter2"), variable("B", "arn:aws:ssm:eu-west-1:1:parameter/b")],
            ..Form::default()
        };
        convert(&mut form, Kind::Plain, 0);
        convert(&mut form, Kind::Plain, 0);
        convert(&mut form, Kind::Plain, 7);
        let secrets: Vec<_> = form.secrets.iter().map(|s| (s.name.as_str(), s.value_from.as_str())).collect();
        assert_eq!(secrets, [("A", ""), ("B", "arn:aws:ssm:eu-west-1:1:parameter/b")]);
        assert!(form.environment.is_empty());
    }
}
