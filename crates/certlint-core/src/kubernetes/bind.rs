//! The one place where claims become part of the model: endpoints, host tables, diagnoses, and what
//! cannot be known.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::claim::{Binding, Chosen, Claim, Front, Note, Outcome, Refused, Rivalry};
use super::inventory::{Inventory, Miss, Reference, State, kept_covers};
use crate::finding::Level;
use crate::model::{
    BundleId, Diagnosis, Endpoint, Fragment, HostAnswer, HostTable, ListenerId, PlaceholderReason,
    ServerId, ServerName, Serving, UnverifiableKind,
};
use crate::name::HostPattern;
use crate::source::Location;

/// What cannot be known: the first place that needs it, and how many do.
pub(super) type Unverifiable = BTreeMap<(UnverifiableKind, String), (Location, usize)>;

/// Binds claims to what the controllers chose.
pub(super) struct Binder<'a, 'f> {
    pub(super) inventory: Inventory<'a>,
    pub(super) fragment: &'f mut Fragment,
    pub(super) unverifiable: &'f mut Unverifiable,
    /// Endpoints, by what would be said about them.
    told: BTreeMap<Told, usize>,
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
            is_shared: front.is_shared,
        };
        for owner in front.owners {
            let server = self.fragment.add_holder(owner.at.clone());
            self.fragment.servers[server.0 as usize].certificates = owner.certificates;
        }
        for binding in bindings {
            self.one(&mut open, binding);
        }
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

    fn one(&mut self, open: &mut Open, binding: Binding<'a>) {
        let Binding {
            claim,
            outcome,
            answer,
        } = binding;
        let (host, at) = (&claim.host.value, &claim.host.at);
        let (secret, serving) = match outcome {
            Outcome::Served { chosen, doubt } => {
                let serving = Chosen::serving(&chosen);
                self.endpoint(open, &claim, &chosen, doubt);
                let secret = chosen.into_iter().next().and_then(|first| first.key);
                (secret, Some(serving))
            }
            Outcome::Lacks(reference, state) => {
                self.lacks(host, at, &reference, state);
                let why = format!("Secret `{}` is not known here", reference.key);
                (Some(reference.key), Some(unknown(why)))
            }
            Outcome::Misses(miss) => {
                self.misses(host, at, miss);
                let why = "the certificate is still to come, and will not have the name";
                (None, Some(unknown(why)))
            }
            Outcome::ShimMisses => {
                self.fragment.diagnoses.push(Diagnosis::NeverIssued {
                    at: at.clone(),
                    message: format!(
                        "cert-manager asks for the hostnames of the listeners, and none of them stands for `{host}` in a certificate"
                    ),
                    help: format!("add a listener with the hostname `{host}`"),
                });
                let why = "the certificate is still to come, and will not have the name";
                (None, Some(unknown(why)))
            }
            Outcome::Rejected => (None, Some(Serving::Rejected)),
            Outcome::NotGranted(refused) => {
                self.not_granted(refused);
                (None, None)
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
                let serving = secret.is_some().then_some(Serving::Placeholder);
                (secret, serving)
            }
            Outcome::WrongType { secret, at } => {
                self.fragment.diagnoses.push(wrong_type(&secret, at));
                (Some(secret), Some(Serving::Rejected))
            }
            Outcome::Unlisted => {
                self.fragment.diagnoses.push(Diagnosis::HostWithoutTls {
                    at: at.clone(),
                    host: host.clone(),
                });
                (None, None)
            }
            Outcome::Unknown(why) => (None, Some(unknown(why))),
        };
        if let Some(serving) = answer.or(serving) {
            let named = claim.reference().map(|reference| reference.key.clone());
            self.answer(open, &claim, named.or(secret), serving);
        }
    }

    /// What a host gets there; the first object that claims it counts.
    fn answer(
        &mut self,
        open: &mut Open,
        claim: &Claim<'_>,
        secret: Option<String>,
        serving: Serving,
    ) {
        let new = HostAnswer {
            server: server(open, claim),
            at: claim.host.at.clone(),
            secret,
            serving,
        };
        let first = match open
            .hosts
            .hosts
            .entry(claim.host.value.to_ascii_lowercase())
        {
            Entry::Vacant(entry) => {
                entry.insert(new);
                return;
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        let is_rival = match claim.rivalry {
            Rivalry::None => false,
            Rivalry::OtherObjects => first.server != new.server,
            Rivalry::Always => true,
        };
        if is_rival && first.secret != new.secret {
            let loser = new.secret.unwrap_or_default();
            let winner = first.secret.clone().unwrap_or_default();
            let winner_at = first.at.clone();
            let pattern = &claim.pattern;
            let level = self.rivalry(
                pattern,
                std::slice::from_ref(&loser),
                std::slice::from_ref(&winner),
                false,
            );
            self.fragment.diagnoses.push(Diagnosis::HostClaimedTwice {
                host: claim.host.value.clone(),
                loser: new.at,
                winner: winner_at,
                secrets: (loser, winner),
                decided: false,
                level,
            });
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

    fn endpoint(
        &mut self,
        open: &Open,
        claim: &Claim<'_>,
        chosen: &[Chosen<'_>],
        doubt: Option<String>,
    ) {
        if open.is_shared {
            let told = Told {
                at: claim.host.at.clone(),
                host: claim.host.value.clone(),
                bundles: chosen.iter().map(|chosen| chosen.bundle).collect(),
                doubt: doubt.clone(),
            };
            let next = self.fragment.endpoints.len();
            let index = *self.told.entry(told).or_insert(next);
            if let Some(endpoint) = self.fragment.endpoints.get_mut(index) {
                endpoint.listeners.push(open.listener);
                return;
            }
        }
        let server = server(open, claim);
        let names = &mut self.fragment.servers[server.0 as usize].names;
        names.push(ServerName {
            text: claim.host.value.as_str().into(),
            pattern: claim.pattern.clone(),
            at: claim.host.at.clone(),
        });
        let name = number(names.len() - 1);
        self.fragment.endpoints.push(Endpoint {
            server,
            name,
            listeners: vec![open.listener],
            serving: Chosen::serving(chosen),
            doubt: doubt.map(Into::into),
        });
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
            State::Misses(miss) => misses(host, at, miss),
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
    pub(super) fn misses(&mut self, host: &str, at: &Location, miss: Miss<'_>) {
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
        let entry = self.unverifiable.entry((UnverifiableKind::Secret, what));
        entry.or_insert_with(|| (at.clone(), 0)).1 += 1;
    }
}

fn unknown(why: impl Into<Cow<'static, str>>) -> Serving {
    Serving::Unknown(why.into())
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
