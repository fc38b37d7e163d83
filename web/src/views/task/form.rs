//! The form, in the order in which one decides.

use super::{
    Editor, Judged,
    args::{ArgsField, join},
    editor::optional,
    environment::EnvironmentSection,
    health::HealthSection,
    number::NumberField,
    ports::PortsSection,
    size::SizeSection,
    uri_remarks,
};
use crate::{
    components::{Field, Notice, Remark, Remarks, Tone},
    model::Run,
};
use sociscope_fargate::{ecr::ImageUri, platform::Runtime, roles};
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`TaskForm`].
#[derive(Properties)]
pub struct TaskFormProps {
    /// The analysis.
    pub run: Run,
    /// Changes the form.
    pub editor: Editor,
    /// What the rules say about it.
    pub judged: Rc<Judged>,
}

impl PartialEq for TaskFormProps {
    fn eq(&self, other: &Self) -> bool {
        self.editor == other.editor && self.judged == other.judged
    }
}

/// Props of one section of the form.
#[derive(Clone, PartialEq, Properties)]
pub struct SectionProps {
    /// Changes the form.
    pub editor: Editor,
    /// What the rules say about it.
    pub judged: Rc<Judged>,
}

/// The form.
#[component]
pub fn TaskForm(props: &TaskFormProps) -> Html {
    let section = SectionProps { editor: props.editor.clone(), judged: props.judged.clone() };
    let runtime = Runtime::of_image(&props.judged.config);
    // Enter in a field would submit; there is nothing to submit to.
    let onsubmit = Callback::from(|event: SubmitEvent| event.prevent_default());
    html! {
        <form class="form pane" aria-label="Task definition form" {onsubmit}>
            if let Err(error) = &runtime {
                <Notice tone={Tone::Bad} title="Fargate cannot run this image"><p>{ error.to_string() }</p></Notice>
            }
            <ImageSection ..section.clone() />
            <SizeSection ..section.clone() />
            <RolesSection ..section.clone() />
            <PortsSection ..section.clone() />
            <EnvironmentSection ..section.clone() />
            <ProcessSection ..section.clone() />
            <HealthSection ..section.clone() />
            <LogsSection ..section />
        </form>
    }
}

#[component]
fn ImageSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let form = editor.form();
    let mut uri = uri_remarks(&form.image_uri);
    let about = judged.of_container("image");
    // What the rules say is said about the same text, with more knowledge.
    if !about.is_empty() {
        uri.retain(|remark| remark.tone == Tone::Ok);
        uri.extend(about);
    }
    let architecture = match Runtime::of_image(&judged.config) {
        Ok(runtime) => runtime.cpu_architecture,
        Err(_) => "none",
    };
    html! {
        <section aria-labelledby="s-image">
            <h2 id="s-image">{ "Image" }</h2>
            <div>
                <Field
                    id="uri"
                    label="Image URI after the push"
                    mono=true
                    value={form.image_uri.clone()}
                    remarks={uri}
                    oninput={editor.on("uri", |form, uri| form.image_uri = uri)}
                />
                <div class="cols">
                    <Field
                        id="family"
                        label="Family"
                        value={form.family.clone()}
                        remarks={judged.remarks("/family")}
                        oninput={editor.on("family", |form, family| form.family = family)}
                    />
                    <Field
                        id="container"
                        label="Container name"
                        value={form.container_name.clone()}
                        remarks={judged.of_container("name")}
                        oninput={editor.on("container", |form, name| form.container_name = name)}
                    />
                    <div class="field">
                        <span class="label">{ "Architecture" }</span>
                        <p class="fixed">
                            { architecture }
                            <span class="dim small">
                                { format!("from {}/{}", judged.config.os, judged.config.architecture) }
                            </span>
                        </p>
                    </div>
                </div>
            </div>
        </section>
    }
}

#[component]
fn RolesSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let form = editor.form();
    let usual = ImageUri::parse(&form.image_uri)
        .ok()
        .map(|uri| AttrValue::from(roles::execution_role(uri.partition, &uri.account)));
    html! {
        <section aria-labelledby="s-roles">
            <h2 id="s-roles">{ "Roles" }</h2>
            <div>
                <Field
                    id="execution-role"
                    label="Execution role: pulls the image, writes logs, reads secrets"
                    mono=true
                    value={form.execution_role_arn.clone().unwrap_or_default()}
                    placeholder={usual}
                    remarks={judged.remarks("/executionRoleArn")}
                    oninput={editor.on("execution role", |form, arn| form.execution_role_arn = optional(arn))}
                />
                <Field
                    id="task-role"
                    label="Task role: what your code may do"
                    mono=true
                    value={form.task_role_arn.clone().unwrap_or_default()}
                    placeholder="none: the code calls no AWS API"
                    remarks={judged.remarks("/taskRoleArn")}
                    oninput={editor.on("task role", |form, arn| form.task_role_arn = optional(arn))}
                />
            </div>
        </section>
    }
}

#[component]
fn ProcessSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let form = editor.form();
    let image = &judged.config.config;
    let inherited = |words: Option<&Vec<String>>| {
        words
            .filter(|words| !words.is_empty())
            .map(|words| AttrValue::from(format!("image: {}", join(words))))
    };
    let or_nothing = |text: &str, nothing: &'static str| {
        AttrValue::from(if text.is_empty() { nothing.to_owned() } else { format!("image: {text}") })
    };
    html! {
        <section aria-labelledby="s-process">
            <h2 id="s-process">{ "Process" }</h2>
            <div>
                <ArgsField
                    id="entry-point"
                    label="Entry point, to replace the image's"
                    value={form.entry_point.clone()}
                    placeholder={inherited(image.entrypoint.as_ref()).unwrap_or("image: none".into())}
                    remarks={judged.of_container("entryPoint")}
                    onchange={editor.on("entry point", |form, words| form.entry_point = words)}
                />
                <ArgsField
                    id="command"
                    label="Command, to replace the image's"
                    value={form.command.clone()}
                    placeholder={inherited(image.cmd.as_ref()).unwrap_or("image: none".into())}
                    remarks={judged.of_container("command")}
                    onchange={editor.on("command", |form, words| form.command = words)}
                />
                <div class="cols">
                    <Field
                        id="workdir"
                        label="Working directory"
                        mono=true
                        value={form.working_directory.clone().unwrap_or_default()}
                        placeholder={or_nothing(&image.working_dir, "image: /")}
                        remarks={judged.of_container("workingDirectory")}
                        oninput={editor.on("workdir", |form, path| form.working_directory = optional(path))}
                    />
                    <Field
                        id="user"
                        label="User"
                        mono=true
                        value={form.user.clone().unwrap_or_default()}
                        placeholder={or_nothing(&image.user, "image: root")}
                        remarks={judged.of_container("user")}
                        oninput={editor.on("user", |form, user| form.user = optional(user))}
                    />
                    <NumberField
                        id="stop-timeout"
                        label="Stop timeout, s"
                        value={form.stop_timeout}
                        optional=true
                        placeholder="30"
                        remarks={judged.of_container("stopTimeout")}
                        onchange={editor.on("stop timeout", |form, seconds| form.stop_timeout = seconds)}
                    />
                </div>
                <Check
                    id="init"
                    label="Run an init process, which passes signals on and reaps orphans"
                    checked={form.init_process}
                    onchange={editor.step(|form| form.init_process = !form.init_process)}
                />
            </div>
        </section>
    }
}

#[component]
fn LogsSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let form = editor.form();
    let region = ImageUri::parse(&form.image_uri).ok().map(|uri| AttrValue::from(uri.region));
    let option = |name: &str| judged.of_container(&format!("logConfiguration/options/{name}"));
    let mut group = option("awslogs-group");
    group.extend(judged.of_container("logConfiguration"));
    group.extend(judged.of_container("logConfiguration/options"));
    html! {
        <section aria-labelledby="s-logs">
            <h2 id="s-logs">{ "Logs" }</h2>
            <div>
                <div class="cols">
                    <Field
                        id="log-group"
                        label="CloudWatch log group"
                        value={form.log_group.clone().unwrap_or_default()}
                        placeholder="none: output is lost"
                        remarks={group}
                        oninput={editor.on("log group", |form, group| form.log_group = optional(group))}
                    />
                    <Field
                        id="log-region"
                        label="Region"
                        value={form.log_region.clone().unwrap_or_default()}
                        placeholder={region}
                        remarks={option("awslogs-region")}
                        oninput={editor.on("log region", |form, region| form.log_region = optional(region))}
                    />
                    <Field
                        id="log-prefix"
                        label="Stream prefix"
                        value={form.log_stream_prefix.clone()}
                        remarks={option("awslogs-stream-prefix")}
                        oninput={editor.on("log prefix", |form, prefix| form.log_stream_prefix = prefix)}
                    />
                </div>
                <Check
                    id="log-create"
                    label="Create the group if it is missing"
                    checked={form.log_create_group}
                    onchange={editor.step(|form| form.log_create_group = !form.log_create_group)}
                    remarks={option("awslogs-create-group")}
                />
            </div>
        </section>
    }
}

/// Props of [`Check`].
#[derive(PartialEq, Properties)]
pub struct CheckProps {
    /// Id of the input, unique in the page.
    pub id: AttrValue,
    /// What it switches on.
    pub label: AttrValue,
    /// Whether it is on.
    pub checked: bool,
    /// It was switched.
    pub onchange: Callback<Event>,
    /// What is said about it.
    #[prop_or_default]
    pub remarks: Vec<Remark>,
}

/// A check box with its label.
#[component]
pub fn Check(props: &CheckProps) -> Html {
    let said = format!("{}-remarks", props.id);
    html! {
        <div class="field">
            <label class="check">
                <input
                    id={props.id.clone()}
                    type="checkbox"
                    checked={props.checked}
                    onchange={props.onchange.clone()}
                    aria-describedby={(!props.remarks.is_empty()).then(|| said.clone())}
                />
                { &props.label }
            </label>
            if !props.remarks.is_empty() {
                <Remarks id={said} remarks={props.remarks.clone()} />
            }
        </div>
    }
}
