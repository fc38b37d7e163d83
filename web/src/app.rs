//! The root: connects the [`Session`] to the window and to the views.

use yew::{Component, Context, Html, html};

use crate::{
    browser::drop_zone::DropZone,
    components::dom::Listener,
    model::Dispatch,
    session::{Event, Session},
    views::Shell,
};

/// The page.
pub struct App {
    session: Session,
    dispatch: Dispatch,
    _drop_zone: DropZone,
    _address: Option<Listener>,
}

impl Component for App {
    type Message = Event;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let emit = ctx.link().callback(|event: Event| event);
        let changed = emit.clone();
        Self {
            _drop_zone: DropZone::new(emit.reform(Event::Drag)),
            _address: web_sys::window().map(|window| {
                Listener::on(&window, "hashchange", move |_| changed.emit(Event::AddressChanged))
            }),
            dispatch: emit.reform(Event::Action),
            session: Session::new(emit),
        }
    }

    fn update(&mut self, _: &Context<Self>, event: Event) -> bool {
        self.session.handle(event)
    }

    fn view(&self, _: &Context<Self>) -> Html {
        html! { <Shell state={self.session.state().clone()} dispatch={self.dispatch.clone()} /> }
    }
}
