//! Facts that a front-end establishes while lowering, one variant for each.

use crate::finding::Level;
use crate::source::Location;

/// A fact that a front-end established; rules turn these into findings.
#[derive(Clone, Debug)]
pub enum Diagnosis {
    /// One server's `ssl` turns TLS on for an address that another one lists without it.
    /// → `listener-tls-mixed`
    ListenerTlsMixed {
        /// The `listen` without `ssl`.
        plain: Location,
        /// The first `listen` with it.
        tls: Location,
        /// The address.
        listener: String,
    },
    /// `listen ADDRESS ssl` without a port is port 80. → `listener-tls-mixed`
    ListenerTlsOnPort80 {
        /// The address word.
        at: Location,
        /// The address without a port.
        address: String,
    },
    /// A specific address takes connections away from servers that listen on the wildcard only.
    /// → `listener-hidden`
    ListenerHidden {
        /// The `listen` on the specific address.
        specific: Location,
        /// The specific address.
        listener: String,
        /// The `listen` of the hidden server on the wildcard.
        hidden: Location,
        /// Names that the hidden server answers elsewhere and not at the specific address.
        names: Vec<String>,
    },
    /// A name is served on IPv4 by its own server, and by another on IPv6 (or the reverse).
    /// → `listener-hidden`
    FamilyMissing {
        /// The name's word.
        at: Location,
        /// The name.
        name: String,
        /// The address on which its own server answers.
        present: String,
        /// The address on which another server does.
        missing: String,
        /// That other server.
        other: Location,
    },
    /// An include that is not there. → `include-missing`
    IncludeMissing {
        /// The argument of `include`.
        at: Location,
        /// The path as joined.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// A file that includes itself, by whatever way. → `include-cycle`
    IncludeCycle {
        /// The argument of `include`.
        at: Location,
        /// The path as joined.
        path: String,
    },
    /// The same name in two servers of one listener, or twice in one: this one never answers.
    /// → `server-name-conflict`
    NameConflict {
        /// The name as written.
        name: String,
        /// The name that is ignored.
        loser: Location,
        /// The same name that wins.
        winner: Location,
        /// The listeners on which this is so.
        listeners: Vec<String>,
        /// The two servers serve different certificates.
        certificates_differ: bool,
        /// Both are in one server.
        same_server: bool,
        /// The two servers are taken together by guess: a main file that is not here may include
        /// only one of them.
        guessed: bool,
    },
    /// A wildcard form whose parts are taken away by another form of the same name.
    /// → `server-name-shadowed`
    NameShadowed {
        /// The name as written.
        name: String,
        /// The name that is dropped, wholly or in part.
        at: Location,
        /// The name that takes it away.
        by: Location,
        /// A name that is not answered by this server although it was meant to be
        /// (`*.example.com`, `example.com`).
        lost: String,
        /// The listeners on which this is so.
        listeners: Vec<String>,
    },
    /// A name that the real program refuses. → `server-name-invalid`
    NameRefused {
        /// The name as written.
        name: String,
        /// The word.
        at: Location,
        /// Why, in the program's words.
        reason: String,
        /// Refused only once a second server joins the listener.
        dormant: bool,
    },
    /// A fault that the real program's parser or start-up refuses. → `nginx-syntax`
    Syntax {
        /// The word.
        at: Location,
        /// The fact.
        message: String,
        /// The replacement to type, where it is known.
        help: Option<String>,
        /// Another place that explains it, with a few words.
        related: Option<(Location, String)>,
    },
    /// A template, not a configuration. → `template-skipped`
    Template {
        /// The first template mark.
        at: Location,
        /// Which kind.
        kind: SnippetKind,
    },
    /// A manifest that is no YAML. → `yaml-syntax`
    YamlSyntax {
        /// The byte at fault.
        at: Location,
        /// The fact.
        message: String,
        /// The replacement to type, where it is known.
        help: Option<&'static str>,
    },
    /// A rule host of an Ingress with TLS that no `tls` entry lists, and no certificate is found for.
    /// → `host-without-tls`
    HostWithoutTls {
        /// The host of the rule.
        at: Location,
        /// The host.
        host: String,
    },
    /// A host of a `tls` entry that no rule serves. → `tls-host-without-rule`
    TlsHostWithoutRule {
        /// The host of the `tls` entry.
        at: Location,
        /// The host.
        host: String,
    },
    /// Clients of a host get the controller's own certificate. → `default-certificate-served`
    PlaceholderServed {
        /// The host.
        at: Location,
        /// The host.
        host: String,
        /// The name of the controller.
        controller: &'static str,
        /// The name of the certificate that the controller makes itself.
        certificate: Option<&'static str>,
        /// Why.
        why: PlaceholderReason,
        /// The Secret that was meant, with its certificate where that could be read.
        secret: Option<(String, Option<super::BundleId>)>,
        /// How sure it is, and how bad.
        level: Level,
    },
    /// A Secret that is not in the input although that is to be complete (`--require-secrets`, or
    /// a whole cluster). → `secret-missing`
    SecretMissing {
        /// The reference.
        at: Location,
        /// `NAMESPACE/NAME`.
        secret: String,
        /// The host that needs it.
        host: String,
        /// Its supplier.
        supplier: Option<String>,
    },
    /// A Secret that cannot be used. → `secret-malformed`
    SecretMalformed {
        /// The field at fault.
        at: Location,
        /// `NAMESPACE/NAME`.
        secret: String,
        /// The fact.
        message: String,
        /// The cure.
        help: Option<String>,
        /// Something is about to rewrite it.
        pending: bool,
    },
    /// Two Ingresses (or listeners) claim a host with different Secrets. → `host-claimed-twice`
    HostClaimedTwice {
        /// The host.
        host: String,
        /// The claim that loses, or comes second.
        loser: Location,
        /// The other claim.
        winner: Location,
        /// Both Secrets, the loser's first.
        secrets: (String, String),
        /// It is known who wins.
        decided: bool,
        /// Whether all that may win cover the host.
        level: Level,
    },
    /// A cert-manager Certificate that will not have a host that uses its Secret.
    /// → `certificate-request-misses-host`
    RequestMissesHost {
        /// The host.
        at: Location,
        /// The host.
        host: String,
        /// The `dnsNames` of the Certificate, or the object where there are none; the `tls` entry
        /// of the Ingress.
        request: Location,
        /// The kind that asks for the certificate: `Certificate`, or the `Ingress` that is annotated.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Its names.
        dns_names: Vec<String>,
        /// In a whole cluster there is no Secret yet, so that the Certificate may still be changed
        /// in time.
        has_time: bool,
    },
    /// A certificate that was asked for and never comes. → `certificate-never-issued`
    NeverIssued {
        /// The object that asks for it.
        at: Location,
        /// Why it never comes.
        message: String,
        /// The cure.
        help: String,
    },
    /// Two Certificates write one Secret. → `secret-claimed-twice`
    SecretClaimedTwice {
        /// The second one's `secretName`.
        at: Location,
        /// The first one's.
        first: Location,
        /// `NAMESPACE/NAME`.
        secret: String,
    },
    /// A Secret of another namespace that nobody allows to refer to. → `reference-not-granted`
    ReferenceNotGranted {
        /// The reference.
        at: Location,
        /// The kind of what refers: `Gateway`.
        kind: &'static str,
        /// Its namespace.
        from: String,
        /// `NAMESPACE/NAME` of the Secret.
        secret: String,
        /// What would allow it.
        grant: GrantKind,
        /// The Secret or something else of its namespace is in the input, so that a grant would be.
        is_certain: bool,
    },
    /// A host that DNS or certificates cannot carry. → `host-impossible`
    HostImpossible {
        /// The host.
        at: Location,
        /// The host.
        host: String,
        /// Why.
        reason: &'static str,
    },
    /// A listener of a Gateway that its implementation does not use, or not as it is meant.
    /// → `listener-refused`
    ListenerRefused {
        /// The listener.
        at: Location,
        /// The fact.
        message: String,
        /// The cure.
        help: &'static str,
        /// How sure it is, and how bad.
        level: Level,
    },
    /// TLS to a backend whose certificate nobody looks at. → `upstream-not-verified`
    UpstreamNotVerified {
        /// The directive that asks for TLS, or the switch that has no effect.
        at: Location,
        /// How the backend is spoken to: `HTTPS`.
        protocol: &'static str,
        /// Why.
        why: NotVerified,
    },
    /// A client in a container that does not verify servers. → `verification-disabled`
    VerificationDisabled {
        /// The value or the word.
        at: Location,
        /// The switch: `NODE_TLS_REJECT_UNAUTHORIZED=0`, `-k`.
        switch: String,
        /// How the client is called.
        client: &'static str,
        /// The annotation that names the certificate authority instead.
        cure: &'static str,
    },
    /// A fact that cannot be known here. → `unverifiable`
    Unverifiable {
        /// The first place that needs it.
        at: Location,
        /// The kind of fact.
        kind: UnverifiableKind,
        /// The thing: a path, a variable.
        what: String,
        /// How many places need it.
        count: usize,
    },
}

/// What lets an object use a Secret of another namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantKind {
    /// For the Gateway API.
    ReferenceGrant,
    /// For Contour.
    TlsCertificateDelegation,
}

/// Why a controller answers with its own certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceholderReason {
    /// The certificate of the Secret does not cover the host.
    NotCovered,
    /// No Secret is named.
    NoSecretName,
    /// The Secret cannot be used.
    Unusable,
    /// No Secret of those that count covers the host.
    NoneCovers,
    /// The controller makes no server for this host: it is in no rule.
    NoServer,
    /// The Secret is in a store that the controller does not use.
    OtherStore,
    /// An alias is a regular expression, whose text is in no certificate.
    PatternAlias,
}

/// Why the certificate of a backend is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotVerified {
    /// Nothing asks for it.
    NotAsked,
    /// It is asked for, and no Secret with a certificate authority is named.
    NoSecret,
    /// It is asked for, and this Secret, `NAMESPACE/NAME`, has no `ca.crt`.
    NoAuthority(String),
    /// It is asked for, and the controller never does it for this protocol.
    Unsupported,
}

/// The kind of text that was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnippetKind {
    /// `${UPPER_CASE}` placeholders for `envsubst`.
    Envsubst,
    /// `{{ … }}`, `{% … %}` or `<% … %>`.
    Template,
}

/// The kind of fact that cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnverifiableKind {
    /// A certificate outside the tree.
    Certificate,
    /// A file that this user may not read.
    Denied,
    /// A value that only run time knows.
    Dynamic,
    /// An included file that is encrypted.
    EncryptedInclude,
    /// The key in a Secret that is encrypted.
    EncryptedKey,
    /// An included file outside the tree.
    Include,
    /// A Gateway of a route that is not in the input.
    Gateway,
    /// A private key outside the tree.
    Key,
    /// A site that is not enabled.
    NotEnabled,
    /// An object that a kustomization changes, which is the thing.
    Patched,
    /// A name that is not filled in yet, or that of a request for it.
    Placeholder,
    /// A Secret that is not in the input.
    Secret,
}
