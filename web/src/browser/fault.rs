//! When the program itself breaks down: it cannot draw any more, so a part of `index.html` that was
//! hidden until then says so.

/// Shows the notice on a panic, besides logging it.
pub fn watch() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let notice = super::window().and_then(|window| window.document()?.get_element_by_id("fault"));
        if let Some(notice) = notice {
            // Failing here leaves the console.
            let _ = notice.remove_attribute("hidden");
        }
    }));
}
