//! What an object has to do with others, as keys to find it by.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use serde_json::Value;

use super::{Kind, SecretName};

/// A key by which an object is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Link {
    /// It is the class of Ingresses that name none.
    DefaultClass,
    /// An Ingress has something to do with a host: the hash of one of [`hosts`]. Should two hosts
    /// ever have the same, an Ingress is looked at in vain.
    Host(u64),
    /// cert-manager writes the Secret for the hosts of this object.
    Issued(SecretName),
    /// It names the Secret to serve it.
    Names(SecretName),
    /// It is attached to a Gateway or ListenerSet.
    Parent(Kind, Arc<str>, Arc<str>),
    /// It writes the Secret.
    Writes(SecretName),
}

impl Link {
    /// The link of one of [`hosts`].
    pub(super) fn host(host: &str) -> Self {
        Self::Host(hash(host))
    }

    /// What it is found by where there are many.
    pub(super) fn hash(&self) -> u64 {
        hash(self)
    }

    pub(super) fn texts(&mut self) -> Vec<&mut Arc<str>> {
        match self {
            Self::DefaultClass | Self::Host(_) => Vec::new(),
            Self::Issued(secret) | Self::Names(secret) | Self::Writes(secret) => {
                vec![&mut secret.namespace, &mut secret.name]
            }
            Self::Parent(_, namespace, name) => vec![namespace, name],
        }
    }
}

/// The links of a projected object, sorted, each once.
pub(super) fn links(kind: Kind, namespace: &Arc<str>, object: &Value) -> Box<[Link]> {
    let mut links = BTreeSet::new();
    let spec = &object["spec"];
    let own = |name: &str| SecretName {
        namespace: namespace.clone(),
        name: name.into(),
    };
    match kind {
        Kind::Certificate => {
            let secret = text(&spec["secretName"]);
            links.extend(secret.map(|name| Link::Writes(own(name))));
        }
        Kind::ExternalSecret | Kind::SealedSecret => {
            let target = match kind {
                Kind::ExternalSecret => &spec["target"]["name"],
                _ => &spec["template"]["metadata"]["name"],
            };
            let name = text(target).or_else(|| text(&object["metadata"]["name"]));
            links.extend(name.map(|name| Link::Writes(own(name))));
        }
        Kind::Gateway | Kind::ListenerSet => listeners(object, namespace, &mut links),
        Kind::GrpcRoute | Kind::HttpRoute | Kind::TlsRoute => {
            for parent in items(&spec["parentRefs"]) {
                links.extend(parent_of(parent, namespace));
            }
        }
        Kind::Ingress => ingress(object, namespace, &mut links),
        Kind::IngressClass => {
            let key = "ingressclass.kubernetes.io/is-default-class";
            if annotation(object, key) == Some("true") {
                links.insert(Link::DefaultClass);
            }
        }
        Kind::Route => {
            let secret = text(&spec["tls"]["externalCertificate"]["name"]);
            links.extend(secret.map(|name| Link::Names(own(name))));
        }
        Kind::TlsStore => {
            let secrets = items(&spec["certificates"]).chain([&spec["defaultCertificate"]]);
            let names = secrets.filter_map(|secret| text(&secret["secretName"]));
            links.extend(names.map(|name| Link::Names(own(name))));
        }
        Kind::Namespace | Kind::ReferenceGrant | Kind::Secret => {}
    }
    links.into_iter().collect()
}

/// The hosts that a projected Ingress has something to do with, lower case; `_` stands for all.
pub(super) fn hosts(object: &Value) -> BTreeSet<String> {
    let spec = &object["spec"];
    let mut hosts = BTreeSet::new();
    let mut host = |host: &str| {
        hosts.insert(host.to_ascii_lowercase());
    };
    let redirects = nginx(object, "from-to-www-redirect").is_some();
    let mut serves_all = false;
    for rule in items(&spec["rules"]) {
        let Some(name) = text(&rule["host"]) else {
            serves_all = true;
            continue;
        };
        host(name);
        if redirects {
            match name.strip_prefix("www.") {
                Some(rest) => host(rest),
                None => host(&format!("www.{name}")),
            }
        }
    }
    let listed = items(&spec["tls"]).flat_map(|entry| items(&entry["hosts"]));
    listed.filter_map(text).for_each(&mut host);
    let aliases = nginx(object, "server-alias")
        .into_iter()
        .flat_map(|value| value.split(','));
    aliases
        .map(str::trim)
        .filter(|alias| !alias.is_empty())
        .for_each(&mut host);
    // Of the many without a host only these have a say in what others get, or hear of them.
    let counts = [
        "backend-protocol",
        "from-to-www-redirect",
        "proxy-ssl-verify",
        "server-alias",
    ];
    let serves_all = serves_all || items(&spec["rules"]).next().is_none();
    if serves_all && counts.iter().any(|name| nginx(object, name).is_some()) {
        host("_");
    }
    hosts
}

fn ingress(object: &Value, namespace: &Arc<str>, links: &mut BTreeSet<Link>) {
    let spec = &object["spec"];
    let is_issued = is_annotated(object, "cert-manager.io/issuer")
        || is_annotated(object, "cert-manager.io/cluster-issuer")
        || annotation(object, "kubernetes.io/tls-acme") == Some("true");
    let hosts = hosts(object);
    links.extend(hosts.iter().map(|host| Link::host(host)));
    for name in items(&spec["tls"]).filter_map(|entry| text(&entry["secretName"])) {
        let secret = SecretName {
            namespace: namespace.clone(),
            name: name.into(),
        };
        if is_issued {
            links.insert(Link::Issued(secret.clone()));
        }
        links.insert(Link::Names(secret));
    }
    let backend = nginx(object, "proxy-ssl-secret").and_then(|value| value.split_once('/'));
    links.extend(backend.map(|(namespace, name)| {
        Link::Names(SecretName {
            namespace: namespace.into(),
            name: name.into(),
        })
    }));
}

fn listeners(object: &Value, namespace: &Arc<str>, links: &mut BTreeSet<Link>) {
    let spec = &object["spec"];
    let is_issued = is_annotated(object, "cert-manager.io/issuer")
        || is_annotated(object, "cert-manager.io/cluster-issuer");
    if let Some(parent) = spec.get("parentRef") {
        links.extend(parent_of(parent, namespace));
    }
    let references =
        items(&spec["listeners"]).flat_map(|listener| items(&listener["tls"]["certificateRefs"]));
    for reference in references {
        let is_core = matches!(text(&reference["group"]), None | Some("core"));
        let is_secret = matches!(text(&reference["kind"]), None | Some("Secret"));
        let Some(name) = text(&reference["name"]).filter(|_| is_core && is_secret) else {
            continue;
        };
        let other = text(&reference["namespace"]);
        let secret = SecretName {
            namespace: other.map_or_else(|| namespace.clone(), Into::into),
            name: name.into(),
        };
        if is_issued && secret.namespace == *namespace {
            links.insert(Link::Issued(secret.clone()));
        }
        links.insert(Link::Names(secret));
    }
}

/// The Gateway or ListenerSet that a reference means.
fn parent_of(reference: &Value, namespace: &Arc<str>) -> Option<Link> {
    let kind = match text(&reference["kind"]) {
        None | Some("Gateway") => Kind::Gateway,
        Some("ListenerSet") => Kind::ListenerSet,
        Some(_) => return None,
    };
    let name = text(&reference["name"])?;
    let other = text(&reference["namespace"]);
    Some(Link::Parent(
        kind,
        other.map_or_else(|| namespace.clone(), Into::into),
        name.into(),
    ))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn annotation<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object["metadata"]["annotations"][key].as_str()
}

fn nginx<'o>(object: &'o Value, name: &str) -> Option<&'o str> {
    annotation(object, &format!("nginx.ingress.kubernetes.io/{name}"))
}

fn is_annotated(object: &Value, key: &str) -> bool {
    annotation(object, key).is_some()
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
