//! What is read from each object: names, Secrets, and where they stand.
//!
//! Every fact is taken from the tree once, with its place. Unknown fields are none of our business:
//! Kubernetes adds some with every release.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use manifest_syntax::{Node, Value};

use super::controller::Choice;
use super::gateway;
use super::host_index::HostIndex;
use super::mounts::{self, ConfigMap, Pod, SecretFile, Snippet};
use super::{Object, object};
use crate::model::Extent;
use crate::name::has_placeholder;
use crate::source::{Locate as _, Location, SourceId, Spanned};
use crate::x509::{self, CertificateFile, Encryption, KeyFile};

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

/// What every object has.
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

/// What is left of a Secret that is not here as a whole, beside its leaf.
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
                let own = path(object, &["metadata", "namespace"]).and_then(Node::text);
                own.filter(|own| !own.is_empty()).unwrap_or(namespace)
            }
        }
    }
}

/// Reads an object; `None` for a kind that does not matter.
pub(super) fn read<'a>(
    object: Object<'a>,
    source: SourceId,
    namespace: Namespacing<'a>,
) -> Option<Fact> {
    let group = object.api_version.split('/').next().unwrap_or_default();
    let node = object.node;
    let meta = || meta(node, source, namespace);
    match (group, object.kind) {
        ("networking.k8s.io" | "extensions", "Ingress") => {
            Some(Fact::Ingress(ingress(node, source, meta())))
        }
        ("networking.k8s.io", "IngressClass") => Some(Fact::IngressClass(class(node, &meta()))),
        ("v1", "ConfigMap") => Some(Fact::ConfigMap(mounts::config_map(node, source, meta()))),
        ("v1", "Secret") => Some(Fact::Secret(Box::new(secret(node, source, meta())))),
        ("cert-manager.io", "ClusterIssuer") => {
            Some(Fact::Issuer(issuer(node, format!("/{}", meta().name))))
        }
        ("cert-manager.io", "Issuer") => Some(Fact::Issuer(issuer(node, meta().key()))),
        ("cert-manager.io", "Certificate") => request(node, source, meta()).map(Fact::Certificate),
        ("external-secrets.io", "ExternalSecret") => {
            let target = path(node, &["spec", "target", "name"]);
            let supplier = supplier("ExternalSecret", target, &meta());
            Some(Fact::Suppliers(vec![supplier]))
        }
        ("bitnami.com", "SealedSecret") => {
            let target = path(node, &["spec", "template", "metadata", "name"]);
            let supplier = supplier("SealedSecret", target, &meta());
            Some(Fact::Suppliers(vec![supplier]))
        }
        ("v1", "Namespace") => Some(Fact::Gateway(gateway::namespace(node, meta()))),
        (gateway::GROUP, kind) => gateway::read(kind, node, source, meta()).map(Fact::Gateway),
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => {
            Some(Fact::Suppliers(secret_objects(node, &meta())))
        }
        _ => {
            let other = object::read(object, group, source, &meta);
            match mounts::pod(object, group, source, namespace) {
                Some(pod) => Some(Fact::Pod(pod, other)),
                None => other.map(Fact::Object),
            }
        }
    }
}

pub(super) fn meta<'a>(node: Node<'a>, source: SourceId, namespace: Namespacing<'a>) -> Meta {
    let metadata = node.get("metadata");
    let field = |name| metadata.and_then(|metadata| metadata.get(name));
    let text = |name| {
        field(name)
            .and_then(Node::text)
            .filter(|text| !text.is_empty())
    };
    let name = field("name").filter(|name| name.text().is_some());
    let labels = field("labels");
    Meta {
        name: text("name").unwrap_or("unnamed").to_owned(),
        namespace: namespace.of(node).to_owned(),
        at: name.unwrap_or(node).at(source),
        created: text("creationTimestamp").map(str::to_owned),
        annotations: field("annotations")
            .into_iter()
            .flat_map(Node::entries)
            .filter_map(|(key, value)| {
                let text = Spanned::new(value.text()?.to_owned(), value.at(source));
                Some((key.text().to_owned(), text))
            })
            .collect(),
        owners: field("ownerReferences")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|owner| {
                let text = |key| Some(owner.get(key)?.text()?.to_owned());
                Some((text("kind")?, text("name")?))
            })
            .collect(),
        is_being_deleted: field("deletionTimestamp").is_some_and(|time| !time.is_null()),
        is_acme_solver: labels
            .and_then(|labels| labels.get("acme.cert-manager.io/http01-solver"))
            .and_then(Node::text)
            == Some("true"),
    }
}

fn ingress(node: Node<'_>, source: SourceId, meta: Meta) -> Ingress {
    let spec = node.get("spec");
    let spec = |name| spec.and_then(|spec| spec.get(name));
    // `{{` in a plain word is valid YAML: a template that was not rendered.
    let text = |node: Node<'_>| {
        let text = node
            .str()
            .filter(|text| !text.is_empty() && !text.contains("{{"))?;
        Some(Spanned::new(text.to_owned(), node.at(source)))
    };
    let tls = each(spec("tls"), |entry| {
        Some(TlsEntry {
            at: entry.at(source),
            hosts: each(entry.get("hosts"), text),
            secret: entry.get("secretName").and_then(text),
        })
    });
    let rules = each(spec("rules"), |rule| {
        Some(Rule {
            host: rule.get("host").and_then(text),
            paths: each(path(rule, &["http", "paths"]), |path| {
                let field = |name| path.get(name).and_then(Node::text).unwrap_or_default();
                Some((field("path").to_owned(), field("pathType").to_owned()))
            }),
        })
    });
    Ingress {
        class: spec("ingressClassName")
            .and_then(Node::str)
            .filter(|class| !class.is_empty())
            .map(str::to_owned),
        index: HostIndex::new(&tls, &rules),
        tls,
        rules,
        snippets: mounts::snippets(node, source),
        meta,
    }
}

fn class(node: Node<'_>, meta: &Meta) -> IngressClass {
    let default = "ingressclass.kubernetes.io/is-default-class";
    IngressClass {
        name: meta.name.clone(),
        controller: path(node, &["spec", "controller"])
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned(),
        is_default: meta
            .annotation(default)
            .is_some_and(|value| value.value == "true"),
        created: meta.created.clone(),
        choice: None,
    }
}

fn issuer(node: Node<'_>, key: String) -> Issuer {
    let solvers = path(node, &["spec", "acme", "solvers"]);
    let mut solvers = solvers.into_iter().flat_map(Node::items).peekable();
    let has_solvers = solvers.peek().is_some();
    Issuer {
        key,
        issues_wildcards: !has_solvers || solvers.any(|solver| solver.get("dns01").is_some()),
    }
}

fn request(node: Node<'_>, source: SourceId, meta: Meta) -> Option<Request> {
    let secret = path(node, &["spec", "secretName"])?;
    let names = path(node, &["spec", "dnsNames"]);
    let texts = |node: Option<Node<'_>>| {
        let items = node.into_iter().flat_map(Node::items);
        items
            .filter_map(|item| item.text().map(str::to_owned))
            .collect()
    };
    Some(Request {
        secret: Spanned::new(secret.text()?.to_owned(), secret.at(source)),
        dns_names: texts(names),
        addresses: texts(path(node, &["spec", "ipAddresses"])),
        issuer: path(node, &["spec", "issuerRef", "name"])
            .and_then(Node::text)
            .map(|name| {
                let kind = path(node, &["spec", "issuerRef", "kind"]).and_then(Node::text);
                match kind {
                    Some("ClusterIssuer") => format!("/{name}"),
                    _ => qualified(&meta.namespace, name),
                }
            }),
        dns_names_at: names.map_or_else(|| meta.at.clone(), |names| names.at(source)),
        meta,
    })
}

fn supplier(kind: &'static str, target: Option<Node<'_>>, meta: &Meta) -> Supplier {
    let target = target.and_then(Node::text).filter(|name| !name.is_empty());
    Supplier {
        kind,
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        secret: target.unwrap_or(&meta.name).to_owned(),
    }
}

/// The Secrets that the CSI driver writes once a Pod mounts this class.
fn secret_objects(node: Node<'_>, meta: &Meta) -> Vec<Supplier> {
    let objects = path(node, &["spec", "secretObjects"]);
    let objects = objects.into_iter().flat_map(Node::items);
    let names = objects.filter_map(|object| object.get("secretName"));
    names
        .map(|name| supplier("SecretProviderClass", Some(name), meta))
        .collect()
}

pub(super) fn secret(node: Node<'_>, source: SourceId, meta: Meta) -> Secret {
    let is_tls_type = node.get("type").and_then(Node::text) == Some("kubernetes.io/tls");
    // `stringData` wins over `data` (API reference of Secret).
    let value = |key: &str| {
        let plain = path(node, &["stringData", key]).filter(|value| !value.is_null());
        let encoded = path(node, &["data", key]).filter(|value| !value.is_null());
        match (plain, encoded) {
            (Some(plain), _) => Some((plain, false)),
            (None, Some(encoded)) => Some((encoded, true)),
            (None, None) => None,
        }
    };
    let bytes = |(node, is_encoded): (Node<'_>, bool)| decode(node, is_encoded);
    let mut certificate = value("tls.crt");
    let mut key = value("tls.key");
    let is_tls = is_tls_type || certificate.is_some() || key.is_some();
    if !is_tls {
        (certificate, key) = (value("cert"), value("key"));
    }
    let decoded = certificate.map(bytes);
    Secret {
        has_tls_type: is_tls_type,
        type_at: node
            .get("type")
            .map_or_else(|| meta.at.clone(), |kind| kind.at(source)),
        has_authority: value("ca.crt")
            .and_then(|(node, _)| node.text())
            .is_some_and(|text| !text.trim().is_empty()),
        is_encrypted: decoded == Some(Err(Fault::Encrypted)),
        misspelt: Misspelt {
            certificate: (is_tls && certificate.is_none())
                .then(|| near_key(node, source, "tls.crt", CERTIFICATE_KEYS))
                .flatten(),
            key: (is_tls && key.is_none())
                .then(|| near_key(node, source, "tls.key", KEY_KEYS))
                .flatten(),
        },
        files: mounts::secret_files(node, source, is_tls),
        summarised: None,
        is_tls,
        leaf_is_first_block: match &decoded {
            Some(Ok(bytes)) if is_tls => x509::pem::is_certificate_first(bytes),
            _ => false,
        },
        certificate: certificate.zip(decoded).map(|((node, _), bytes)| Part {
            at: at_key(node, source),
            value: bytes.and_then(|bytes| pem(&bytes).map(|()| x509::read_certificates(&bytes))),
        }),
        key: key.map(|value| Part {
            at: at_key(value.0, source),
            value: bytes(value).and_then(|bytes| match pem(&bytes) {
                // A file that is no key is `key-unreadable`, as on disk.
                Ok(()) | Err(Fault::NoPem) => Ok(x509::read_key(&bytes)),
                Err(fault) => Err(fault),
            }),
        }),
        meta,
    }
}

/// What people call `tls.crt`.
const CERTIFICATE_KEYS: &[&str] = &[
    "cert",
    "cert.pem",
    "certificate",
    "crt",
    "fullchain.pem",
    "server.crt",
    "tls.pem",
];

/// What people call `tls.key`.
const KEY_KEYS: &[&str] = &["key", "key.pem", "privkey.pem", "server.key", "tls.pem"];

/// The key of a Secret that was most likely meant to be `wanted`.
fn near_key(
    node: Node<'_>,
    source: SourceId,
    wanted: &str,
    aliases: &[&str],
) -> Option<Spanned<String>> {
    let maps = ["data", "stringData"].map(|map| node.get(map));
    let keys = maps.into_iter().flatten().flat_map(Node::entries);
    let near = keys.filter_map(|(key, value)| {
        let text = key.text();
        let folded = text.to_ascii_lowercase().replace(['_', '-'], ".");
        // The other of the two names is two letters away.
        let is_other = matches!(text, "tls.crt" | "tls.key" | "ca.crt");
        let distance = match aliases.contains(&folded.as_str()) {
            true => 1,
            false => strsim::damerau_levenshtein(&folded, wanted),
        };
        (!is_other && distance <= 2).then(|| (distance, text, at_key(value, source)))
    });
    let (_, text, at) = near.min_by_key(|(distance, ..)| *distance)?;
    Some(Spanned::new(text.to_owned(), at))
}

/// The key stands for a value of hundreds of characters, or of many lines.
pub(super) fn at_key(node: Node<'_>, source: SourceId) -> Location {
    let mut at = node.at(source);
    at.span = node.key().map_or(at.span, |key| Some(key.span()));
    at
}

/// Base64 as Go's decoder takes it: padding needed, line ends passed over.
pub(super) fn decode(node: Node<'_>, is_encoded: bool) -> Result<Vec<u8>, Fault> {
    let text = match node.value() {
        Value::Text(text) => text,
        Value::Null => "",
        _ => return Err(Fault::NotText),
    };
    if Encryption::hides_value(text) || is_filled_in_later(text) {
        return Err(Fault::Encrypted);
    }
    if !is_encoded {
        return Ok(text.as_bytes().to_vec());
    }
    base64_of(text.as_bytes()).ok_or(Fault::BadBase64)
}

/// Neither base64 nor PEM has the marks of a placeholder.
fn is_filled_in_later(text: &str) -> bool {
    has_placeholder(text) && !text.contains("-----BEGIN ")
}

fn base64_of(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    if !text.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return engine.decode(text).ok();
    }
    let lines = text
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'));
    engine.decode(lines.collect::<Vec<_>>()).ok()
}

/// Whether a value can be PEM at all.
fn pem(bytes: &[u8]) -> Result<(), Fault> {
    const MARK: &[u8] = b"-----BEGIN ";
    let has_mark = |bytes: &[u8]| memchr::memmem::find(bytes, MARK).is_some();
    if bytes.trim_ascii().is_empty() {
        return Err(Fault::Empty);
    }
    if Encryption::of_file(bytes).is_some() {
        return Err(Fault::EncodedEncrypted);
    }
    if has_mark(bytes) {
        return Ok(());
    }
    match base64_of(bytes.trim_ascii()) {
        Some(inner) if has_mark(&inner) => Err(Fault::DoubleBase64),
        _ => Err(Fault::NoPem),
    }
}

/// `NAMESPACE/NAME`, by which objects are looked up.
pub(super) fn qualified(namespace: &str, name: &str) -> String {
    [namespace, "/", name].concat()
}

/// What is made of the items of a list. Most lists of manifests are short, and there are very many:
/// they get room for what they hold, not for what a vector grows to.
fn each<'a, T>(list: Option<Node<'a>>, make: impl FnMut(Node<'a>) -> Option<T>) -> Vec<T> {
    let items = || list.into_iter().flat_map(Node::items);
    let mut all = Vec::with_capacity(items().count());
    all.extend(items().filter_map(make));
    all
}

pub(super) fn path<'a>(node: Node<'a>, keys: &[&str]) -> Option<Node<'a>> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}
