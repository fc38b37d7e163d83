//! The health check ECS runs; it does not look at the one in the image.

use super::{
    args::ArgsField,
    form::{Check, SectionProps},
    judged::CONTAINER,
    number::NumberField,
};
use crate::components::{Choice, Choices, Field};
use sociscope_fargate::form::{Form, FormHealthCheck};
use yew::prelude::*;

const SHELL: &str = "CMD-SHELL";
const PROGRAM: &str = "CMD";

/// Command and times.
#[component]
pub fn HealthSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let check = editor.form().health_check.as_ref();
    let toggle = editor.step(|form| {
        form.health_check = match form.health_check.take() {
            Some(_) => None,
            None => Some(FormHealthCheck {
                command: vec![SHELL.into(), "curl -fs http://localhost/ || exit 1".into()],
                ..FormHealthCheck::default()
            }),
        };
    });
    let from_image = judged.config.config.healthcheck.is_some();
    html! {
        <section aria-labelledby="s-health">
            <h2 id="s-health">{ "Health check" }</h2>
            <div>
                <Check
                    id="health"
                    label="Restart the task when this fails"
                    checked={check.is_some()}
                    onchange={toggle}
                    remarks={judged.of_container("healthCheck")}
                />
                if from_image {
                    <p class="hint">{ "Taken from HEALTHCHECK in the image, which ECS ignores" }</p>
                }
                if let Some(check) = check {
                    <CheckCommand check={check.clone()} editor={editor.clone()} judged={judged.clone()} />
                    { times(props, check) }
                }
            </div>
        </section>
    }
}

/// Props of [`CheckCommand`].
#[derive(PartialEq, Properties)]
struct CheckCommandProps {
    check: FormHealthCheck,
    editor: super::Editor,
    judged: std::rc::Rc<super::Judged>,
}

#[component]
fn CheckCommand(props: &CheckCommandProps) -> Html {
    let CheckCommandProps { check, editor, judged } = props;
    let (kind, words) =
        check.command.split_first().map_or((SHELL, &[][..]), |(kind, words)| (kind.as_str(), words));
    let shell = kind != PROGRAM;
    let remarks = judged.within(&format!("{CONTAINER}/healthCheck/command"));
    let onchoose = editor.on("health kind", |form: &mut Form, index: usize| {
        if let Some(check) = &mut form.health_check {
            let words = check.command.get(1..).unwrap_or_default().to_vec();
            check.command = if index == 0 {
                vec![SHELL.to_owned(), super::args::join(&words)]
            } else {
                // A script that a shell alone can read stays one argument.
                let words = super::args::split(&words.join(" ")).unwrap_or(words);
                std::iter::once(PROGRAM.to_owned()).chain(words).collect()
            };
        }
    });
    html! {
        <>
            <Choices
                legend="How the health check runs"
                name="health-kind"
                class="seg--sm"
                choices={vec![Choice::text("Shell command"), Choice::text("Program and arguments")]}
                chosen={Some(usize::from(!shell))}
                {onchoose}
            />
            if shell {
                <Field
                    id="health-command"
                    label="Command"
                    mono=true
                    value={words.join(" ")}
                    {remarks}
                    oninput={editor.on("health command", |form: &mut Form, script: String| {
                        if let Some(check) = &mut form.health_check {
                            check.command = vec![SHELL.to_owned(), script];
                        }
                    })}
                />
            } else {
                <ArgsField
                    id="health-command"
                    label="Program and arguments"
                    value={(!words.is_empty()).then(|| words.to_vec())}
                    {remarks}
                    onchange={editor.on("health command", |form: &mut Form, words: Option<Vec<String>>| {
                        if let Some(check) = &mut form.health_check {
                            check.command = std::iter::once(PROGRAM.to_owned()).chain(words.unwrap_or_default()).collect();
                        }
                    })}
                />
            }
        </>
    }
}

fn times(props: &SectionProps, check: &FormHealthCheck) -> Html {
    let field = |id: &'static str,
                 label: &'static str,
                 member: &str,
                 value: u32,
                 put: fn(&mut FormHealthCheck, u32)| {
        html! {
            <NumberField
                {id}
                {label}
                value={Some(value)}
                remarks={props.judged.of_container(&format!("healthCheck/{member}"))}
                onchange={props.editor.on(id, move |form: &mut Form, seconds: Option<u32>| {
                    if let (Some(check), Some(seconds)) = (&mut form.health_check, seconds) {
                        put(check, seconds);
                    }
                })}
            />
        }
    };
    html! {
        <div class="cols">
            { field("health-interval", "Interval, s", "interval", check.interval, |check, s| check.interval = s) }
            { field("health-timeout", "Timeout, s", "timeout", check.timeout, |check, s| check.timeout = s) }
            { field("health-retries", "Retries", "retries", check.retries, |check, n| check.retries = n) }
            { field("health-start", "Start period, s", "startPeriod", check.start_period, |check, s| check.start_period = s) }
        </div>
    }
}
