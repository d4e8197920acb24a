//! The facts that are read from objects: names, Secrets, and where they are written.
//!
//! Every fact is taken from the tree once, with its place, by the reader of its kind (`kinds/`).

use manifest_syntax::Node;

use super::controller::Choice;
use super::gateway;
use super::host_index::HostIndex;
use super::mounts::{ConfigMap, Pod, SecretFile, Snippet};
use super::object;
use crate::model::Extent;
use crate::source::{Location, Spanned};
use crate::x509::{CertificateFile, KeyFile};

/// An object that takes part in serving certificates.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    Certificate(Request),
    ConfigMap(ConfigMap),
    Gateway(gateway::Fact),
    Ingress(Ingress),
    IngressClass(IngressClass),
    Issuer(Issuer),
    Secret(Box<Secret>),
    /// Of another kind that pairs hosts with certificates.
    Object(object::Fact),
    /// Mounts ConfigMaps, and may run a gateway.
    Pod(Pod, Option<object::Fact>),
    /// Will write Secrets whose contents are not known here.
    Suppliers(Vec<Supplier>),
}

/// The parts that every object has.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: String,
    /// The value of `metadata.name`, or the object.
    pub(super) at: Location,
    pub(super) created: Option<String>,
    pub(super) annotations: Vec<(String, Spanned<String>)>,
    /// `metadata.ownerReferences`, as kind and name.
    pub(super) owners: Vec<(String, String)>,
    pub(super) is_being_deleted: bool,
    pub(super) is_acme_solver: bool,
}

impl Meta {
    /// Of an object of which only the name is known.
    pub(super) fn named(namespace: &str, name: &str, at: Location) -> Self {
        Self {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            at,
            created: None,
            annotations: Vec::new(),
            owners: Vec::new(),
            is_being_deleted: false,
            is_acme_solver: false,
        }
    }

    pub(super) fn key(&self) -> String {
        qualified(&self.namespace, &self.name)
    }

    pub(super) fn annotation(&self, name: &str) -> Option<&Spanned<String>> {
        let mut annotations = self.annotations.iter();
        annotations
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The issuer that the annotations name, as [`Issuer::key`].
    pub(super) fn issuer(&self) -> Option<String> {
        let own = self.annotation("cert-manager.io/issuer");
        let of_cluster = self.annotation("cert-manager.io/cluster-issuer");
        let own = own.map(|name| qualified(&self.namespace, &name.value));
        own.or_else(|| of_cluster.map(|name| format!("/{}", name.value)))
    }

    /// True where cert-manager's gateway-shim makes a Certificate for this object.
    pub(super) fn has_issuer(&self) -> bool {
        let is_set = |name| self.annotation(name).is_some();
        is_set("cert-manager.io/issuer") || is_set("cert-manager.io/cluster-issuer")
    }

    /// True where cert-manager's ingress-shim makes a Certificate for this object.
    pub(super) fn has_shim(&self) -> bool {
        self.has_issuer()
            || self
                .annotation("kubernetes.io/tls-acme")
                .is_some_and(|value| value.value == "true")
    }
}

#[derive(Clone, Debug)]
pub(super) struct Ingress {
    pub(super) meta: Meta,
    pub(super) class: Option<String>,
    pub(super) tls: Vec<TlsEntry>,
    pub(super) rules: Vec<Rule>,
    pub(super) index: HostIndex,
    /// nginx configuration in annotations of ingress-nginx.
    pub(super) snippets: Vec<Snippet>,
}

#[derive(Clone, Debug)]
pub(super) struct TlsEntry {
    pub(super) at: Location,
    pub(super) hosts: Vec<Spanned<String>>,
    pub(super) secret: Option<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// `None` for all hosts.
    pub(super) host: Option<Spanned<String>>,
    /// `path` and `pathType`.
    pub(super) paths: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct IngressClass {
    pub(super) name: String,
    pub(super) controller: String,
    pub(super) is_default: bool,
    pub(super) created: Option<String>,
    /// How its controller chooses, where the user says it.
    pub(super) choice: Option<Choice>,
}

impl IngressClass {
    /// A class of which nothing is known but its name.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            controller: String::new(),
            is_default: false,
            created: None,
            choice: None,
        }
    }
}

/// An Issuer or ClusterIssuer of cert-manager.
#[derive(Clone, Debug)]
pub(super) struct Issuer {
    /// `NAMESPACE/NAME`; `/NAME` for one of the cluster.
    pub(super) key: String,
    /// False for ACME without a solver for DNS-01, which wildcards need.
    pub(super) issues_wildcards: bool,
}

/// A cert-manager Certificate.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) meta: Meta,
    pub(super) secret: Spanned<String>,
    pub(super) dns_names: Vec<String>,
    pub(super) addresses: Vec<String>,
    /// `spec.dnsNames`, or the object's name where there are none.
    pub(super) dns_names_at: Location,
    /// The key of its issuer, as [`Issuer::key`].
    pub(super) issuer: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Supplier {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) secret: String,
}

impl Supplier {
    /// What an object writes: the Secret of this name, or of its own.
    pub(super) fn new(kind: &'static str, target: Option<Node<'_>>, meta: &Meta) -> Self {
        let target = target.and_then(Node::text).filter(|name| !name.is_empty());
        Self {
            kind,
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            secret: target.unwrap_or(&meta.name).to_owned(),
        }
    }

    pub(super) fn words(&self) -> String {
        format!("{} `{}`", self.kind, self.name)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Secret {
    pub(super) meta: Meta,
    /// It is about certificates: by its type or by its keys.
    pub(super) is_tls: bool,
    /// Where it is not, these are `cert` and `key`, of whatever use.
    pub(super) certificate: Option<Part<CertificateFile>>,
    pub(super) key: Option<Part<KeyFile>>,
    /// Its type is `kubernetes.io/tls`.
    pub(super) has_tls_type: bool,
    /// The value of `type`, or the object's name where there is none.
    pub(super) type_at: Location,
    /// `ca.crt` is there, by which somebody else may be verified.
    pub(super) has_authority: bool,
    /// A value is encrypted, so that nothing is known of it.
    pub(super) is_encrypted: bool,
    /// The first PEM block of `tls.crt` is a certificate, as controllers written in Go want it.
    pub(super) leaf_is_first_block: bool,
    /// Keys that nothing reads and that look like `tls.crt` and `tls.key`, where those are not there.
    pub(super) misspelt: Misspelt,
    /// Its values as the files of a volume.
    pub(super) files: Vec<SecretFile>,
    /// It was read before, or only its certificate is here, and this is what is left of it.
    pub(super) summarised: Option<Summarised>,
}

/// Keys of a Secret that look like those which are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Misspelt {
    pub(super) certificate: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
}

/// The rest of a Secret that is not here as a whole, beside its leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summarised {
    pub(super) extent: Extent,
    /// `tls.key` is there.
    pub(super) has_key: bool,
    /// Certificate and key belong together, as far as can be told.
    pub(super) is_usable: bool,
}

/// A value of a Secret.
#[derive(Clone, Debug)]
pub(super) struct Part<T> {
    pub(super) at: Location,
    pub(super) value: Result<T, Fault>,
}

/// Why a value of a Secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not base64.
    BadBase64,
    /// Base64 of base64.
    DoubleBase64,
    /// Encrypted, or kept elsewhere: not known here.
    Encrypted,
    /// An encrypted file, encoded as it is: nothing decrypts that any more.
    EncodedEncrypted,
    /// Nothing.
    Empty,
    /// No PEM block.
    NoPem,
    /// Not a text.
    NotText,
}

/// The namespace that objects get from outside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Namespacing<'a> {
    /// Those that name none.
    Unwritten(&'a str),
    /// All of them, whatever they name.
    All(&'a str),
}

impl<'a> Namespacing<'a> {
    /// The namespace of an object.
    pub(super) fn of(self, object: Node<'a>) -> &'a str {
        match self {
            Self::All(namespace) => namespace,
            Self::Unwritten(namespace) => {
                let own = object
                    .get("metadata")
                    .and_then(|metadata| metadata.get("namespace")?.text());
                own.filter(|own| !own.is_empty()).unwrap_or(namespace)
            }
        }
    }
}

/// `NAMESPACE/NAME`, by which objects are looked up.
pub(super) fn qualified(namespace: &str, name: &str) -> String {
    [namespace, "/", name].concat()
}
