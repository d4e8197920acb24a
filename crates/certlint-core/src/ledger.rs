//! The ledger: every row of a model with its one standing, judged once for all that read it.
//!
//! ```text
//! front-end ─▶ Row + Outcome ─ judge ─▶ Entry { Standing, Judgements } ─▶ rules, summary, resolve
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Bundle, BundleId, Cause, CertRef, Diagnosis, Fragment, Model, Outcome, Row, Served, ServerName,
    Serving, Unavailable, Unknown, UnverifiableKind,
};
use crate::name::{HostPattern, PartialReason, Regex, Verdict, covers};
use crate::source::{Location, Span};
use crate::x509::{Certificate, SAN};

/// Rows of one name with one outcome: the same at one listener or more.
#[derive(Debug)]
pub struct Entry<'m> {
    /// The fragment of the rows.
    pub fragment: &'m Fragment,
    /// At least one.
    pub rows: &'m [Row],
    /// What each readable certificate says to the name; only where one is served.
    pub certificates: Vec<Judgement<'m>>,
    /// What became of the name.
    pub standing: Standing<'m>,
}

/// The verdict of one certificate on a name.
#[derive(Debug)]
pub struct Judgement<'m> {
    /// The line that brings it.
    pub served: &'m Served,
    /// Its file.
    pub bundle: BundleId,
    /// The certificate.
    pub leaf: &'m Certificate,
    /// Whether it covers the name.
    pub verdict: Verdict,
}

impl Judgement<'_> {
    /// A host that the name asks for is provably not covered.
    #[must_use]
    pub fn fails(&self) -> bool {
        fails(&self.verdict)
    }
}

/// What became of a name at a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing<'m> {
    /// Every certificate that can be served has the name.
    Covered,
    /// A certificate has the name in part only.
    Partly,
    /// Provably not: a certificate does not have the name, or there is none.
    Uncovered,
    /// Something in the input will write the certificate.
    Pending {
        /// Whether it asks for the name.
        asks_for_name: bool,
    },
    /// The controller serves its default certificate.
    Placeholder,
    /// Another server, or another object, answers the name.
    Shadowed,
    /// There is no TLS.
    Plain,
    /// Nothing is to be judged: no client asks for the name, or every handshake is rejected.
    Exempt,
    /// It cannot be known from this input.
    Unknown(Cause, Cow<'m, str>),
}

impl<'m> Entry<'m> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &'m ServerName {
        self.fragment.name(self.rows[0])
    }

    /// What the front-end established.
    #[must_use]
    pub fn outcome(&self) -> &'m Outcome {
        &self.fragment.outcomes[self.rows[0].outcome]
    }

    /// What clients get, where the listener answers the name.
    #[must_use]
    pub fn serving(&self) -> Option<&'m Serving> {
        match self.outcome() {
            Outcome::Answered { serving, .. } => Some(serving),
            _ => None,
        }
    }
}

/// The ledger of a model, judged by the leaves of its files.
#[must_use]
pub fn entries(model: &Model) -> Vec<Entry<'_>> {
    let leaves: Vec<_> = model.bundles.iter().map(Bundle::usable_leaf).collect();
    judge(model, &leaves)
}

/// Judges every row of a model, in the order of the configuration.
#[must_use]
pub(crate) fn judge<'m>(model: &'m Model, leaves: &[Option<&'m Certificate>]) -> Vec<Entry<'m>> {
    let fragments = model.fragments.iter();
    fragments
        .flat_map(|fragment| {
            let same = |a: &Row, b: &Row| (a.name, a.outcome) == (b.name, b.outcome);
            let groups = fragment.rows.chunk_by(same);
            groups.map(move |rows| (fragment, rows))
        })
        .map(|(fragment, rows)| entry(model, leaves, fragment, rows))
        .collect()
}

fn entry<'m>(
    model: &'m Model,
    leaves: &[Option<&'m Certificate>],
    fragment: &'m Fragment,
    rows: &'m [Row],
) -> Entry<'m> {
    let row = rows[0];
    let mut certificates = Vec::new();
    let standing = match &fragment.outcomes[row.outcome] {
        Outcome::Answered {
            serving, undecided, ..
        } => {
            certificates = judgements(leaves, &fragment.name(row).pattern, serving.certificates());
            match undecided {
                Some(unknown) => Standing::Unknown(unknown.cause, Cow::Borrowed(&unknown.what)),
                None => standing(model, fragment, row, serving, &certificates),
            }
        }
        Outcome::Pending { asks_for_name, .. } => Standing::Pending {
            asks_for_name: *asks_for_name,
        },
        Outcome::Shadowed(_) => Standing::Shadowed,
        Outcome::Plain => Standing::Plain,
        Outcome::NotAsked => Standing::Exempt,
    };
    Entry {
        fragment,
        rows,
        certificates,
        standing,
    }
}

fn standing<'m>(
    model: &'m Model,
    fragment: &'m Fragment,
    row: Row,
    serving: &'m Serving,
    judged: &[Judgement<'m>],
) -> Standing<'m> {
    let certificates = match serving {
        Serving::Certificates { certificates, .. } => certificates,
        Serving::NoCertificate => {
            return match unloaded(model, fragment, row) {
                Some((cause, what)) => Standing::Unknown(cause, what),
                None => Standing::Uncovered,
            };
        }
        Serving::Placeholder => return Standing::Placeholder,
        Serving::Rejected => return Standing::Exempt,
        Serving::Unknown(Unknown { cause, what }) => {
            return Standing::Unknown(*cause, Cow::Borrowed(what));
        }
    };
    // Of a file that begins with another certificate than was meant no rule about names speaks, and
    // that certificate is served all the same.
    let pattern = &fragment.name(row).pattern;
    let other = certificates
        .iter()
        .filter(|served| judged.iter().all(|one| !std::ptr::eq(one.served, *served)))
        .filter_map(|served| Some(covers(&model.leaf(&served.certificate)?.names, pattern)));
    if judged.iter().any(Judgement::fails) || other.into_iter().any(|verdict| fails(&verdict)) {
        return Standing::Uncovered;
    }
    let mut unknown = certificates
        .iter()
        .filter_map(|served| unknown_part(model, served));
    if let Some((cause, what)) = unknown.next() {
        return Standing::Unknown(cause, what.into());
    }
    let has = |wanted: fn(&Verdict) -> bool| judged.iter().any(|one| wanted(&one.verdict));
    if has(|verdict| matches!(verdict, Verdict::Partial(_))) {
        Standing::Partly
    } else if has(|verdict| matches!(verdict, Verdict::Unknown(_))) {
        let text = &fragment.name(row).text;
        let cause = match pattern {
            HostPattern::Placeholder(_) => Cause::Placeholder,
            _ => Cause::Pattern,
        };
        Standing::Unknown(cause, Cow::Borrowed(text))
    } else {
        Standing::Covered
    }
}

/// Why a server has no certificate although it names some.
fn unloaded<'m>(
    model: &'m Model,
    fragment: &'m Fragment,
    row: Row,
) -> Option<(Cause, Cow<'m, str>)> {
    let own = &fragment.server(row.name.server).certificates;
    let is_address = matches!(fragment.name(row).pattern, HostPattern::Address(_));
    // Without certificates of its own, or without an SNI, the default server's are meant.
    let default = fragment.listener(row.listener).default;
    let pairs = if own.is_empty() || is_address {
        &fragment.server(default).certificates
    } else {
        own
    };
    pairs.iter().find_map(|pair| {
        let cause = match &pair.certificate {
            CertRef::Unavailable(why) => cause(why),
            CertRef::Bundle(id) if model.bundle(*id).leaf().is_none() => {
                Cause::CertificateUnreadable
            }
            CertRef::Bundle(_) => return None,
        };
        Some((cause, Cow::Borrowed(&*pair.path)))
    })
}

fn cause(why: &Unavailable) -> Cause {
    match why {
        Unavailable::AlwaysEmpty(_) | Unavailable::Dynamic(_) => Cause::RunTime,
        Unavailable::Denied => Cause::NotReadable,
        Unavailable::Missing | Unavailable::Private => Cause::CertificateMissing,
        Unavailable::Outside => Cause::CertificateOutside,
        Unavailable::Directory | Unavailable::Unreadable(_) => Cause::CertificateUnreadable,
    }
}

/// Why the names of a certificate that is served are not known; `None` where they are.
#[must_use]
pub fn unknown_part(model: &Model, served: &Served) -> Option<(Cause, String)> {
    match &served.certificate {
        CertRef::Unavailable(Unavailable::Dynamic(what)) => {
            Some((Cause::RunTime, what.to_string()))
        }
        CertRef::Unavailable(why) => Some((cause(why), written(model, served))),
        CertRef::Bundle(id) => {
            let bundle = model.bundle(*id);
            let refused = bundle.file.refused.as_ref();
            let file = || model.sources.get(bundle.source).name().to_owned();
            match refused {
                Some(refusal) if refusal.encryption().is_some() => {
                    Some((Cause::CertificateEncrypted, file()))
                }
                _ if bundle.leaf().is_none() => Some((Cause::CertificateUnreadable, file())),
                _ => None,
            }
        }
    }
}

/// The path of a certificate as the configuration writes it.
fn written(model: &Model, served: &Served) -> String {
    let text = model.sources.get(served.at.source).text();
    let range = |span: Span| span.start as usize..span.end as usize;
    let word = text.and_then(|text| text.get(range(served.at.span?)));
    word.map_or_else(String::new, |word| {
        String::from_utf8_lossy(word).into_owned()
    })
}

/// What each readable certificate says to a pattern.
#[must_use]
pub fn judgements<'m>(
    leaves: &[Option<&'m Certificate>],
    pattern: &HostPattern,
    served: &'m [Served],
) -> Vec<Judgement<'m>> {
    let pattern = meant(pattern);
    served
        .iter()
        .filter_map(|served| {
            let CertRef::Bundle(bundle) = served.certificate else {
                return None;
            };
            let leaf = leaves[bundle.0 as usize]?;
            // Names that cannot be read are a finding of their own, and nothing to guess from.
            if leaf.extensions.unreadable.iter().any(|oid| **oid == *SAN) {
                return None;
            }
            Some(Judgement {
                served,
                bundle,
                leaf,
                verdict: covers(&leaf.names, &pattern),
            })
        })
        .collect()
}

/// A host that was asked for by name is provably not covered.
///
/// The apex of `.x` is one concrete host, and so are the few names of a finite regular expression.
#[must_use]
pub fn fails(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::NotCovered => true,
        Verdict::Partial(partial) => matches!(
            partial.reason,
            PartialReason::ApexMissing | PartialReason::RegexFinite
        ),
        Verdict::Covered(_) | Verdict::NotApplicable | Verdict::Unknown(_) => false,
    }
}

/// A pattern as it was meant: loose dots have a finding of their own (`server-name-regex-loose`),
/// and the names that they let in are nobody's wish.
fn meant(pattern: &HostPattern) -> Cow<'_, HostPattern> {
    match pattern {
        HostPattern::Regex(regex) if !regex.unescaped_dots().is_empty() => {
            Cow::Owned(HostPattern::Regex(Regex::new(&escape_dots(regex))))
        }
        _ => Cow::Borrowed(pattern),
    }
}

/// The text of a regular expression with its loose dots escaped.
#[must_use]
pub fn escape_dots(regex: &Regex) -> Vec<u8> {
    let mut text = Vec::with_capacity(regex.pattern().len() + regex.unescaped_dots().len());
    for (offset, &byte) in regex.pattern().iter().enumerate() {
        if regex.unescaped_dots().contains(&offset) {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text
}

/// The cause where something was not read that may hold names.
fn unread(kind: UnverifiableKind) -> Option<Cause> {
    match kind {
        UnverifiableKind::EncryptedInclude => Some(Cause::IncludeEncrypted),
        UnverifiableKind::Include => Some(Cause::IncludeOutside),
        _ => None,
    }
}

/// How many names were judged, and why the others were not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Names that are, or may be, answered over TLS.
    pub names: usize,
    /// Those of which it is known what becomes of them, at every listener.
    pub judged: usize,
    /// For each cause the things that are not known.
    pub causes: BTreeMap<Cause, BTreeSet<String>>,
}

impl Tally {
    /// Counts the names of a model, and what may hold others and was not read.
    #[must_use]
    pub fn new(model: &Model, entries: &[Entry<'_>]) -> Self {
        let mut tally = Self::default();
        for diagnosis in model.fragments.iter().flat_map(|one| &one.diagnoses) {
            if let Diagnosis::Unverifiable { kind, what, .. } = diagnosis
                && let Some(cause) = unread(*kind)
            {
                tally.causes.entry(cause).or_default().insert(what.clone());
            }
        }
        let same = |a: &Entry<'_>, b: &Entry<'_>| {
            std::ptr::eq(a.fragment, b.fragment) && a.rows[0].name == b.rows[0].name
        };
        // A name that several deployments have is one name, and judged where all know it.
        let mut shared: BTreeMap<(&Location, &str), bool> = BTreeMap::new();
        for of_name in entries.chunk_by(same) {
            let (mut is_counted, mut is_judged) = (false, true);
            for entry in of_name {
                match &entry.standing {
                    Standing::Plain | Standing::Shadowed | Standing::Exempt => {}
                    Standing::Unknown(cause, what) => {
                        (is_counted, is_judged) = (true, false);
                        // The includes themselves are counted above.
                        let is_include = *cause == Cause::IncludeOutside;
                        let things = tally.causes.entry(*cause).or_default();
                        if (things.is_empty() || !is_include) && !things.contains(&**what) {
                            things.insert(what.to_string());
                        }
                    }
                    _ => is_counted = true,
                }
            }
            let first = &of_name[0];
            if is_counted && first.fragment.deployment.is_some() {
                let name = first.fragment.name(first.rows[0]);
                let everywhere = shared.entry((&name.at, &*name.text)).or_insert(true);
                *everywhere &= is_judged;
                continue;
            }
            tally.names += usize::from(is_counted);
            tally.judged += usize::from(is_counted && is_judged);
        }
        tally.names += shared.len();
        tally.judged += shared.values().filter(|is_judged| **is_judged).count();
        tally
    }

    /// Adds what was counted in another model.
    pub fn add(&mut self, other: Self) {
        self.names += other.names;
        self.judged += other.judged;
        for (cause, things) in other.causes {
            self.causes.entry(cause).or_default().extend(things);
        }
    }

    /// The number of names that were not judged.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.names - self.judged
    }
}
