//! The ports the container listens on.

use super::{form::SectionProps, judged::CONTAINER, number::NumberField};
use crate::components::{Button, Emphasis, Icon, Remarks, Size, typed};
use sociscope_fargate::form::{Port, Protocol};
use yew::prelude::*;

/// One row per port.
#[component]
pub fn PortsSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let ports = &editor.form().ports;
    let add = editor.step(|form| form.ports.push(Port::default()));
    html! {
        <section aria-labelledby="s-ports">
            <h2 id="s-ports">{ "Ports" }</h2>
            <div class="rows">
                { for ports.iter().enumerate().map(|(index, port)| {
                    let place = format!("{CONTAINER}/portMappings/{index}");
                    let remarks = judged.within(&place);
                    html! {
                        <div key={index} class="portrow">
                            <NumberField
                                id={format!("port-{index}")}
                                label={format!("Port {}", index + 1)}
                                value={Some(port.container_port)}
                                onchange={editor.on(format!("port {index}"), move |form, number: Option<u32>| {
                                    if let (Some(port), Some(number)) = (form.ports.get_mut(index), number) {
                                        port.container_port = number;
                                    }
                                })}
                            />
                            <div class="field">
                                <label for={format!("protocol-{index}")}>
                                    { "Protocol" }<span class="vh">{ format!(" of port {}", index + 1) }</span>
                                </label>
                                <select
                                    id={format!("protocol-{index}")}
                                    class="select"
                                    onchange={editor.on(format!("protocol {index}"), move |form, event: Event| {
                                        if let Some(port) = form.ports.get_mut(index) {
                                            port.protocol = protocol(&typed(&event));
                                        }
                                    })}
                                >
                                    { for [Protocol::Tcp, Protocol::Udp].into_iter().map(|one| html! {
                                        <option value={one.as_str()} selected={one == port.protocol}>{ one.as_str() }</option>
                                    }) }
                                </select>
                            </div>
                            <Button
                                icon={Icon::Cross}
                                emphasis={Emphasis::Quiet}
                                title="Remove"
                                label={format!("Remove port {}", port.container_port)}
                                onclick={editor.step(move |form| {
                                    if index < form.ports.len() {
                                        form.ports.remove(index);
                                    }
                                })}
                            />
                            if !remarks.is_empty() {
                                <Remarks id={format!("port-{index}-said")} {remarks} />
                            }
                        </div>
                    }
                }) }
                <div class="row row--wrap">
                    <Button icon={Icon::Plus} size={Size::Small} onclick={add}>{ "Port" }</Button>
                    if ports.is_empty() {
                        <span class="dim small">{ "The image exposes none" }</span>
                    }
                </div>
            </div>
        </section>
    }
}

fn protocol(name: &str) -> Protocol {
    if name == Protocol::Udp.as_str() { Protocol::Udp } else { Protocol::Tcp }
}
