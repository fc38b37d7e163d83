//! An archive on its way to the disk: how far, how fast, and the way to stop it. It stands over
//! every view, because the reader may go on to the task definition, or to another file.

use crate::{
    components::{Button, Size, dom, use_announcer},
    model::{Action, Dispatch, SavePhase, Saving},
};
use sociscope_engine::human;
use yew::prelude::*;

/// Props of [`SaveProgress`].
#[derive(Clone, PartialEq, Properties)]
pub struct SaveProgressProps {
    /// How far it is.
    pub saving: Saving,
    /// Where actions go.
    pub dispatch: Dispatch,
}

/// The progress of a save.
#[component]
pub fn SaveProgress(props: &SaveProgressProps) -> Html {
    let SaveProgressProps { saving, dispatch } = props;
    let announcer = use_announcer();
    use_effect_with(saving.phase, {
        let words = format!("{} {}", verb(saving.phase), saving.name);
        move |_| announcer.say(words)
    });
    use_leave_warning();
    let stopping = saving.phase == SavePhase::Stopping;
    html! {
        <section class="saving" aria-label={format!("Saving {}", saving.name)}>
            <div class="saving__words">
                <span class="saving__name">
                    { verb(saving.phase) }{ " " }<span class="mono">{ &saving.name }</span>
                </span>
                <span class="muted nowrap">{ amount(saving) }</span>
            </div>
            <progress
                max={saving.total.to_string()}
                value={saving.done.to_string()}
                aria-label={format!("{} {}", verb(saving.phase), saving.name)}
            />
            if saving.phase != SavePhase::Finishing {
                <Button
                    size={Size::Small}
                    disabled={stopping}
                    label={format!(" saving {}", saving.name)}
                    onclick={dispatch.reform(|_| Action::CancelSave)}
                >
                    { "Cancel" }
                </Button>
            }
        </section>
    }
}

fn verb(phase: SavePhase) -> &'static str {
    match phase {
        SavePhase::Writing => "Saving",
        SavePhase::Checking => "Checking",
        SavePhase::Finishing => "Finishing",
        SavePhase::Stopping => "Stopping",
    }
}

/// "412 of 1,342 MiB, 380 MiB/s"
fn amount(saving: &Saving) -> String {
    let amount = human::part_of(saving.done, saving.total);
    if saving.rate > 0.0 && matches!(saving.phase, SavePhase::Writing | SavePhase::Checking) {
        format!("{amount}, {}", human::rate(saving.rate))
    } else {
        amount
    }
}

/// While bytes are on their way, the browser asks before it closes the tab.
#[hook]
fn use_leave_warning() {
    use_effect_with((), |()| {
        let listener = web_sys::window()
            .map(|window| dom::Listener::on(&window, "beforeunload", |event| event.prevent_default()));
        move || drop(listener)
    });
}
