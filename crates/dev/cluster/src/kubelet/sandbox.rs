//! A Pod's network: a namespace with an address on the bridge.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::{BRIDGE, NODE_ADDRESS, ip};

/// For how long the link outlives the process: on a busy machine the last packets, which end its
/// connections, are still under way.
const LINGER: Duration = Duration::from_millis(300);

/// The network namespace of a Pod, removed when dropped.
pub(super) struct Sandbox {
    /// The name of the namespace, for `ip netns exec`.
    pub(super) name: String,
    /// The Pod's address.
    pub(super) address: Ipv4Addr,
}

impl Sandbox {
    /// `number` is the last part of the address.
    pub(super) fn new(number: u8) -> Result<Self> {
        let sandbox = Self {
            name: format!("pod{number}"),
            address: Ipv4Addr::new(10, 244, 0, number),
        };
        let Self { name, address } = &sandbox;
        ip(&format!("netns add {name}"))?;
        // An address belongs to one hardware address for ever: neighbours remember it for longer
        // than Pods live.
        let hardware = format!("02:00:0a:f4:00:{number:02x}");
        ip(&format!(
            "link add veth{number} type veth peer name eth0 address {hardware} netns {name}"
        ))?;
        ip(&format!("link set veth{number} master {BRIDGE} up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        ip(&format!("-n {name} address add {address}/16 dev eth0"))?;
        ip(&format!("-n {name} link set eth0 up"))?;
        ip(&format!("-n {name} route add default via {NODE_ADDRESS}"))?;
        Ok(sandbox)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        thread::sleep(LINGER);
        // The link goes at once, the namespace when its last process has ended: the address is free.
        let number = self.address.octets()[3];
        let _ = ip(&format!("link delete veth{number}"));
        let _ = ip(&format!("netns delete {}", self.name));
    }
}
