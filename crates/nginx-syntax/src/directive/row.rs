//! The columns of the directive table, with names short enough for one row on one line.

use super::context::Context;
use super::value::Value::{self, Any};
use super::version::Version;

/// One row of the table: a name in some contexts. A name may have several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) contexts: u16,
    pub(super) arguments: u16,
    pub(super) value: Value,
    pub(super) is_block: bool,
    pub(super) once: bool,
    pub(super) since: Version,
    pub(super) removed: Option<Version>,
}

/// True when a directive with these `arguments` takes `count` of them.
pub(super) fn takes(arguments: u16, count: usize) -> bool {
    match arguments {
        M1 => count >= 1,
        M2 => count >= 2,
        counts => count < 8 && counts & (1 << count) != 0,
    }
}

// Contexts.
pub(super) const MAIN: u16 = Context::Main.bit();
pub(super) const EVENTS: u16 = Context::Events.bit();
pub(super) const H: u16 = Context::Http.bit();
pub(super) const S: u16 = Context::Server.bit();
pub(super) const SI: u16 = Context::ServerIf.bit();
pub(super) const L: u16 = Context::Location.bit();
pub(super) const LI: u16 = Context::LocationIf.bit();
pub(super) const LE: u16 = Context::LimitExcept.bit();
pub(super) const U: u16 = Context::Upstream.bit();
pub(super) const ST: u16 = Context::Stream.bit();
pub(super) const SS: u16 = Context::StreamServer.bit();
pub(super) const SU: u16 = Context::StreamUpstream.bit();
pub(super) const ML: u16 = Context::Mail.bit();
pub(super) const MS: u16 = Context::MailServer.bit();
pub(super) const HSL: u16 = H | S | L;
pub(super) const EVERYWHERE: u16 = u16::MAX;

// Numbers of arguments: the counts that are taken, as bits, or "so many and more".
pub(super) const T0: u16 = 1;
pub(super) const T1: u16 = 1 << 1;
pub(super) const T2: u16 = 1 << 2;
pub(super) const T3: u16 = 1 << 3;
pub(super) const T01: u16 = T0 | T1;
pub(super) const T12: u16 = T1 | T2;
pub(super) const T23: u16 = T2 | T3;
pub(super) const T012: u16 = T0 | T12;
pub(super) const T123: u16 = T12 | T3;
pub(super) const T1234: u16 = T123 | 1 << 4;
pub(super) const M1: u16 = 1 << 9;
pub(super) const M2: u16 = 1 << 10;

/// A directive that ends with `;`.
pub(super) const fn row(name: &'static str, contexts: u16, arguments: u16, value: Value) -> Row {
    Row {
        name,
        contexts,
        arguments,
        value,
        is_block: false,
        once: false,
        since: Version::new(0, 0, 0),
        removed: None,
    }
}

/// A directive with a block.
pub(super) const fn block(name: &'static str, contexts: u16, arguments: u16) -> Row {
    Row {
        is_block: true,
        ..row(name, contexts, arguments, Any)
    }
}

impl Row {
    /// A second one in the same block is refused.
    pub(super) const fn once(self) -> Self {
        Self { once: true, ..self }
    }

    pub(super) const fn since(self, major: u16, minor: u16, patch: u16) -> Self {
        Self {
            since: Version::new(major, minor, patch),
            ..self
        }
    }

    pub(super) const fn until(self, major: u16, minor: u16, patch: u16) -> Self {
        Self {
            removed: Some(Version::new(major, minor, patch)),
            ..self
        }
    }
}
