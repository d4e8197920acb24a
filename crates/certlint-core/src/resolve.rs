//! Which server answers a name, which certificate it serves, and whether that covers the name.
//!
//! Answers come from the same tables that the rules use.

use std::net::SocketAddr;

use crate::model::{BundleId, Fragment, MatchedBy, Model};
use crate::source::Location;

/// What a client that asks for one name gets at one listener.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The name as it was asked for; empty for a client without SNI.
    pub name: String,
    /// The listener's label.
    pub listen: String,
    /// What happens.
    pub outcome: Outcome,
    /// Why, for [`Outcome::Unknown`] and [`Outcome::NoCertificate`].
    pub why: Option<String>,
    /// The `server` word of the server that answers.
    pub server: Location,
    /// The name of that server that matched, or its first one; empty for none.
    pub server_name: String,
    /// How the server was found.
    pub matched_by: MatchedBy,
    /// What is served; several for several key types.
    pub certificates: Vec<AnswerCertificate>,
}

/// A certificate in an [`Answer`].
#[derive(Clone, Debug)]
pub struct AnswerCertificate {
    /// The file it was read from.
    pub bundle: BundleId,
    /// The line that brings it.
    pub at: Location,
    /// Whether it covers the name, as one word: `covered`, `not-covered`, `partial`,
    /// `not-applicable`, `unknown`.
    pub verdict: &'static str,
}

/// What happens to a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake fails: there is no usable certificate.
    NoCertificate,
    /// No TLS there.
    Plain,
    /// `ssl_reject_handshake`.
    Rejected,
    /// A certificate is served.
    Served,
    /// Only run time knows.
    Unknown,
}

impl Outcome {
    /// The word that JSON uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Plain => "plain",
            Self::Rejected => "rejected",
            Self::Served => "served",
            Self::Unknown => "unknown",
        }
    }
}

/// Answers for `name` (empty: no SNI) at every TLS listener of `fragment`, or at the one that a
/// connection to the local address `connect` reaches.
#[must_use]
pub fn resolve(
    _model: &Model,
    _fragment: &Fragment,
    _name: &str,
    _connect: Option<SocketAddr>,
) -> Vec<Answer> {
    Vec::new()
}
