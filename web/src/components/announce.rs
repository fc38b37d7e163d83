//! What changes without being looked at is said once, politely, to a screen reader.

use yew::prelude::*;

/// Says a sentence. Found through [`use_announcer`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Announcer(Callback<AttrValue>);

impl Announcer {
    /// Says `sentence`.
    pub fn say(&self, sentence: impl Into<AttrValue>) {
        self.0.emit(sentence.into());
    }
}

/// The announcer of the page.
#[hook]
pub fn use_announcer() -> Announcer {
    use_context::<Announcer>().unwrap_or_default()
}

/// Props of [`LiveRegion`].
#[derive(PartialEq, Properties)]
pub struct LiveRegionProps {
    /// Everything that may want to say something.
    pub children: Html,
}

/// Holds the page and the one live region in it.
#[component]
pub fn LiveRegion(props: &LiveRegionProps) -> Html {
    let said = use_state(|| (0_u32, AttrValue::default()));
    let announcer = {
        let setter = said.setter();
        let count = use_mut_ref(|| 0_u32);
        use_memo((), move |()| {
            Announcer(Callback::from(move |sentence| {
                let mut count = count.borrow_mut();
                *count = count.wrapping_add(1);
                setter.set((*count, sentence));
            }))
        })
    };
    let (count, sentence) = &*said;
    // The same sentence twice is no change to a live region, so every other one ends in a blank.
    let blank = if count % 2 == 0 { "" } else { "\u{a0}" };
    html! {
        <ContextProvider<Announcer> context={(*announcer).clone()}>
            { props.children.clone() }
            <div class="vh" role="status" aria-live="polite">{ sentence }{ blank }</div>
        </ContextProvider<Announcer>>
    }
}
