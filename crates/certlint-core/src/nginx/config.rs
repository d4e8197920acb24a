//! The directives that matter, by level, as the walk collects them before anything is inherited.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Location;

use super::listen::Listen;
use super::variable::Map;

/// A whole configuration.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) http: Block,
    pub(super) mail: Block,
    pub(super) stream: Block,
    pub(super) has_events: bool,
    pub(super) variables: Variables,
}

/// An `http`, `mail` or `stream` block.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) scope: Scope,
    pub(super) servers: Vec<Server>,
}

impl Block {
    /// Something in it was not read, so that it may have more servers, or listen elsewhere.
    pub(super) fn is_open_ended(&self) -> bool {
        self.scope.open_ended || self.servers.iter().any(|server| server.scope.open_ended)
    }
}

/// The TLS directives of one level: the block itself or one server.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) certificates: Vec<Argument>,
    pub(super) keys: Vec<Argument>,
    /// `ssl_trusted_certificate`: it is not sent, and often has the issuer of what is.
    pub(super) trusted: Option<Argument>,
    pub(super) has_password_file: bool,
    pub(super) reject_handshake: Option<bool>,
    /// `ssl on` of nginx before 1.25.1: every listen of the server speaks TLS.
    pub(super) ssl_on: Option<bool>,
    /// `starttls on` or `only` of mail: TLS after a plain greeting.
    pub(super) starttls: Option<bool>,
    /// A directive that replaces the certificate at run time: `ssl_certificate_by_lua_block`,
    /// `ssl_conf_command Certificate …`.
    pub(super) replaced_by: Option<Argument>,
    /// Something here was included from outside the tree, so that more directives may follow.
    pub(super) open_ended: bool,
}

/// A `server` block.
#[derive(Debug)]
pub(super) struct Server {
    /// The word `server`.
    pub(super) at: Location,
    pub(super) scope: Scope,
    pub(super) names: Vec<Argument>,
    pub(super) listens: Vec<ServerListen>,
}

/// A `listen` directive of a server.
#[derive(Debug)]
pub(super) struct ServerListen {
    pub(super) listen: Listen,
    /// The address word.
    pub(super) at: Location,
}

/// A word with its place.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) text: Box<[u8]>,
    pub(super) at: Location,
}

/// Which variables there are, as far as certificate paths can use them.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// `map $source $name { … }`, by name without `$`.
    pub(super) maps: BTreeMap<Vec<u8>, Map>,
    /// Named captures of `server_name` and variables of `set`: empty during the handshake.
    pub(super) empty: BTreeSet<Vec<u8>>,
}
