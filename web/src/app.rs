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
    _listeners: Vec<Listener>,
}

impl Component for App {
    type Message = Event;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let emit = ctx.link().callback(|event: Event| event);
        let listeners = web_sys::window().map(|window| {
            let (changed, left, returned) = (emit.clone(), emit.clone(), emit.clone());
            vec![
                Listener::on(&window, "hashchange", move |_| changed.emit(Event::AddressChanged)),
                Listener::on(&window, "pagehide", move |_| left.emit(Event::Left)),
                Listener::on(&window, "pageshow", move |_| returned.emit(Event::Returned)),
            ]
        });
        Self {
            _drop_zone: DropZone::new(emit.reform(Event::Drag)),
            _listeners: listeners.unwrap_or_default(),
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
