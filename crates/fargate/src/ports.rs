//! From `EXPOSE` to port mappings.

use crate::form::{Port, Protocol};
use sociscope_image::config::RunConfig;

/// The outcome of [`of_image`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExposedPorts {
    /// Ports a definition can map, by number and then protocol.
    pub ports: Vec<Port>,
    /// What the image exposes and ECS has no form for, as written.
    pub unmapped: Vec<String>,
}

/// Reads the exposed ports of an image: keys such as `8080/tcp`, `53/udp`, `8080`.
///
/// `EXPOSE` alone opens nothing on Fargate. The host port is left out, because a task has its own
/// network interface. `sctp` has no form in ECS.
#[must_use]
pub fn of_image(config: &RunConfig) -> ExposedPorts {
    let mut found = ExposedPorts::default();
    for key in config.exposed_ports.keys() {
        let (number, protocol) = key.split_once('/').unwrap_or((key, "tcp"));
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "" | "tcp" => Some(Protocol::Tcp),
            "udp" => Some(Protocol::Udp),
            _ => None,
        };
        match (number.parse::<u16>(), protocol) {
            (Ok(number @ 1..), Some(protocol)) => {
                let port = Port { container_port: number.into(), protocol, name: None };
                if !found.ports.contains(&port) {
                    found.ports.push(port);
                }
            }
            _ => found.unmapped.push(key.clone()),
        }
    }
    found.ports.sort_by_key(|port| (port.container_port, port.protocol));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tcp_and_udp_are_mapped_in_order_and_the_rest_is_told() {
        let keys = [
            "9090/tcp",
            "53/udp",
            "53",
            "53/TCP",
            "80/",
            "9/sctp",
            "0/tcp",
            "70000/tcp",
            "8000-8010/tcp",
            "x",
        ];
        let exposed_ports = keys.iter().map(|&key| (key.to_owned(), json!({}))).collect();
        let found = of_image(&RunConfig { exposed_ports, ..RunConfig::default() });
        let ports: Vec<_> = found.ports.iter().map(|p| (p.container_port, p.protocol.as_str())).collect();
        assert_eq!(ports, [(53, "tcp"), (53, "udp"), (80, "tcp"), (9090, "tcp")]);
        assert_eq!(found.unmapped, ["0/tcp", "70000/tcp", "8000-8010/tcp", "9/sctp", "x"]);
    }
}
