//! What stands in place of a result: verdict, reason, facts, way out. Never a dead end.

use super::words::marked;
use crate::{
    components::{Button, CopyButton, Emphasis, Facts, Headline, Size, Tone, pick_file},
    model::{Action, Culprit, Dispatch, Failure, Source},
};
use sociscope_engine::human;
use yew::prelude::*;

/// Props of [`FailureView`].
#[derive(PartialEq, Properties)]
pub struct FailureViewProps {
    /// The file, when there was one.
    pub source: Option<Source>,
    /// What happened.
    pub failure: Failure,
    /// Where actions go.
    pub dispatch: Dispatch,
}

/// The page of a file that could not be analysed.
#[component]
pub fn FailureView(props: &FailureViewProps) -> Html {
    let FailureViewProps { source, failure, dispatch } = props;
    let facts = facts(source.as_ref(), failure);
    let report = report(failure, &facts);
    html! {
        <div class="page">
            <article class="panel case" aria-labelledby="verdict">
                <div class="case__body">
                    <FailureWords failure={failure.clone()} />
                    if !facts.is_empty() {
                        <Facts {facts} />
                    }
                </div>
                <div class="case__foot">
                    <Button emphasis={Emphasis::Primary} onclick={Callback::from(|_| pick_file())}>
                        { "Choose another file" }
                    </Button>
                    <Button onclick={dispatch.reform(|_| Action::OpenSample)}>
                        { "Try the built-in sample" }
                    </Button>
                    <CopyButton text={report} what="report" words="Copy report" size={Size::Medium} />
                </div>
            </article>
        </div>
    }
}

/// Props of [`FailureWords`].
#[derive(PartialEq, Properties)]
pub struct FailureWordsProps {
    /// What happened.
    pub failure: Failure,
}

/// Verdict, whose fault, reason, way out.
#[component]
pub fn FailureWords(props: &FailureWordsProps) -> Html {
    let failure = &props.failure;
    html! {
        <Headline tone={tone(failure.culprit)} title={failure.headline.clone()}>
            <p>{ marked(&failure.reason) }{ " " }{ whose(failure.culprit) }</p>
            if let Some(fix) = &failure.fix {
                <p><b>{ marked(fix) }</b></p>
            }
        </Headline>
    }
}

/// How bad it is: a broken file stops you, a missing feature has a way round.
pub fn tone(culprit: Culprit) -> Tone {
    match culprit {
        Culprit::File | Culprit::Sociscope => Tone::Bad,
        Culprit::Unsupported | Culprit::Limit => Tone::Warn,
    }
}

fn whose(culprit: Culprit) -> &'static str {
    match culprit {
        Culprit::File => "The fault is in the file.",
        Culprit::Unsupported => "The file is fine; this is not supported.",
        Culprit::Limit => "The file may be fine; it is beyond a limit.",
        Culprit::Sociscope => "A fault in Sociscope, not in your file.",
    }
}

fn facts(source: Option<&Source>, failure: &Failure) -> Vec<(AttrValue, AttrValue)> {
    let file = source
        .map(|source| ("file".into(), format!("{}, {}", source.name, human::file_size(source.size)).into()));
    // The file is named already.
    let others = failure
        .facts
        .iter()
        .filter(|(name, value)| (*name, value.as_str()) != ("where", "the file"))
        .map(|(name, value)| ((*name).into(), value.clone().into()));
    file.into_iter().chain(others).collect()
}

/// The failure as text, to be pasted into an issue: names, sizes and digests, no file contents.
fn report(failure: &Failure, facts: &[(AttrValue, AttrValue)]) -> String {
    let mut text = format!("{}\n{}\n", failure.headline, failure.reason);
    for (name, value) in facts {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("Sociscope {}\n", sociscope_engine::VERSION));
    text
}
