//! Facts that a front-end establishes while lowering, one variant for each.

use crate::source::Location;

/// What a front-end found out; rules turn these into findings.
#[derive(Clone, Debug)]
pub enum Problem {
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
        /// What the system said.
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
        /// Both stand in one server.
        same_server: bool,
    },
    /// A wildcard form whose parts are taken away by another form of the same name.
    /// → `server-name-shadowed`
    NameShadowed {
        /// The name as written.
        name: String,
        /// The name that is dropped, wholly or in part.
        at: Location,
        /// What takes it away.
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
    /// What the real program's parser or start-up refuses. → `nginx-syntax`
    Syntax {
        /// The word.
        at: Location,
        /// The fact.
        message: String,
        /// What to type instead, where it is known.
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
    /// What cannot be known here. → `unverifiable`
    Unverifiable {
        /// The first place that needs it.
        at: Location,
        /// What kind of thing.
        kind: UnverifiableKind,
        /// The thing: a path, a variable.
        what: String,
        /// How many places need it.
        count: usize,
    },
}

/// What kind of text was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnippetKind {
    /// `${UPPER_CASE}` placeholders for `envsubst`.
    Envsubst,
    /// `{{ … }}`, `{% … %}` or `<% … %>`.
    Template,
}

/// What kind of thing cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnverifiableKind {
    /// A certificate outside the tree.
    Certificate,
    /// A value that only run time knows.
    Dynamic,
    /// An included file outside the tree.
    Include,
    /// A private key outside the tree.
    Key,
}
