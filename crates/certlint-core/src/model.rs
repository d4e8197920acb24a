//! The one model that both programs check: names, and the certificates they are served with.
//!
//! Front-ends fill it, rules read it, and neither knows the other. Each fact remembers where it
//! was written.
//!
//! ```text
//! Model ── bundles, keys            files, each read once
//!   └ Fragment                      one configuration root
//!       ├ Server                    what holds names and certificates: a server block
//!       ├ Listener                  an address; which server answers which SNI there
//!       ├ Row                       a name at a listener, with its one outcome
//!       └ Diagnosis                   what the front-end found out while lowering
//! ```

mod diagnosis;
mod id;
mod row;
pub mod suppression;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

pub use diagnosis::{
    Diagnosis, GrantKind, NotVerified, PlaceholderReason, SnippetKind, UnverifiableKind,
};
pub use id::{Id, IdVec};
pub use row::{Cause, Outcome, OutcomeId, Row, Unknown, why};
pub(crate) use table::normalise;
pub use table::{Conflict, Lost, MatchedBy, NameId, NameTable};

use crate::finding::ObjectName;
use crate::name::{Depth, HostPattern};
use crate::source::{Location, SourceId, Sources, Span};
use crate::x509::{Certificate, CertificateFile, KeyFile};
use suppression::Suppression;

/// Everything that one run knows.
#[derive(Debug, Default)]
pub struct Model {
    /// Every text that was read.
    pub sources: Sources,
    /// Certificate files, each read once however many servers name it.
    pub bundles: Vec<Bundle>,
    /// Key files; only their public halves.
    pub keys: Vec<Key>,
    /// Certificate files that no configuration names and that lie beside one that lacks its issuer.
    pub beside: Vec<Bundle>,
    /// One for each configuration root.
    pub fragments: Vec<Fragment>,
}

impl Model {
    /// The certificate file with this id.
    #[must_use]
    pub fn bundle(&self, id: BundleId) -> &Bundle {
        &self.bundles[id.0 as usize]
    }

    /// The key file with this id.
    #[must_use]
    pub fn key(&self, id: KeyId) -> &Key {
        &self.keys[id.0 as usize]
    }

    /// The leaf that a reference leads to; `None` where it is missing, unreadable or unknown.
    #[must_use]
    pub fn leaf(&self, certificate: &CertRef) -> Option<&Certificate> {
        match certificate {
            CertRef::Bundle(id) => self.bundle(*id).leaf(),
            CertRef::Unavailable(_) => None,
        }
    }
}

/// Index of a [`Bundle`] in [`Model::bundles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub u32);

/// A certificate file, or the certificates of a Secret: the leaf and what is sent after it.
#[derive(Debug)]
pub struct Bundle {
    /// The file.
    pub source: SourceId,
    /// The field that holds them, where they are inside another text; spans of the certificates
    /// are then offsets in that field's value.
    pub field: Option<Location>,
    /// `NAMESPACE/NAME` of the Secret that holds them.
    pub secret: Option<Box<str>>,
    /// The certificates that nginx reads from it, or why it refuses it.
    pub file: CertificateFile,
    /// How much of it is here.
    pub extent: Extent,
}

/// How much of the certificates of a [`Bundle`] is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them, as they were read.
    Whole,
    /// The leaf, without key, extensions and chain: rules that need those were asked when the
    /// certificates were read.
    Summary {
        /// What [`CertificateFile::is_leaf_meant`] said.
        leaf_is_meant: bool,
    },
}

impl Bundle {
    /// The place of a part of the certificates.
    #[must_use]
    pub fn at(&self, part: Span) -> Location {
        match &self.field {
            Some(field) => field.clone(),
            None => Location::new(self.source, part),
        }
    }

    /// The certificates as a whole.
    #[must_use]
    pub fn whole(&self) -> Location {
        match &self.field {
            Some(field) => field.clone(),
            None => Location::whole(self.source),
        }
    }

    /// The first certificate; `None` for a file that is refused.
    #[must_use]
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain().first()
    }

    /// The leaf; `None` where another certificate takes its place, so that all that could be
    /// said of it would be noise: the file is refused or its first block is skipped
    /// (`certificate-unreadable`), or it begins with an authority (`chain-misordered`).
    #[must_use]
    pub fn usable_leaf(&self) -> Option<&Certificate> {
        let leaf = self.leaf()?;
        if let Extent::Summary { leaf_is_meant } = self.extent {
            return leaf_is_meant.then_some(leaf);
        }
        self.file.is_leaf_meant().then_some(leaf)
    }

    /// Leaf first, in file order; empty for a file that is refused.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        if self.file.refused.is_some() {
            return &[];
        }
        &self.file.certificates
    }
}

/// Index of a [`Key`] in [`Model::keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// A private-key file, of which only public parts were kept.
#[derive(Debug)]
pub struct Key {
    /// The file; its text is not kept.
    pub source: SourceId,
    /// The field of a Secret that holds it.
    pub field: Option<Location>,
    /// Unix permission bits, where there are any.
    pub mode: Option<u32>,
    /// The key in it, or why there is none.
    pub file: KeyFile,
}

/// One configuration root, lowered.
#[derive(Debug)]
pub struct Fragment {
    /// The file that it starts from.
    pub main: SourceId,
    /// True for a whole configuration; false for a piece (`sites-available/x`) whose other servers
    /// and inherited directives are not known. Whatever needs the whole is not reported then.
    pub complete: bool,
    /// An include that was not read may hold more servers.
    pub open_ended: bool,
    /// Server blocks in configuration order.
    pub servers: Vec<Server>,
    /// Listening addresses.
    pub listeners: Vec<Listener>,
    /// Every name at every listener, sorted.
    pub rows: Vec<Row>,
    /// What becomes of the names; shared by rows.
    pub outcomes: IdVec<OutcomeId, Outcome>,
    /// Facts that the front-end established while lowering.
    pub diagnoses: Vec<Diagnosis>,
    /// The Kubernetes objects of its texts.
    pub objects: Vec<ObjectPlace>,
    /// Suppression comments.
    pub suppressions: Vec<Suppression>,
    /// Why the real program would refuse to start with this; empty when it would start.
    pub refusals: Vec<Refusal>,
    /// Where a run holds several deployments, the one that this belongs to.
    pub deployment: Option<Arc<Deployment>>,
}

/// Objects that are for one cluster, beside others of the same names that are for another one.
#[derive(Debug)]
pub struct Deployment {
    /// The directory or file that makes the difference.
    pub name: String,
    /// The texts that no other deployment has.
    pub sources: BTreeSet<SourceId>,
}

impl Fragment {
    /// A fragment without anything.
    pub(crate) fn empty(main: SourceId) -> Self {
        Self {
            main,
            complete: true,
            open_ended: false,
            servers: Vec::new(),
            listeners: Vec::new(),
            rows: Vec::new(),
            outcomes: IdVec::default(),
            diagnoses: Vec::new(),
            objects: Vec::new(),
            suppressions: Vec::new(),
            refusals: Vec::new(),
            deployment: None,
        }
    }

    /// Adds an object that holds names, as a server without certificates of its own.
    pub(crate) fn add_holder(&mut self, at: Location) -> ServerId {
        let id = ServerId(u32::try_from(self.servers.len()).unwrap_or(u32::MAX));
        self.servers.push(Server {
            at,
            names: Vec::new(),
            certificates: Arc::default(),
            inherits_certificates: false,
            rejects_handshakes: false,
            open_ended: false,
            listens: Vec::new(),
        });
        id
    }

    /// Adds a listener that a controller opens, with what it answers to each host.
    pub(crate) fn add_hosts(&mut self, label: String, default: ServerId, hosts: HostTable) {
        self.listeners.push(Listener {
            address: ListenAddress::Named(label.clone()),
            label,
            tls: true,
            members: Vec::new(),
            default,
            default_marked: true,
            default_known: true,
            names: NameTable::default(),
            dual_stack: false,
            reg_name_sni: true,
            serving: BTreeMap::new(),
            evaluated: BTreeMap::new(),
            hosts: Some(hosts),
        });
    }

    /// The server with this id.
    #[must_use]
    pub fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.0 as usize]
    }

    /// The listener with this id.
    #[must_use]
    pub fn listener(&self, id: ListenerId) -> &Listener {
        &self.listeners[id.0 as usize]
    }

    /// The name of a row.
    #[must_use]
    pub fn name(&self, row: Row) -> &ServerName {
        &self.server(row.name.server).names[row.name.name as usize]
    }

    /// The rows of a name, one for each listener.
    #[must_use]
    pub fn rows_of(&self, name: NameId) -> &[Row] {
        let start = self.rows.partition_point(|row| row.name < name);
        let length = self.rows[start..].partition_point(|row| row.name == name);
        &self.rows[start..start + length]
    }

    /// What becomes of a name at a listener.
    #[must_use]
    pub fn outcome(&self, name: NameId, listener: ListenerId) -> Option<&Outcome> {
        let mut rows = self.rows_of(name).iter();
        let row = rows.find(|row| row.listener == listener)?;
        Some(&self.outcomes[row.outcome])
    }
}

/// A Kubernetes object, and the bytes that are its own.
#[derive(Clone, Debug)]
pub struct ObjectPlace {
    /// The whole object.
    pub at: Location,
    /// What it calls itself.
    pub name: Arc<ObjectName>,
}

/// A reason for which the real program would not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The place.
    pub at: Location,
    /// The reason, lower case, without a full stop.
    pub reason: String,
}

/// Index of a [`Server`] in [`Fragment::servers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub u32);

/// A holder of names and certificates: an nginx `server` block.
#[derive(Debug)]
pub struct Server {
    /// The word `server`.
    pub at: Location,
    /// Names in the order of the configuration; never empty for nginx, which reads no
    /// `server_name` as one name `""`.
    pub names: Vec<ServerName>,
    /// The certificates in effect with their keys, in order; inherited ones included.
    pub certificates: Arc<[CertificatePair]>,
    /// True where the certificates are in an outer block and this server has none itself.
    pub inherits_certificates: bool,
    /// `ssl_reject_handshake on` in effect.
    pub rejects_handshakes: bool,
    /// It includes something that was not read, so that it may have more addresses, names and
    /// certificates.
    pub open_ended: bool,
    /// Where it listens, in the order of the configuration.
    pub listens: Vec<Listen>,
}

/// One name of a server.
#[derive(Clone, Debug)]
pub struct ServerName {
    /// As written, without quotes.
    pub text: Box<str>,
    /// The names that it asks for.
    pub pattern: HostPattern,
    /// The word; the word `server` for the name `""` of a server without names.
    pub at: Location,
}

/// One address of a server.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address.
    pub listener: ListenerId,
    /// The `listen` directive's address word.
    pub at: Location,
    /// This very directive says `ssl` (or `quic`).
    pub tls: bool,
}

/// A certificate and the key that goes with it.
#[derive(Clone, Debug)]
pub struct CertificatePair {
    /// The certificate.
    pub certificate: CertRef,
    /// Its path as the configuration writes it.
    pub path: Box<str>,
    /// The argument of `ssl_certificate`.
    pub at: Location,
    /// The key; `None` where the configuration has fewer keys than certificates.
    pub key: Option<KeyPart>,
    /// A program chooses the certificate at run time, and this one is only there to let the server
    /// start.
    pub is_fallback: bool,
}

/// The key of a [`CertificatePair`].
#[derive(Clone, Debug)]
pub struct KeyPart {
    /// The key.
    pub key: KeyRef,
    /// Its path as the configuration writes it.
    pub path: Box<str>,
    /// The argument of `ssl_certificate_key`.
    pub at: Location,
    /// A password file is in effect, so that an encrypted key is no mistake.
    pub has_password: bool,
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertRef {
    /// A file that was read (it may still be refused: see [`CertificateFile`]).
    Bundle(BundleId),
    /// No file was read.
    Unavailable(Unavailable),
}

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// A file that was read.
    File(KeyId),
    /// No file was read.
    Unavailable(Unavailable),
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Variables that are always empty during the handshake, so that it fails; the variable's name.
    AlwaysEmpty(Box<str>),
    /// This user may not read it, and nginx does so as root.
    Denied,
    /// The path leads to a directory.
    Directory,
    /// Only run time knows, and why.
    Dynamic(Box<str>),
    /// The tree ought to have it and does not.
    Missing,
    /// The path leads out of the checked tree.
    Outside,
    /// A key that nobody asked for: its certificate was given without it.
    Private,
    /// The system would not read it; the system's reason.
    Unreadable(Box<str>),
}

/// Index of a [`Listener`] in [`Fragment::listeners`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub u32);

/// An address, and which of its servers answers which SNI.
#[derive(Debug)]
pub struct Listener {
    /// As reports show it: `0.0.0.0:443`, `[::]:443`, `unix:/run/web.sock`, `0.0.0.0:443 quic`.
    pub label: String,
    /// The address for `--connect` and for judging ports.
    pub address: ListenAddress,
    /// TLS is terminated here: one member's `ssl` turns it on for all.
    pub tls: bool,
    /// The servers of this address in configuration order, each with its `listen` directive.
    pub members: Vec<Member>,
    /// Answers every name that no other server takes.
    pub default: ServerId,
    /// The configuration marks the default server; otherwise it is the first one.
    pub default_marked: bool,
    /// False where something that was not read may hold another default server, or a server for a
    /// name that none of these has.
    pub default_known: bool,
    /// Name tables; empty when there is only one server, whose names nginx never looks at.
    pub names: NameTable,
    /// An IPv6 wildcard that also takes IPv4 connections (`ipv6only=off`).
    pub dual_stack: bool,
    /// Only an SNI of reg-name characters is looked up: nginx since 1.29.4.
    pub reg_name_sni: bool,
    /// The answers to clients that are led to a server of this listener; only filled where TLS is on.
    pub serving: BTreeMap<ServerId, Serving>,
    /// The values of variables in certificate paths, by the SNI that was asked about.
    pub evaluated: BTreeMap<String, Serving>,
    /// For a controller: who answers which host. Name tables and members are empty then.
    pub hosts: Option<HostTable>,
}

/// The hosts of an Ingress controller, or of a Gateway's listener.
#[derive(Debug)]
pub struct HostTable {
    /// By host, lower case.
    pub hosts: BTreeMap<String, Host>,
    /// How many labels the star of `*.x` matches.
    pub depth: Depth,
    /// The answer to all other clients.
    pub fallback: Serving,
}

impl Default for HostTable {
    fn default() -> Self {
        Self {
            hosts: BTreeMap::new(),
            depth: Depth::One,
            fallback: Serving::Placeholder,
        }
    }
}

/// Who answers a host; the row of the name says with what.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// The Ingress, or the Gateway's listener.
    pub owner: ServerId,
    /// The name that claims the host.
    pub name: NameId,
}

impl HostTable {
    /// The answer for an SNI: the host itself, then the longest wildcard that it belongs to.
    #[must_use]
    pub fn find(&self, sni: &str) -> Option<(&str, Host)> {
        let name = sni.to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let get = |name: &str| {
            let (name, &host) = self.hosts.get_key_value(name)?;
            Some((name.as_str(), host))
        };
        let wildcards = match self.depth {
            Depth::Any => usize::MAX,
            Depth::One => 1,
        };
        let dots = name.match_indices('.').take(wildcards);
        let mut wildcards = dots.map(|(dot, _)| format!("*{}", &name[dot..]));
        get(name).or_else(|| wildcards.find_map(|wildcard| get(&wildcard)))
    }
}

/// A server at an address.
#[derive(Clone, Debug)]
pub struct Member {
    /// The server.
    pub server: ServerId,
    /// The address word of its `listen` directive.
    pub at: Location,
    /// This very directive says `ssl` (or `quic`).
    pub tls: bool,
}

/// A local address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListenAddress {
    /// TCP, or UDP for QUIC. The unspecified address means every address of its family.
    Inet {
        /// Address and port.
        address: SocketAddr,
        /// UDP: QUIC in http, datagrams in stream.
        udp: bool,
    },
    /// Something with a name only: a host to be resolved at start, a controller.
    Named(String),
    /// A Unix-domain socket.
    Unix(String),
}

impl Listener {
    /// Which server answers a client that asks for `sni` here, and how it was found.
    ///
    /// `None` is a client without SNI. The name is normalised as nginx does; one that is not valid
    /// counts as no match.
    #[must_use]
    pub fn select(&self, sni: Option<&str>) -> Selection {
        let found = sni
            .and_then(|sni| normalise(sni.as_bytes(), self.reg_name_sni))
            .and_then(|name| self.names.find(&name));
        found.unwrap_or(Selection {
            server: self.default,
            name: None,
            matched_by: MatchedBy::Default,
        })
    }
}

/// The server that a name selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The server.
    pub server: ServerId,
    /// The index of its name that matched; `None` for the default server.
    pub name: Option<u32>,
    /// The kind of name that matched.
    pub matched_by: MatchedBy,
}

/// The answer to a TLS client.
#[derive(Clone, Debug)]
pub enum Serving {
    /// Certificates; a client with several key types on offer picks one of them.
    Certificates {
        /// One for each key type: the last one of each, as OpenSSL keeps it.
        certificates: Arc<[Served]>,
        /// The default server whose certificates these are, where the server itself has none.
        from_default: Option<ServerId>,
    },
    /// The handshake fails: there is no certificate.
    NoCertificate,
    /// `ssl_reject_handshake`.
    Rejected,
    /// The controller's own self-signed certificate, which no client trusts.
    Placeholder,
    /// It cannot be known here.
    Unknown(Unknown),
}

impl Serving {
    /// True where every handshake fails, because no certificate has its key.
    #[must_use]
    pub fn fails(&self) -> bool {
        match self {
            Self::Certificates { certificates, .. } => {
                certificates.iter().all(|served| !served.has_key)
            }
            Self::NoCertificate => true,
            Self::Placeholder | Self::Rejected | Self::Unknown(_) => false,
        }
    }

    /// The certificates; empty when there are none.
    #[must_use]
    pub fn certificates(&self) -> &[Served] {
        match self {
            Self::Certificates { certificates, .. } => certificates,
            Self::NoCertificate | Self::Placeholder | Self::Rejected | Self::Unknown(_) => &[],
        }
    }
}

/// A certificate that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The certificate.
    pub certificate: CertRef,
    /// The line that brings it: the argument of `ssl_certificate`.
    pub at: Location,
    /// Its key is there and fits, as far as can be told; otherwise this is what will be served once
    /// the key is right. A key says nothing about names.
    pub has_key: bool,
}
