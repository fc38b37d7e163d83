//! While a compressed file is unpacked: how far, how fast, how long, and why at all.

use super::steps::UnpackingSteps;
use crate::{
    components::{Figure, Figures, Headline, Notice, Panel, Tone},
    model::Unpacking,
};
use sociscope_engine::human;
use yew::prelude::*;

/// Props of [`UnpackingView`].
#[derive(PartialEq, Properties)]
pub struct UnpackingViewProps {
    /// How far it is.
    pub unpacking: Unpacking,
}

/// The first step of a file that is compressed as a whole.
#[component]
pub fn UnpackingView(props: &UnpackingViewProps) -> Html {
    let unpacking = &props.unpacking;
    let name = &unpacking.source.name;
    html! {
        <div class="page page--narrow">
            <section class="panel" aria-labelledby="verdict">
                <div class="headline">
                    <Headline tone={Tone::Busy} title={format!("Unpacking {name}")}>
                        <p>
                            { format!(
                                "The whole file is compressed with {}, so nothing in it can be reached before it is unpacked, once.",
                                unpacking.format,
                            ) }
                        </p>
                    </Headline>
                    <Progress unpacking={unpacking.clone()} />
                    <div class="full">
                        <progress
                            max={unpacking.total.to_string()}
                            value={unpacking.read.to_string()}
                            aria-label="Bytes of the file unpacked"
                        />
                    </div>
                </div>
            </section>
            <div class="analyse">
                <Panel id="copy" title="Where it goes" padded=true>
                    { place(unpacking) }
                </Panel>
                <UnpackingSteps unpacking={unpacking.clone()} />
            </div>
        </div>
    }
}

fn place(unpacking: &Unpacking) -> Html {
    if unpacking.in_memory {
        return html! {
            <Notice tone={Tone::Warn} title="Into memory">
                { format!(
                    "This browser keeps no files for this page, as in a private window. Up to {} are unpacked into memory instead.",
                    human::size(crate::browser::storage::MEMORY_LIMIT),
                ) }
            </Notice>
        };
    }
    html! {
        <>
            <p>
                { "Into a temporary file in the storage that your browser keeps for this page. No other \
                   page and no other program is given it." }
            </p>
            <p class="muted">
                { "It is removed when you open another file, close this one or cancel. If the tab is closed \
                   or crashes before that, the next visit removes it." }
            </p>
        </>
    }
}

#[component]
fn Progress(props: &UnpackingViewProps) -> Html {
    let unpacking = &props.unpacking;
    let rate = |rate: f64| if rate > 0.0 { human::rate(rate) } else { "–".to_owned() };
    let of = unpacking.stated.filter(|stated| *stated >= unpacking.written);
    html! {
        <Figures>
            <Figure
                label="Read"
                value={human::percent(unpacking.read, unpacking.total)}
                context={human::part_of(unpacking.read, unpacking.total)}
            />
            <Figure
                label="Written"
                value={human::size(unpacking.written)}
                context={of.map(|stated| format!("of {} at least", human::size(stated))).unwrap_or_default()}
            />
            <Figure
                label="Rate"
                value={rate(unpacking.rate)}
                context={if unpacking.written_rate > 0.0 {
                    format!("{} written", human::rate(unpacking.written_rate))
                } else {
                    String::new()
                }}
            />
            <Figure
                label="Left"
                value={unpacking.left.map_or_else(|| "–".to_owned(), human::duration)}
                context={format!("{} elapsed", human::duration(unpacking.elapsed))}
            />
        </Figures>
    }
}
