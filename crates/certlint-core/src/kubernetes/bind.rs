//! The one place where claims become part of the model: rows, host tables, diagnoses, and what
//! cannot be known.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::claim::{Binding, Chosen, Claim, Front, Note, Outcome, Refused, Rivalry};
use super::inventory::{Inventory, Miss, Reference, State, kept_covers};
use crate::finding::Level;
use crate::model::{
    self, BundleId, Cause, Diagnosis, Fragment, Host, HostTable, ListenerId, NameId, OutcomeId,
    PlaceholderReason, Row, ServerId, ServerName, Serving, Unknown, UnverifiableKind,
};
use crate::name::{HostPattern, has_placeholder};
use crate::source::Location;

/// An unknown fact: the first place that needs it, and how many do.
pub(super) type Unverifiable = BTreeMap<(UnverifiableKind, String), (Location, usize)>;

/// Binds claims to what the controllers chose.
pub(super) struct Binder<'a, 'f> {
    pub(super) inventory: Inventory<'a>,
    pub(super) fragment: &'f mut Fragment,
    pub(super) unverifiable: &'f mut Unverifiable,
    /// Names with what becomes of them, by what would be said about them.
    told: BTreeMap<Told, (NameId, OutcomeId)>,
}

/// What would be said about a name that is served.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    at: Location,
    host: String,
    bundles: Vec<BundleId>,
    doubt: Option<String>,
}

/// A listener that is being filled.
struct Open {
    listener: ListenerId,
    /// The first owner; the others follow it.
    first: ServerId,
    hosts: HostTable,
    /// The Secret of the first claim to each host.
    secrets: BTreeMap<String, Option<String>>,
    is_shared: bool,
}

impl<'a, 'f> Binder<'a, 'f> {
    pub(super) fn new(
        inventory: Inventory<'a>,
        fragment: &'f mut Fragment,
        unverifiable: &'f mut Unverifiable,
    ) -> Self {
        Self {
            inventory,
            fragment,
            unverifiable,
            told: BTreeMap::new(),
        }
    }

    /// Adds a listener with all that is claimed there.
    pub(super) fn front(&mut self, front: Front<'a>, bindings: Vec<Binding<'a>>) {
        let mut open = Open {
            listener: ListenerId(number(self.fragment.listeners.len())),
            first: ServerId(number(self.fragment.servers.len())),
            hosts: HostTable {
                depth: front.depth,
                fallback: front.fallback,
                ..HostTable::default()
            },
            secrets: BTreeMap::new(),
            is_shared: front.is_shared,
        };
        for owner in front.owners {
            let server = self.fragment.add_holder(owner.at.clone());
            self.fragment.servers[server.0 as usize].certificates = owner.certificates;
        }
        let mut undecided = Vec::new();
        for binding in bindings {
            undecided.extend(self.one(&mut open, binding));
        }
        self.undecided(&open, &undecided);
        self.fragment.add_hosts(front.label, open.first, open.hosts);
    }

    /// Reports what is wrong beside single claims.
    pub(super) fn notes(&mut self, notes: impl IntoIterator<Item = Note<'a>>) {
        for note in notes {
            match note {
                Note::Lacks {
                    host,
                    at,
                    reference,
                    state,
                } => self.lacks(&host, at, &reference, state),
                Note::NotGranted(refused) => self.not_granted(refused),
                Note::ClaimedTwice {
                    host,
                    loser,
                    winner,
                    loser_secrets,
                    winner_secrets,
                    pattern,
                    is_decided,
                } => {
                    let level = self.rivalry(&pattern, &loser_secrets, &winner_secrets, is_decided);
                    self.fragment.diagnoses.push(Diagnosis::HostClaimedTwice {
                        host,
                        loser: loser.clone(),
                        winner: winner.clone(),
                        secrets: (loser_secrets.join(", "), winner_secrets.join(", ")),
                        decided: is_decided,
                        level,
                    });
                }
                Note::ListenerRefused {
                    at,
                    message,
                    help,
                    level,
                } => self.fragment.diagnoses.push(Diagnosis::ListenerRefused {
                    at: at.clone(),
                    message,
                    help,
                    level,
                }),
                Note::NoRule(host) => self.fragment.diagnoses.push(Diagnosis::TlsHostWithoutRule {
                    at: host.at.clone(),
                    host: host.value.clone(),
                }),
                Note::Impossible { host, reason } => {
                    self.fragment.diagnoses.push(Diagnosis::HostImpossible {
                        at: host.at.clone(),
                        host: host.value.clone(),
                        reason,
                    });
                }
                Note::NeverIssued { at, message, help } => {
                    self.fragment.diagnoses.push(Diagnosis::NeverIssued {
                        at: at.clone(),
                        message,
                        help,
                    });
                }
            }
        }
    }

    /// Makes the row of a claim; gives the claim back where the listener decides.
    fn one(&mut self, open: &mut Open, binding: Binding<'a>) -> Option<Claim<'a>> {
        let Binding {
            claim,
            outcome,
            answer,
        } = binding;
        let (host, at) = (&claim.host.value, &claim.host.at);
        let mut told = None;
        let is_open = has_placeholder(host) && is_uncovered(&outcome);
        let answer = answer.filter(|_| !is_open);
        let (secret, row) = match outcome {
            _ if is_open => {
                self.count(UnverifiableKind::Placeholder, host.clone(), at);
                (None, Some(not_filled_in(host)))
            }
            Outcome::Served { chosen, doubt } => {
                let serving = Chosen::serving(&chosen);
                told = open.is_shared.then(|| Told {
                    at: at.clone(),
                    host: host.clone(),
                    bundles: chosen.iter().map(|chosen| chosen.bundle).collect(),
                    doubt: doubt.clone(),
                });
                let secret = chosen.into_iter().next().and_then(|first| first.key);
                let doubt = doubt.map(Into::into);
                let row = model::Outcome::Answered {
                    serving,
                    doubt,
                    undecided: None,
                };
                (secret, Some(row))
            }
            Outcome::Lacks(reference, state) => {
                let row = lacking(host, &reference.key, &state);
                self.lacks(host, at, &reference, state);
                (Some(reference.key), Some(row))
            }
            Outcome::Misses(miss) => {
                let row = missing(host, &miss);
                self.misses(host, at, miss);
                (None, Some(row))
            }
            Outcome::ShimMisses => {
                self.fragment.diagnoses.push(Diagnosis::NeverIssued {
                    at: at.clone(),
                    message: format!(
                        "cert-manager asks for the hostnames of the listeners, and none of them stands for `{host}` in a certificate"
                    ),
                    help: format!("add a listener with the hostname `{host}`"),
                });
                let row = model::Outcome::Pending {
                    supplier: "cert-manager".into(),
                    asks_for_name: false,
                };
                (None, Some(row))
            }
            Outcome::Rejected => (None, Some(answered(Serving::Rejected))),
            Outcome::NotGranted(refused) => {
                let key = refused.reference.key.clone();
                self.not_granted(refused);
                (None, Some(unknown(Cause::ReferenceNotGranted, key)))
            }
            Outcome::Placeholder {
                controller,
                why,
                secret,
                level,
            } => {
                let cluster = self.inventory.cluster;
                // What it covers is of no use where it is not looked at.
                let meant = secret
                    .as_ref()
                    .filter(|_| why != PlaceholderReason::NoServer);
                let kept = meant.and_then(|key| cluster.secrets.get(key));
                let bundle = kept.and_then(|kept| kept.bundle);
                self.fragment.diagnoses.push(Diagnosis::PlaceholderServed {
                    at: at.clone(),
                    host: host.clone(),
                    controller: controller.name(),
                    certificate: controller.default_certificate(),
                    why,
                    secret: secret.clone().map(|key| (key, bundle)),
                    level,
                });
                let row = secret.is_some().then(|| answered(Serving::Placeholder));
                (secret, row)
            }
            Outcome::WrongType { secret, at } => {
                self.fragment.diagnoses.push(wrong_type(&secret, at));
                (Some(secret), Some(answered(Serving::Rejected)))
            }
            Outcome::Unlisted => {
                self.fragment.diagnoses.push(Diagnosis::HostWithoutTls {
                    at: at.clone(),
                    host: host.clone(),
                });
                (None, None)
            }
            Outcome::OfListener => (None, None),
            Outcome::Unknown(why) => (None, Some(unknown(Cause::Elsewhere, why))),
        };
        let Some(row) = overridden(row, answer, open.first) else {
            return Some(claim);
        };
        let (name, outcome) = match told {
            None => self.name(open, &claim, row),
            Some(told) => match self.told.get(&told) {
                Some(&known) => known,
                None => {
                    let new = self.name(open, &claim, row);
                    self.told.insert(told, new);
                    new
                }
            },
        };
        self.row(open, name, outcome);
        let named = claim.reference().map(|reference| reference.key.clone());
        self.claim(open, &claim, named.or(secret), name);
        None
    }

    /// Hosts of which nothing decides but the listener: a wildcard there takes them, or they get what
    /// all others get.
    fn undecided(&mut self, open: &Open, claims: &[Claim<'a>]) {
        let mut fallback = None;
        for claim in claims {
            let outcome = match open.hosts.find(&claim.host.value) {
                Some((_, host)) => self
                    .fragment
                    .outcomes
                    .push(model::Outcome::Shadowed(host.owner)),
                None => *fallback.get_or_insert_with(|| {
                    let outcome = answered(of_default(open.hosts.fallback.clone(), open.first));
                    self.fragment.outcomes.push(outcome)
                }),
            };
            let name = self.server_name(open, claim);
            self.row(open, name, outcome);
        }
    }

    /// How bad it is that two claim a host: what matters is whether clients can get a certificate
    /// that does not cover it.
    fn rivalry(
        &self,
        pattern: &HostPattern,
        loser: &[String],
        winner: &[String],
        is_decided: bool,
    ) -> Level {
        let [loser, winner] = [loser, winner].map(|keys| self.covers(keys, pattern));
        if winner == Some(false) || (!is_decided && loser == Some(false)) {
            Level::Error
        } else if winner.is_none() || loser.is_none() {
            Level::Warning
        } else {
            Level::Info
        }
    }

    /// Whether one of these Secrets covers a host; `None` where that is not known here.
    fn covers(&self, keys: &[String], pattern: &HostPattern) -> Option<bool> {
        let kept = |key: &String| {
            let kept = self.inventory.cluster.secrets.get(key)?;
            kept.leaf.as_ref().map(|_| kept_covers(kept, pattern))
        };
        let known: Vec<Option<bool>> = keys.iter().map(kept).collect();
        if known.contains(&Some(true)) {
            return Some(true);
        }
        (!known.is_empty() && !known.contains(&None)).then_some(false)
    }

    /// A name with what becomes of it.
    fn name(
        &mut self,
        open: &Open,
        claim: &Claim<'_>,
        outcome: model::Outcome,
    ) -> (NameId, OutcomeId) {
        let name = self.server_name(open, claim);
        (name, self.fragment.outcomes.push(outcome))
    }

    /// Adds the host of a claim to the names of its owner.
    fn server_name(&mut self, open: &Open, claim: &Claim<'_>) -> NameId {
        let server = server(open, claim);
        let names = &mut self.fragment.servers[server.0 as usize].names;
        names.push(ServerName {
            text: claim.host.value.as_str().into(),
            pattern: claim.pattern.clone(),
            at: claim.host.at.clone(),
        });
        NameId {
            server,
            name: number(names.len() - 1),
        }
    }

    fn row(&mut self, open: &Open, name: NameId, outcome: OutcomeId) {
        self.fragment.rows.push(Row {
            name,
            outcome,
            listener: open.listener,
        });
    }

    /// The first object that claims a host has it.
    fn claim(&mut self, open: &mut Open, claim: &Claim<'_>, secret: Option<String>, name: NameId) {
        let host = claim.host.value.to_ascii_lowercase();
        let owner = server(open, claim);
        let first = match open.hosts.hosts.entry(host.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Host { owner, name });
                open.secrets.insert(host, secret);
                return;
            }
            Entry::Occupied(entry) => *entry.get(),
        };
        let is_rival = match claim.rivalry {
            Rivalry::None => false,
            Rivalry::OtherObjects => first.owner != owner,
            Rivalry::Always => true,
        };
        let other = open.secrets.get(&host).cloned().flatten();
        if is_rival && other != secret {
            let (loser, winner) = (secret.unwrap_or_default(), other.unwrap_or_default());
            let level = self.rivalry(
                &claim.pattern,
                std::slice::from_ref(&loser),
                std::slice::from_ref(&winner),
                false,
            );
            let holder = self.fragment.server(first.name.server);
            let winner_at = holder.names[first.name.name as usize].at.clone();
            self.fragment.diagnoses.push(Diagnosis::HostClaimedTwice {
                host: claim.host.value.clone(),
                loser: claim.host.at.clone(),
                winner: winner_at,
                secrets: (loser, winner),
                decided: false,
                level,
            });
        }
    }

    /// Reports what is wrong with a Secret that a host needs, or counts it as unknown.
    pub(super) fn lacks(
        &mut self,
        host: &str,
        at: &Location,
        reference: &Reference<'_>,
        state: State<'a>,
    ) {
        let options = self.inventory.options;
        let key = &reference.key;
        let missing = |supplier: Option<String>| Diagnosis::SecretMissing {
            at: at.clone(),
            secret: key.clone(),
            host: host.to_owned(),
            supplier,
        };
        let problem = match state {
            State::There(_) => return,
            State::Encrypted => {
                return self.unverifiable(format!("{key} (encrypted)"), reference.at);
            }
            State::NotLookedUp => return self.unverifiable(key.clone(), reference.at),
            State::Malformed { .. } | State::Pending(_) if !options.whole_cluster => return,
            State::Malformed { is_pending } => self.malformed(reference, is_pending),
            State::Pending(supplier) => missing(Some(supplier)),
            State::Misses(miss) => return self.misses(host, at, miss),
            State::NeverIssued { at, message, help } => Diagnosis::NeverIssued {
                at: at.clone(),
                message,
                help: help.to_owned(),
            },
            State::Supplied(supplier) if options.whole_cluster => missing(Some(supplier.words())),
            State::Supplied(supplier) => {
                let what = format!("{key} (from {})", supplier.words());
                return self.unverifiable(what, reference.at);
            }
            State::Absent if self.inventory.is_complete() => missing(None),
            State::Absent => return self.unverifiable(key.clone(), reference.at),
        };
        self.fragment.diagnoses.push(problem);
    }

    /// A useless Secret at the reference to it, where a cluster is judged object by object.
    fn malformed(&self, reference: &Reference<'_>, pending: bool) -> Diagnosis {
        let kept = self.inventory.cluster.secrets.get(&reference.key);
        let fault = kept.and_then(|kept| kept.fault.clone());
        Diagnosis::SecretMalformed {
            at: reference.at.clone(),
            secret: reference.key.clone(),
            message: fault.unwrap_or_else(|| "it holds no certificate that can be read".to_owned()),
            help: None,
            pending,
        }
    }

    /// Reports a request for a certificate that does not have a host.
    ///
    /// Placeholders on either side may hold anything.
    pub(super) fn misses(&mut self, host: &str, at: &Location, miss: Miss<'_>) {
        if miss.is_open(host) {
            return self.count(UnverifiableKind::Placeholder, host.to_owned(), at);
        }
        self.fragment.diagnoses.push(misses(host, at, miss));
    }

    fn not_granted(&mut self, refused: Refused<'_>) {
        self.fragment
            .diagnoses
            .push(Diagnosis::ReferenceNotGranted {
                at: refused.reference.at.clone(),
                kind: refused.kind,
                from: refused.from.to_owned(),
                secret: refused.reference.key,
                grant: refused.grant,
                is_certain: refused.is_certain,
            });
    }

    /// Counts something that cannot be known.
    fn unverifiable(&mut self, what: String, at: &Location) {
        self.count(UnverifiableKind::Secret, what, at);
    }

    pub(super) fn count(&mut self, kind: UnverifiableKind, what: String, at: &Location) {
        let entry = self.unverifiable.entry((kind, what));
        entry.or_insert_with(|| (at.clone(), 0)).1 += 1;
    }
}

/// The certificates that are there do not have the name.
fn is_uncovered(outcome: &Outcome<'_>) -> bool {
    matches!(
        outcome,
        Outcome::Placeholder {
            why: PlaceholderReason::NotCovered | PlaceholderReason::NoneCovers,
            ..
        }
    )
}

/// What becomes of a name with a placeholder, or under a certificate with one.
fn not_filled_in(host: &str) -> model::Outcome {
    unknown(Cause::Placeholder, host)
}

fn answered(serving: Serving) -> model::Outcome {
    model::Outcome::Answered {
        serving,
        doubt: None,
        undecided: None,
    }
}

/// The certificates that a listener has for hosts without one of their own.
fn of_default(mut serving: Serving, default: ServerId) -> Serving {
    if let Serving::Certificates { from_default, .. } = &mut serving {
        *from_default = Some(default);
    }
    serving
}

/// What becomes of a host where clients get something else than its own outcome says, or may.
fn overridden(
    row: Option<model::Outcome>,
    answer: Option<Serving>,
    default: ServerId,
) -> Option<model::Outcome> {
    match (row, answer) {
        (
            Some(model::Outcome::Answered {
                serving: serving @ Serving::Certificates { .. },
                doubt,
                ..
            }),
            Some(Serving::Unknown(unknown)),
        ) => Some(model::Outcome::Answered {
            serving,
            doubt,
            undecided: Some(Box::new(unknown)),
        }),
        // Of several that may be served, those that fail the name are judged.
        (
            Some(
                row @ model::Outcome::Answered {
                    serving: Serving::Certificates { .. },
                    ..
                },
            ),
            Some(Serving::Certificates { .. }),
        ) => Some(row),
        (row, None) => row,
        (_, Some(serving)) => Some(answered(of_default(serving, default))),
    }
}

fn unknown(cause: Cause, what: impl Into<Box<str>>) -> model::Outcome {
    answered(Serving::Unknown(Unknown::new(cause, what)))
}

/// What becomes of a host whose Secret is not there, or is of no use.
pub(super) fn lacking(host: &str, key: &str, state: &State<'_>) -> model::Outcome {
    let cause = match state {
        State::Pending(supplier) => {
            return model::Outcome::Pending {
                supplier: supplier.as_str().into(),
                asks_for_name: true,
            };
        }
        State::Misses(miss) => return missing(host, miss),
        State::Encrypted => Cause::SecretEncrypted,
        State::There(_) | State::Malformed { .. } => Cause::SecretMalformed,
        State::Absent | State::NeverIssued { .. } | State::NotLookedUp | State::Supplied(_) => {
            Cause::SecretNotInInput
        }
    };
    unknown(cause, key)
}

/// What becomes of a host that nothing asks for.
pub(super) fn missing(host: &str, miss: &Miss<'_>) -> model::Outcome {
    if miss.is_open(host) {
        return not_filled_in(host);
    }
    model::Outcome::Pending {
        supplier: format!("{} `{}`", miss.kind, miss.name).into(),
        asks_for_name: false,
    }
}

fn wrong_type(secret: &str, at: &Location) -> Diagnosis {
    Diagnosis::SecretMalformed {
        at: at.clone(),
        secret: secret.to_owned(),
        message: "F5 NGINX takes Secrets of type `kubernetes.io/tls` only, and rejects handshakes"
            .to_owned(),
        help: Some(
            "delete the Secret and make it anew with `type: kubernetes.io/tls`: a type cannot be changed"
                .to_owned(),
        ),
        pending: false,
    }
}

fn misses(host: &str, at: &Location, miss: Miss<'_>) -> Diagnosis {
    Diagnosis::RequestMissesHost {
        at: at.clone(),
        host: host.to_owned(),
        request: miss.at.clone(),
        kind: miss.kind,
        name: miss.name.to_owned(),
        dns_names: miss.dns_names,
        has_time: miss.has_time,
    }
}

fn server(open: &Open, claim: &Claim<'_>) -> ServerId {
    ServerId(open.first.0 + number(claim.owner))
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
