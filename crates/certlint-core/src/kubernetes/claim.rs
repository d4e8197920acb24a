//! The row that every kind reduces to: a host that somebody wants served, and with what.
//!
//! ```text
//! facts ─▶ Claim ─ a controller chooses ─▶ Binding ─ bind ─▶ endpoints, host tables, diagnoses
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use super::controller::Controller;
use super::inventory::{Miss, Reference, State, Wish};
use crate::finding::Level;
use crate::model::{
    BundleId, CertRef, CertificatePair, GrantKind, PlaceholderReason, Served, Serving,
};
use crate::name::{Depth, HostPattern};
use crate::source::{Location, Spanned};

/// A host that an object wants to be served with a certificate.
#[derive(Clone, Debug)]
pub(super) struct Claim<'a> {
    pub(super) host: Cow<'a, Spanned<String>>,
    pub(super) pattern: HostPattern,
    /// Index of the object in [`Front::owners`].
    pub(super) owner: usize,
    pub(super) wanted: Wanted<'a>,
    pub(super) rivalry: Rivalry,
}

/// Whether it is a fault to claim a host that is claimed with another Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rivalry {
    /// No, or the controller itself decides it.
    None,
    /// Where another object does.
    OtherObjects,
    /// Also within one object.
    Always,
}

/// The certificate that a claim asks for.
#[derive(Clone, Debug)]
pub(super) enum Wanted<'a> {
    /// Of this Secret.
    Secret(Reference<'a>),
    /// Whatever covers the host among certificates that others bring, too; this Secret is one.
    AnyOf(Option<Reference<'a>>),
    /// Written in the object itself.
    Inline(BundleId, &'a Location),
    /// One that is not in a Secret.
    Elsewhere,
    /// One of those that the listener has.
    OfListener,
    /// The one that the controller has for such hosts.
    Default,
}

impl Claim<'_> {
    pub(super) fn wish(&self) -> Wish<'_> {
        Wish {
            host: &self.host.value,
            pattern: &self.pattern,
        }
    }

    /// The Secret that it names.
    pub(super) fn reference(&self) -> Option<&Reference<'_>> {
        match &self.wanted {
            Wanted::Secret(reference) | Wanted::AnyOf(Some(reference)) => Some(reference),
            _ => None,
        }
    }
}

/// A listener that a controller opens, with the objects whose hosts are claimed there.
#[derive(Debug)]
pub(super) struct Front<'a> {
    pub(super) label: String,
    /// How many labels a star matches.
    pub(super) depth: Depth,
    /// What hosts get that nobody claims.
    pub(super) fallback: Serving,
    pub(super) owners: Vec<Owner<'a>>,
    /// Other listeners may serve the same names at the same places.
    pub(super) is_shared: bool,
}

/// An object that claims hosts.
#[derive(Clone, Debug)]
pub(super) struct Owner<'a> {
    pub(super) at: &'a Location,
    /// The certificates that are written in it.
    pub(super) certificates: Arc<[CertificatePair]>,
}

impl<'a> Owner<'a> {
    pub(super) fn new(at: &'a Location) -> Self {
        Self {
            at,
            certificates: Arc::default(),
        }
    }
}

/// A claim with what the controller makes of it.
#[derive(Debug)]
pub(super) struct Binding<'a> {
    pub(super) claim: Claim<'a>,
    pub(super) outcome: Outcome<'a>,
    /// What clients get, where that is not what the outcome says.
    pub(super) answer: Option<Serving>,
}

impl<'a> Binding<'a> {
    pub(super) fn new(claim: Claim<'a>, outcome: Outcome<'a>) -> Self {
        Self {
            claim,
            outcome,
            answer: None,
        }
    }
}

/// What a controller makes of a claim.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// Clients get these certificates, one of them each.
    Served {
        chosen: Vec<Chosen<'a>>,
        /// Why that is not proven.
        doubt: Option<String>,
    },
    /// The Secret that it depends on is not there.
    Lacks(Reference<'a>, State<'a>),
    /// What will write the Secret does not ask for the host.
    Misses(Miss<'a>),
    /// What gateway-shim asks for does not have the host.
    ShimMisses,
    /// No listener takes the host: the handshake fails.
    Rejected,
    /// The controller serves its default certificate.
    Placeholder {
        controller: Controller,
        why: PlaceholderReason,
        /// The Secret that was meant.
        secret: Option<String>,
        level: Level,
    },
    /// The namespace of the Secret does not let this object use it.
    NotGranted(Refused<'a>),
    /// The controller does not take a Secret of this type, and rejects handshakes.
    WrongType { secret: String, at: &'a Location },
    /// No `tls` entry lists the host.
    Unlisted,
    /// Nothing decides but the listener: a wildcard or another object there takes the host, or it
    /// gets what all others get.
    OfListener,
    /// What clients get is not known here.
    Unknown(String),
}

/// A Secret, or an inline certificate, that is served.
#[derive(Clone, Debug)]
pub(super) struct Chosen<'a> {
    /// `NAMESPACE/NAME`; `None` for a certificate that is written in the object.
    pub(super) key: Option<String>,
    pub(super) bundle: BundleId,
    /// The reference, or the field.
    pub(super) at: &'a Location,
}

/// A reference to a Secret of another namespace that nothing there allows.
#[derive(Clone, Debug)]
pub(super) struct Refused<'a> {
    /// The kind of the object that refers, and its namespace.
    pub(super) kind: &'static str,
    pub(super) from: &'a str,
    pub(super) reference: Reference<'a>,
    /// What would allow it.
    pub(super) grant: GrantKind,
    /// Something of the Secret's namespace is in the input, so that a grant would be.
    pub(super) is_certain: bool,
}

/// Something that is wrong beside what becomes of one claim.
#[derive(Debug)]
pub(super) enum Note<'a> {
    /// A reference that is not for one host only.
    Lacks {
        host: String,
        at: &'a Location,
        reference: Reference<'a>,
        state: State<'a>,
    },
    NotGranted(Refused<'a>),
    /// Two claims to one host.
    ClaimedTwice {
        host: String,
        loser: &'a Location,
        winner: &'a Location,
        /// `NAMESPACE/NAME` of each Secret that they name.
        loser_secrets: Vec<String>,
        winner_secrets: Vec<String>,
        pattern: HostPattern,
        /// It is known who wins.
        is_decided: bool,
    },
    /// The implementation does not use a listener, or not as it is meant.
    ListenerRefused {
        at: &'a Location,
        message: String,
        help: &'static str,
        level: Level,
    },
    /// No rule serves a host of a `tls` entry.
    NoRule(&'a Spanned<String>),
    /// DNS or certificates cannot carry the host.
    Impossible {
        host: &'a Spanned<String>,
        reason: &'static str,
    },
    /// cert-manager makes no certificate.
    NeverIssued {
        at: &'a Location,
        message: String,
        help: String,
    },
}

impl Chosen<'_> {
    /// What clients get where one of these is served.
    pub(super) fn serving(chosen: &[Self]) -> Serving {
        if chosen.is_empty() {
            return Serving::NoCertificate;
        }
        let served = chosen.iter().map(|chosen| Served {
            certificate: CertRef::Bundle(chosen.bundle),
            at: chosen.at.clone(),
            has_key: true,
        });
        Serving::Certificates {
            certificates: served.collect(),
            from_default: None,
        }
    }
}
