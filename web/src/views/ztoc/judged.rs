//! Where a zTOC and what its layer says are not the same.

use crate::{
    components::Panel,
    model::{CheckedLayer, LayerCheck},
};
use sociscope_engine::human;
use yew::prelude::*;

/// Props of [`Judged`].
#[derive(PartialEq, Properties)]
pub struct JudgedProps {
    /// The layer, when there is one.
    pub layer: Option<CheckedLayer>,
}

/// The differences; nothing without any.
#[component]
pub fn Judged(props: &JudgedProps) -> Html {
    let Some(LayerCheck::Done(found)) = props.layer.as_ref().map(|layer| &layer.check) else {
        return Html::default();
    };
    if found.differences.is_empty() {
        return Html::default();
    }
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let more = found.difference_count.saturating_sub(found.differences.len() as u64);
    html! {
        <Panel
            id="differences"
            title="Differences"
            head={html! {
                <span class="dim small end">{ human::counted(found.difference_count, "difference") }</span>
            }}
        >
            <div class="scroll" role="region" aria-labelledby="differences" tabindex="0">
                <table class="tbl tbl--paths">
                    <thead>
                        <tr>
                            <th scope="col">{ "What" }</th>
                            <th scope="col">{ "In this zTOC" }</th>
                            <th scope="col">{ "By the layer" }</th>
                        </tr>
                    </thead>
                    <tbody>
                        { for found.differences.iter().map(|difference| html! {
                            <tr>
                                <th scope="row">{ &difference.what }</th>
                                <td class="mono">{ side(&difference.left) }</td>
                                <td class="mono">{ side(&difference.right) }</td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
            if more > 0 {
                <p class="panel__body muted">{ format!("And {} more.", human::count(more)) }</p>
            }
        </Panel>
    }
}
