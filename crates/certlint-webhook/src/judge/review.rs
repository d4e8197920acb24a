//! Which requests are looked at, and how strictly; all others pass untouched.
//!
//! Unknown objects are never refused: a webhook that does so keeps namespaces from being
//! deleted and clusters from being upgraded.

use std::borrow::Cow;

use certlint_core::kubernetes::kinds::SECRET;

use super::decision::{Decision, DecisionKind};
use super::object::Object;
use super::policy::{Policy, mode_of, softer};
use super::request::Request;
use super::wording;
use crate::settings::{Mode, Verdict};
use crate::store::{Body, Kept, Kind, Store};

/// The label of a namespace, and the annotation of an object, that set the mode.
const MODE: &str = "certlint.io/mode";

/// A request that is looked at.
#[derive(Debug)]
pub(super) struct Review<'a> {
    pub(super) kind: &'static Kind,
    /// As users write it: `Ingress`.
    pub(super) kind_name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) mode: Mode,
    pub(super) operation: Operation,
    /// The state that is judged: in a deletion the last one.
    pub(super) sent: Sent<'a>,
    /// In an update the state that is there; none until [`Review::read_old`], and where it cannot
    /// be read.
    pub(super) old: Option<Sent<'a>>,
    unread: Option<Object<'a>>,
    now: i64,
}

/// The operation on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

/// A state of the object.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub(super) object: Object<'a>,
    text: Cow<'a, str>,
    pub(super) kept: Kept,
}

/// Decides whether a request is looked at; the decision is the answer where it is not.
pub(super) fn begin<'a>(
    store: &Store,
    policy: &Policy,
    request: &Request<'a>,
    now: i64,
) -> Result<Review<'a>, Box<Decision>> {
    let mode = mode_of_namespace(store, policy, request.namespace);
    let skipped = || Err(Box::new(Decision::skipped(mode)));
    let Some(kind) = Kind::reviewed(request.group, request.kind) else {
        return skipped();
    };
    if mode == Mode::Off || !request.subresource.is_empty() {
        return skipped();
    }
    let (operation, sent, old) = match (request.operation, request.object, request.old_object) {
        ("CREATE", Some(new), _) => (Operation::Create, new, None),
        ("UPDATE", Some(new), old) => (Operation::Update, new, old),
        ("DELETE", _, Some(old)) if *kind == SECRET => (Operation::Delete, old, None),
        _ => return skipped(),
    };
    let unreadable = |mode| Err(Box::new(unreadable(policy, mode, request.kind)));
    let Some(object) = Object::read(sent) else {
        return unreadable(mode);
    };
    let old = old.and_then(Object::read);
    // Secrets have no `spec`: what changed in one is seen in its certificate.
    let mut before = old.iter().filter(|_| *kind != SECRET);
    let is_unchanged = before.any(|old| object.is_same_as(old));
    if object.is_being_deleted() || is_unchanged {
        return skipped();
    }
    let mode = mode_of_object(policy, mode, &object);
    if mode == Mode::Off {
        return Err(Box::new(Decision::skipped(mode)));
    }
    let Some(sent) = Sent::read(kind, request.namespace, object, now) else {
        return unreadable(mode);
    };
    if sent.kept.is_passing() {
        return skipped();
    }
    Ok(Review {
        kind,
        kind_name: request.kind,
        namespace: request.namespace,
        mode,
        operation,
        sent,
        old: None,
        unread: old,
        now,
    })
}

impl<'a> Review<'a> {
    pub(super) fn name(&self) -> &str {
        self.sent.object.name()
    }

    /// Reads the state that is there, which most requests do not need. Whether there is one that
    /// was not read before.
    pub(super) fn read_old(&mut self) -> bool {
        let old = self.unread.take();
        self.old = old.and_then(|old| Sent::read(self.kind, self.namespace, old, self.now));
        self.old.is_some()
    }

    /// Whether the object names a Secret, or did so before.
    pub(super) fn names(&self, namespace: &str, name: &str) -> bool {
        self.states().any(|sent| sent.kept.names(namespace, name))
    }

    /// The state that is judged, and the old one if it was read.
    pub(super) fn states(&self) -> impl Iterator<Item = &Sent<'a>> {
        std::iter::once(&self.sent).chain(&self.old)
    }
}

impl<'a> Sent<'a> {
    fn read(kind: &'static Kind, namespace: &str, object: Object<'a>, now: i64) -> Option<Self> {
        let text = object.text(namespace, now);
        let kept = Kept::read(kind, text.as_bytes())?;
        is_judged(&kept).then_some(Self { object, text, kept })
    }

    /// What is lowered of it. An object may bring its private key, which is never kept.
    pub(super) fn judged(&self) -> &[u8] {
        let is_whole = !self.kept.kind().has_private_fields();
        let kept = self.kept.json().filter(|_| is_whole);
        kept.unwrap_or(self.text.as_bytes())
    }
}

/// Hosts of one object. No controller gets on with so many, and comparing them takes its time.
const HOSTS_MAX: u32 = 2_000;

/// Whether an object is small enough to be judged.
pub(super) fn is_judged(kept: &Kept) -> bool {
    kept.hosts() <= HOSTS_MAX && !matches!(kept.body(), Body::TooLarge)
}

/// A label that is no mode is as good as none.
pub(super) fn mode_of_namespace(store: &Store, policy: &Policy, namespace: &str) -> Mode {
    let label = store.namespace_label(namespace, MODE);
    label
        .and_then(|label| mode_of(&label))
        .unwrap_or(policy.mode)
}

/// The author of an object must not be able to make it stricter for others, nor, unless that is
/// wanted, softer for himself.
fn mode_of_object(policy: &Policy, mode: Mode, object: &Object<'_>) -> Mode {
    let wanted = object.annotation(MODE).and_then(mode_of);
    match wanted {
        Some(wanted) if policy.allow_object_override => softer(wanted, mode),
        _ => mode,
    }
}

/// The answer for an object that cannot be read.
pub(super) fn unreadable(policy: &Policy, mode: Mode, kind: &str) -> Decision {
    let mut decision = Decision::new(DecisionKind::Error, mode, Vec::new());
    let text =
        format!("this {kind} cannot be read or is too large, so that nothing in it was checked");
    if policy.on_unreadable == Verdict::Deny && mode == Mode::Enforce {
        decision.allowed = false;
        decision.message = text;
    } else if policy.on_unreadable != Verdict::Allow && mode != Mode::Audit {
        decision.warnings = wording::bounded(std::iter::once(text));
    }
    decision
}
