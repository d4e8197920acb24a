//! The rows of the ledger: each name of the input at each listener that may serve it, with exactly
//! one outcome.
//!
//! A front-end makes the rows of a fragment in one place; [`crate::ledger`] judges them.

use super::id::{Id, IdVec};
use super::{ListenerId, NameId, ServerId, Serving};

/// A name at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The name.
    pub name: NameId,
    /// What becomes of it there.
    pub outcome: OutcomeId,
    /// The listener.
    pub listener: ListenerId,
}

/// Index of an [`Outcome`] in [`super::Fragment::outcomes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutcomeId(u32);

impl OutcomeId {
    /// This id once its outcomes are appended to `others`.
    #[must_use]
    pub(crate) fn behind(self, others: &IdVec<Self, Outcome>) -> Self {
        Self::new(others.len() + self.index())
    }
}

impl Id for OutcomeId {
    fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What becomes of a name at a listener, as far as the front-end establishes it. Rows share outcomes.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Clients get this; whether it covers the name is judged.
    Answered {
        /// The answer to clients.
        serving: Serving,
        /// Why the rest is not proven, in a few words; a finding about the name is no error then.
        doubt: Option<Box<str>>,
        /// Why it is not known whether clients get this or something else.
        undecided: Option<Box<Unknown>>,
    },
    /// Something in the input will write the certificate.
    Pending {
        /// Its supplier.
        supplier: Box<str>,
        /// Whether it asks for the name.
        asks_for_name: bool,
    },
    /// Another server, or another object, answers the name.
    Shadowed(ServerId),
    /// There is no TLS.
    Plain,
    /// No client asks for it: a catch-all, or a text that is no name.
    NotAsked,
}

/// What is not known, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The kind of cause.
    pub cause: Cause,
    /// What is not known: a Secret, a path; or why, in a few words.
    pub what: Box<str>,
}

impl Unknown {
    /// Something that is not known.
    #[must_use]
    pub fn new(cause: Cause, what: impl Into<Box<str>>) -> Self {
        Self {
            cause,
            what: what.into(),
        }
    }

    /// The same in words, for `resolve`.
    #[must_use]
    pub fn why(&self) -> String {
        why(self.cause, &self.what)
    }
}

/// A cause in words, for what it hides.
#[must_use]
pub fn why(cause: Cause, what: &str) -> String {
    match cause {
        Cause::CertificateEncrypted => format!("certificate `{what}` is encrypted"),
        Cause::CertificateMissing => format!("certificate `{what}` is not there"),
        Cause::CertificateOutside => format!("certificate `{what}` is outside the checked tree"),
        Cause::CertificateUnreadable => format!("certificate `{what}` cannot be read"),
        Cause::NotReadable => format!("certificate `{what}` is not readable for this user"),
        Cause::Pattern => format!("it cannot be told what `{what}` matches"),
        Cause::Placeholder => format!("`{what}` or what is asked for it holds a placeholder"),
        Cause::ReferenceNotGranted => format!("nothing allows to refer to Secret `{what}`"),
        Cause::SecretEncrypted => format!("Secret `{what}` is encrypted"),
        Cause::SecretMalformed => format!("Secret `{what}` cannot be used"),
        Cause::SecretNotInInput => format!("Secret `{what}` is not in the input"),
        Cause::Elsewhere
        | Cause::IncludeEncrypted
        | Cause::IncludeOutside
        | Cause::RunTime
        | Cause::Undecided => what.to_owned(),
    }
}

/// Why it cannot be known what becomes of a name, one for each cure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A certificate file that is encrypted as a whole.
    CertificateEncrypted,
    /// A certificate file that the tree ought to have.
    CertificateMissing,
    /// A certificate file outside the tree.
    CertificateOutside,
    /// A certificate file that cannot be used.
    CertificateUnreadable,
    /// Another object or line that decides, and is not in the input.
    Elsewhere,
    /// An included file that is encrypted.
    IncludeEncrypted,
    /// An included file outside the tree.
    IncludeOutside,
    /// A certificate file that this user may not read.
    NotReadable,
    /// The name is a pattern of which it cannot be told.
    Pattern,
    /// A placeholder that a tool fills in later, in the name or in the request for it.
    Placeholder,
    /// A Secret of another namespace that nothing allows to refer to.
    ReferenceNotGranted,
    /// Only run time knows.
    RunTime,
    /// A Secret that is in the input, encrypted.
    SecretEncrypted,
    /// A Secret that is in the input and cannot be used.
    SecretMalformed,
    /// A Secret that is not in the input.
    SecretNotInInput,
    /// Two objects compete, and the input does not say which is older.
    Undecided,
}

impl Cause {
    /// The word that JSON uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CertificateEncrypted => "certificate-encrypted",
            Self::CertificateMissing => "certificate-missing",
            Self::CertificateOutside => "certificate-outside-tree",
            Self::CertificateUnreadable => "certificate-unreadable",
            Self::Elsewhere => "set-elsewhere",
            Self::IncludeEncrypted => "include-encrypted",
            Self::IncludeOutside => "include-outside-tree",
            Self::NotReadable => "not-readable",
            Self::Pattern => "pattern",
            Self::Placeholder => "placeholder",
            Self::ReferenceNotGranted => "reference-not-granted",
            Self::RunTime => "run-time",
            Self::SecretEncrypted => "secret-encrypted",
            Self::SecretMalformed => "secret-malformed",
            Self::SecretNotInInput => "secret-not-in-input",
            Self::Undecided => "undecided",
        }
    }

    /// What would tell, as an option or a few words; `None` where a finding says it.
    #[must_use]
    pub fn help(self) -> Option<&'static str> {
        match self {
            Self::CertificateOutside | Self::IncludeOutside => Some("--map-path FROM=TO"),
            Self::CertificateEncrypted | Self::SecretEncrypted | Self::SecretNotInInput => {
                Some("--certs DIR")
            }
            Self::Elsewhere => Some("check the whole configuration"),
            Self::Pattern | Self::RunTime => Some("certlint resolve --name NAME"),
            Self::NotReadable => Some("run certlint as root"),
            Self::Placeholder => Some("check what is deployed"),
            Self::Undecided => Some("metadata.creationTimestamp"),
            Self::CertificateMissing
            | Self::CertificateUnreadable
            | Self::IncludeEncrypted
            | Self::ReferenceNotGranted
            | Self::SecretMalformed => None,
        }
    }

    /// The cause for a number of things: "2 Secrets not in the input".
    #[must_use]
    pub fn counted(self, count: usize) -> String {
        let (one, many, rest) = match self {
            Self::CertificateEncrypted => ("certificate", "certificates", " encrypted"),
            Self::CertificateMissing => ("certificate", "certificates", " missing"),
            Self::CertificateOutside => ("certificate", "certificates", " outside the tree"),
            Self::CertificateUnreadable => ("certificate", "certificates", " unreadable"),
            Self::Elsewhere => ("certificate", "certificates", " set elsewhere"),
            Self::IncludeEncrypted => ("include", "includes", " encrypted"),
            Self::IncludeOutside => ("include", "includes", " outside the tree"),
            Self::NotReadable => ("certificate", "certificates", " not readable"),
            Self::Pattern => ("pattern", "patterns", " undecided"),
            Self::Placeholder => ("name", "names", " with placeholders"),
            Self::ReferenceNotGranted => ("Secret", "Secrets", " not granted"),
            Self::RunTime => ("certificate", "certificates", " chosen at run time"),
            Self::SecretEncrypted => ("Secret", "Secrets", " encrypted"),
            Self::SecretMalformed => ("Secret", "Secrets", " malformed"),
            Self::SecretNotInInput => ("Secret", "Secrets", " not in the input"),
            Self::Undecided => ("host", "hosts", " claimed twice"),
        };
        let what = if count == 1 { one } else { many };
        format!("{count} {what}{rest}")
    }
}
