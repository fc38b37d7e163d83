//! Key figures: a label, a value with its unit, one line of context.

use yew::prelude::*;

/// Props of [`Figures`].
#[derive(PartialEq, Properties)]
pub struct FiguresProps {
    /// [`Figure`]s.
    pub children: Html,
}

/// A row of figures; two columns where it is narrow.
#[component]
pub fn Figures(props: &FiguresProps) -> Html {
    html! { <dl class="figs">{ props.children.clone() }</dl> }
}

/// Props of [`Figure`].
#[derive(PartialEq, Properties)]
pub struct FigureProps {
    /// What it measures.
    pub label: AttrValue,
    /// The value, with unit.
    pub value: AttrValue,
    /// What to compare it with.
    #[prop_or_default]
    pub context: AttrValue,
}

/// One figure.
#[component]
pub fn Figure(props: &FigureProps) -> Html {
    html! {
        <div class="fig">
            <dt>{ &props.label }</dt>
            <dd>{ &props.value }</dd>
            if !props.context.is_empty() {
                <dd class="sub">{ &props.context }</dd>
            }
        </div>
    }
}
