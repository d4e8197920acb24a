//! From pairings to the model: endpoints, and what is wrong with their Secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::traefik::Pool;
use super::{Certificate, Host, Inline, Pairing, contour, f5, istio};
use crate::kubernetes::cluster::{Cluster, Kept};
use crate::kubernetes::lower::Options;
use crate::kubernetes::secret_use::{
    Judge, Known, Unverifiable, Use, kept_covers, no_secret_name, serving,
};
use crate::loader::Loader;
use crate::model::{
    Bundle, BundleId, CertRef, CertificatePair, Endpoint, Extent, Fragment, HostAnswer, HostTable,
    Key, KeyPart, KeyRef, ListenerId, Problem, ServerId, ServerName, Serving,
};
use crate::name::Depth;
use crate::source::{Location, Spanned};

/// Adds the hosts of all pairings, with a listener for each controller.
pub(in crate::kubernetes) fn lower(
    pairings: Vec<Pairing>,
    cluster: &Cluster,
    loader: &Loader<'_>,
    options: &Options,
    fragment: &mut Fragment,
    unverifiable: &mut Unverifiable,
) {
    if pairings.is_empty() {
        return;
    }
    let pool = Pool::new(&pairings, cluster);
    let mut controllers: BTreeMap<&'static str, Vec<Pairing>> = BTreeMap::new();
    for pairing in pairings {
        if !pairing.meta.is_being_deleted {
            let controller = controller(&pairing.certificate);
            controllers.entry(controller).or_default().push(pairing);
        }
    }
    let mut wrong_types = BTreeMap::new();
    for (label, pairings) in controllers {
        let default = ServerId(u32::try_from(fragment.servers.len()).unwrap_or(u32::MAX));
        let mut lowering = Lowering {
            cluster,
            options,
            pool: &pool,
            listener: ListenerId(u32::try_from(fragment.listeners.len()).unwrap_or(u32::MAX)),
            fragment,
            unverifiable,
            wrong_types: &mut wrong_types,
            hosts: HostTable::default(),
        };
        for pairing in pairings {
            lowering.pairing(pairing, loader);
        }
        let mut hosts = lowering.hosts;
        // Which certificate a controller brings itself stands in no manifest.
        hosts.fallback = match label {
            "traefik" => default_of(&pool, cluster),
            _ => unknown("the controller may have a certificate of its own"),
        };
        if matches!(label, "f5-nginx" | "istio") {
            hosts.depth = Depth::Any;
        }
        fragment.add_hosts(label.to_owned(), default, hosts);
    }
    fragment.problems.extend(wrong_types.into_values());
}

/// What Traefik serves to all hosts that no certificate covers.
fn default_of(pool: &Pool, cluster: &Cluster) -> Serving {
    let kept = pool
        .default()
        .and_then(|(key, at)| Some((cluster.secrets.get(key)?.bundle?, at)));
    kept.map_or_else(
        || unknown("the default certificate is not known here"),
        |(bundle, at)| serving(bundle, at),
    )
}

fn unknown(why: &'static str) -> Serving {
    Serving::Unknown(Cow::Borrowed(why))
}

/// What the listener of a controller is called.
fn controller(certificate: &Certificate) -> &'static str {
    match certificate {
        Certificate::Contour(_) => "contour",
        Certificate::F5 { .. } => "f5-nginx",
        Certificate::Istio { .. } => "istio",
        Certificate::Inline(_) | Certificate::Route(_) => "openshift",
        Certificate::Traefik(_) => "traefik",
    }
}

/// The pairings of one controller.
struct Lowering<'a, 'f> {
    cluster: &'a Cluster,
    options: &'f Options,
    pool: &'f Pool,
    listener: ListenerId,
    fragment: &'f mut Fragment,
    unverifiable: &'f mut Unverifiable,
    /// Secrets that the controller does not take, each once.
    wrong_types: &'f mut BTreeMap<String, Problem>,
    hosts: HostTable,
}

/// A Secret that a pairing names.
struct Named<'n> {
    /// `NAMESPACE/NAME`.
    key: &'n str,
    at: &'n Location,
    issued_for: Option<&'static str>,
    /// Why the rest is not proven.
    doubt: Option<&'n str>,
}

impl<'a> Lowering<'a, '_> {
    fn pairing(&mut self, pairing: Pairing, loader: &Loader<'_>) {
        let Pairing {
            meta,
            hosts,
            certificate,
        } = pairing;
        let server = self.fragment.add_holder(meta.at.clone());
        let namespace = &meta.namespace;
        let beside = |secret: &Spanned<String>| format!("{namespace}/{}", secret.value);
        match certificate {
            Certificate::Contour(secret) => {
                match contour::locate(namespace, &secret, self.cluster) {
                    Some(key) => self.named(server, &hosts, &Named::new(&key, &secret.at)),
                    None => self.fragment.problems.push(Problem::ReferenceNotGranted {
                        at: secret.at,
                        kind: "HTTPProxy",
                        from: meta.namespace,
                        secret: secret.value,
                        is_certain: true,
                    }),
                }
            }
            Certificate::F5 { secret: None, .. } => {
                let problems = hosts
                    .iter()
                    .map(|host| no_secret_name(&host.text, "F5 NGINX"));
                self.fragment.problems.extend(problems);
            }
            Certificate::F5 {
                secret: Some(secret),
                is_issued,
            } => {
                let key = beside(&secret);
                let kept = self.cluster.secrets.get(&key);
                if let Some(problem) = kept.and_then(|kept| f5::wrong_type(&key, kept)) {
                    self.wrong_types.insert(key, problem);
                    return;
                }
                let named = Named {
                    issued_for: is_issued.then_some("VirtualServer"),
                    ..Named::new(&key, &secret.at)
                };
                self.named(server, &hosts, &named);
            }
            Certificate::Istio {
                credential,
                selector,
            } => {
                let name = &credential.value;
                for located in istio::locate(namespace, name, &selector, self.cluster) {
                    self.istio(server, &hosts, &located, &credential.at);
                }
            }
            Certificate::Inline(inline) => {
                let at = inline.certificate.at.clone();
                let bundle = self.inline(server, *inline, loader);
                for host in &hosts {
                    self.endpoint(server, host, bundle, &at, None);
                }
            }
            Certificate::Route(secret) => {
                let key = beside(&secret);
                self.named(server, &hosts, &Named::new(&key, &secret.at));
            }
            Certificate::Traefik(secret) => {
                let own = secret.as_ref().map(|secret| (beside(secret), &secret.at));
                for host in &hosts {
                    let own = own.as_ref().map(|(key, at)| (key.as_str(), *at));
                    self.traefik(server, host, own);
                }
            }
        }
    }

    /// Hosts that are served with one Secret, whatever it covers.
    fn named(&mut self, server: ServerId, hosts: &[Host], named: &Named<'_>) {
        for host in hosts {
            self.one(server, host, named);
        }
    }

    fn one(&mut self, server: ServerId, host: &Host, named: &Named<'_>) {
        let one = Use {
            host: &host.text,
            pattern: &host.pattern,
            key: named.key,
            at: named.at,
            issued_for: named.issued_for,
        };
        let mut judge = self.judge();
        match judge.known(&one) {
            Known::Certificate(kept) => {
                if judge.request_is_to_blame(&one, kept) {
                    return;
                }
                let doubt = judge
                    .pending(&one)
                    .or_else(|| named.doubt.map(str::to_owned));
                self.kept(server, host, (named.key, kept), named.at, doubt);
            }
            Known::Malformed | Known::Pending | Known::Said | Known::Nothing => {
                let why = format!("Secret `{}` is not known here", named.key);
                self.answer(
                    server,
                    host,
                    Some(named.key),
                    Serving::Unknown(Cow::Owned(why)),
                );
            }
        }
    }

    /// Where the Pods of a gateway are not known, a Secret that is not here says nothing.
    fn istio(&mut self, server: ServerId, hosts: &[Host], located: &istio::Located, at: &Location) {
        let is_here = self.cluster.secrets.contains_key(&located.key);
        if located.is_guess && !is_here {
            for _ in hosts {
                self.judge().unverifiable(located.key.clone(), at);
            }
            return;
        }
        let guess = "which namespace the gateway's Pods are in is not known here";
        let named = Named {
            doubt: located.is_guess.then_some(guess),
            ..Named::new(&located.key, at)
        };
        self.named(server, hosts, &named);
    }

    /// A host that gets whatever of the pool covers it; `own` is what its router names.
    fn traefik(&mut self, server: ServerId, host: &Host, own: Option<(&str, &Location)>) {
        let is_own = |(key, _): &(&str, &Location)| {
            let kept = self.cluster.secrets.get(*key);
            kept.is_some_and(|kept| kept_covers(kept, &host.pattern))
        };
        let covering = own
            .filter(is_own)
            .or_else(|| self.pool.covering(&host.pattern));
        if let Some((key, at)) = covering
            && let Some(kept) = self.cluster.secrets.get(key)
        {
            self.kept(server, host, (key, kept), at, None);
            return;
        }
        let Some((key, at)) = own.or_else(|| self.pool.default()) else {
            return;
        };
        let doubt = "Traefik serves any certificate that does, and others may be in the cluster";
        let named = Named {
            doubt: Some(doubt),
            ..Named::new(key, at)
        };
        self.one(server, host, &named);
    }

    /// Takes in the certificate of a Route.
    fn inline(&mut self, server: ServerId, inline: Inline, loader: &Loader<'_>) -> BundleId {
        let Inline { certificate, key } = inline;
        let path: Box<str> = certificate.at.path.as_str().into();
        let bundle = loader.keep_bundle(Bundle {
            source: certificate.at.source,
            field: Some(certificate.at.clone()),
            secret: None,
            file: certificate.value,
            extent: Extent::Whole,
        });
        let key = key.map(|key| KeyPart {
            path: key.at.path.as_str().into(),
            at: key.at.clone(),
            has_password: false,
            key: KeyRef::File(loader.keep_key(Key {
                source: key.at.source,
                field: Some(key.at),
                mode: None,
                file: key.value,
            })),
        });
        self.fragment.servers[server.0 as usize].certificates = Arc::new([CertificatePair {
            certificate: CertRef::Bundle(bundle),
            path,
            at: certificate.at,
            key,
        }]);
        bundle
    }

    /// A host that is served with this Secret.
    fn kept(
        &mut self,
        server: ServerId,
        host: &Host,
        (key, kept): (&str, &Kept),
        at: &Location,
        doubt: Option<String>,
    ) {
        if let Some(bundle) = kept.bundle {
            self.answer(server, host, Some(key), serving(bundle, at));
            self.endpoint(server, host, bundle, at, doubt);
        }
    }

    fn endpoint(
        &mut self,
        server: ServerId,
        host: &Host,
        bundle: BundleId,
        at: &Location,
        doubt: Option<String>,
    ) {
        self.answer(server, host, None, serving(bundle, at));
        let names = &mut self.fragment.servers[server.0 as usize].names;
        names.push(ServerName {
            text: host.text.value.as_str().into(),
            pattern: host.pattern.clone(),
            at: host.text.at.clone(),
        });
        let name = u32::try_from(names.len() - 1).unwrap_or(u32::MAX);
        self.fragment.endpoints.push(Endpoint {
            server,
            name,
            listeners: vec![self.listener],
            serving: serving(bundle, at),
            doubt: doubt.map(Into::into),
        });
    }

    /// What `resolve` says of a host; the first object that has it counts.
    fn answer(&mut self, server: ServerId, host: &Host, secret: Option<&str>, serving: Serving) {
        let name = host.text.value.to_ascii_lowercase();
        self.hosts.hosts.entry(name).or_insert_with(|| HostAnswer {
            server,
            at: host.text.at.clone(),
            secret: secret.map(str::to_owned),
            serving,
        });
    }

    fn judge(&mut self) -> Judge<'a, '_> {
        Judge {
            cluster: self.cluster,
            options: self.options,
            problems: &mut self.fragment.problems,
            unverifiable: self.unverifiable,
        }
    }
}

impl<'n> Named<'n> {
    fn new(key: &'n str, at: &'n Location) -> Self {
        Self {
            key,
            at,
            issued_for: None,
            doubt: None,
        }
    }
}
