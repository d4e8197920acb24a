//! Which certificates a server ends up with: the two inherited lists, their files, and
//! OpenSSL's one certificate for each key type.
//!
//! `ngx_http_ssl_module#ssl_certificate`. Slots follow `SSL_CTX_use_certificate` and
//! `SSL_CTX_use_PrivateKey`: a later certificate of a type replaces an earlier one, a key of another
//! type than its certificate goes to its own type's slot without a complaint.

use std::sync::Arc;

use crate::files::FileError;
use crate::loader::Loader;
use crate::model::{
    Bundle, CertRef, CertificatePair, Key, KeyPart, KeyRef, Refusal, Served, Serving, Unavailable,
};
use crate::x509::profile::{KeyWeakness, key_weakness};
use crate::x509::{self, KeyOutcome, Pair};

use super::config::{Argument, Scope, Variables};
use super::include::join;
use super::lossy;
use super::variable::{self, Handshake};

/// The certificates in effect for a server, before any file is looked at.
#[derive(Clone, Debug)]
pub(super) struct Effective<'c> {
    pub(super) certificates: &'c [Argument],
    pub(super) keys: &'c [Argument],
    /// The certificates are in the outer block.
    pub(super) inherited: bool,
    /// Both lists do, so that all such servers have the same pairs.
    pub(super) inherits_everything: bool,
    pub(super) trusted: Option<&'c Argument>,
    pub(super) has_password: bool,
    /// Replaced at run time.
    pub(super) replaced_by: Option<&'c Argument>,
    /// The keys may be in something that was not read.
    keys_elsewhere: bool,
    /// `$` is a letter like any other in mail.
    literal: bool,
}

impl<'c> Effective<'c> {
    /// The server's list replaces the outer one as a whole, and the two lists are inherited
    /// independently of each other.
    pub(super) fn new(outer: &'c Scope, server: &'c Scope, complete: bool, literal: bool) -> Self {
        let inherited = server.certificates.is_empty();
        let pick = |own: &'c [Argument], outer: &'c [Argument]| match own {
            [] => outer,
            own => own,
        };
        Self {
            certificates: pick(&server.certificates, &outer.certificates),
            keys: pick(&server.keys, &outer.keys),
            inherited,
            inherits_everything: inherited
                && server.keys.is_empty()
                && !server.has_password_file
                && server.replaced_by.is_none(),
            trusted: server.trusted.as_ref().or(outer.trusted.as_ref()),
            has_password: server.has_password_file || outer.has_password_file,
            replaced_by: server.replaced_by.as_ref().or(outer.replaced_by.as_ref()),
            keys_elsewhere: !server.certificates.is_empty()
                && server.keys.is_empty()
                && (server.open_ended || (!complete && outer.keys.is_empty())),
            literal,
        }
    }

    /// True for the very same lists, as servers that inherit have them.
    pub(super) fn is_same_list(&self, other: &Self) -> bool {
        std::ptr::eq(self.certificates, other.certificates) && std::ptr::eq(self.keys, other.keys)
    }

    /// Any variable in either list makes nginx load all of it for each handshake.
    pub(super) fn is_dynamic(&self) -> bool {
        let mut arguments = self.certificates.iter().chain(self.keys);
        arguments.any(|argument| self.has_variables(&argument.text))
    }

    fn has_variables(&self, text: &[u8]) -> bool {
        !self.literal && variable::has_variables(text)
    }

    /// The arguments that nginx refuses for a `$` without a name.
    pub(super) fn invalid(&self) -> impl Iterator<Item = &'c Argument> {
        let all = self.certificates.iter().chain(self.keys);
        let literal = self.literal;
        all.filter(move |it| !literal && it.text.contains(&b'$') && variable::is_invalid(&it.text))
    }

    /// The key of a certificate; one that is elsewhere has the place of the certificate.
    fn key<'a>(&'a self, index: usize, certificate: &'a Argument) -> Option<&'a Argument> {
        match self.keys_elsewhere {
            true => Some(certificate),
            false => self.keys.get(index),
        }
    }

    /// Logical paths of the files that will be read.
    pub(super) fn static_paths(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let keys = self.keys.iter().filter(|key| !is_engine(&key.text));
        self.certificates
            .iter()
            .chain(keys)
            .filter(|argument| !self.has_variables(&argument.text))
            .filter(|argument| !argument.text.starts_with(b"data:"))
            .map(|argument| join(prefix, &argument.text))
            .collect()
    }
}

/// Finds the files of certificate lists.
pub(super) struct Store<'l, 'f> {
    pub(super) loader: &'l Loader<'f>,
    pub(super) prefix: &'l [u8],
    pub(super) variables: &'l Variables,
    /// `store:` names a key store since 1.29.0; before it is a file name.
    pub(super) has_store_keys: bool,
}

impl Store<'_, '_> {
    /// The pairs of a server; certificate `i` goes with key `i`.
    pub(super) fn pairs(
        &self,
        effective: &Effective<'_>,
        handshake: Option<Handshake<'_>>,
    ) -> Arc<[CertificatePair]> {
        let certificates = effective.certificates.iter().enumerate();
        let trusted = effective.trusted.map(|argument| &argument.text);
        let trusted = trusted.filter(|path| !variable::has_variables(path));
        let trusted: Vec<_> = trusted
            .map(|path| join(self.prefix, path))
            .into_iter()
            .collect();
        certificates
            .map(|(index, argument)| {
                let path = |text| self.path(text, effective, handshake);
                let (certificate, is_public) = match path(&argument.text) {
                    Ok(path) => self.certificate(&path, &trusted),
                    Err(unavailable) => (CertRef::Unavailable(unavailable), false),
                };
                let key = effective.key(index, argument).map(|key| KeyPart {
                    key: match path(&key.text) {
                        _ if effective.keys_elsewhere => KeyRef::Unavailable(Unavailable::Private),
                        // Another key than the one in use may lie here.
                        _ if is_public => KeyRef::Unavailable(Unavailable::Private),
                        Ok(path) => self.key(&path, &certificate),
                        Err(unavailable) => KeyRef::Unavailable(unavailable),
                    },
                    path: shown_key_path(&key.text),
                    at: key.at.clone(),
                    has_password: effective.has_password,
                });
                CertificatePair {
                    certificate,
                    path: lossy(&argument.text).into(),
                    at: argument.at.clone(),
                    key,
                    is_fallback: effective.replaced_by.is_some(),
                }
            })
            .collect()
    }

    /// The value of an argument: itself, or what its variables come to.
    fn path(
        &self,
        text: &[u8],
        effective: &Effective<'_>,
        handshake: Option<Handshake<'_>>,
    ) -> Result<Vec<u8>, Unavailable> {
        if !effective.has_variables(text) {
            return Ok(text.to_vec());
        }
        match handshake {
            Some(handshake) => variable::evaluate(text, handshake, self.variables),
            None => Err(match variable::always_empty(text, self.variables) {
                Some(name) => Unavailable::AlwaysEmpty(format!("${}", lossy(name)).into()),
                None => Unavailable::Dynamic(lossy(text).into()),
            }),
        }
    }

    /// A certificate, and whether it is a public one from beside the tree.
    fn certificate(&self, text: &[u8], trusted: &[Vec<u8>]) -> (CertRef, bool) {
        if let Some(pem) = text.strip_prefix(b"data:") {
            return (CertRef::Bundle(self.loader.inline_bundle(pem)), false);
        }
        let path = join(self.prefix, text);
        let found = match self.loader.bundle(&path) {
            Ok(id) if !self.loader.is_encrypted(id) => {
                self.loader.look_beside(&path, id, trusted);
                return (CertRef::Bundle(id), false);
            }
            found => found,
        };
        let public = match found {
            Ok(_) | Err(FileError::Denied | FileError::NotFound | FileError::Outside) => {
                self.loader.public_certificate(&path)
            }
            Err(_) => None,
        };
        match (public, found) {
            (Some(id), _) => (CertRef::Bundle(id), true),
            (None, Ok(id)) => (CertRef::Bundle(id), false),
            (None, Err(error)) => (CertRef::Unavailable(unavailable(error)), false),
        }
    }

    fn key(&self, text: &[u8], certificate: &CertRef) -> KeyRef {
        if is_engine(text) || (self.has_store_keys && text.starts_with(b"store:")) {
            let what = "a key that an engine or a key store keeps";
            return KeyRef::Unavailable(Unavailable::Dynamic(what.into()));
        }
        if let Some(pem) = text.strip_prefix(b"data:") {
            return KeyRef::File(self.loader.inline_key(pem));
        }
        let path = join(self.prefix, text);
        match self.loader.key(&path) {
            Ok(id) => KeyRef::File(id),
            // Keys belong in no repository, even where their certificates are.
            Err(FileError::NotFound)
                if matches!(certificate, CertRef::Bundle(_)) && self.loader.may_lack(&path) =>
            {
                KeyRef::Unavailable(Unavailable::Outside)
            }
            Err(error) => KeyRef::Unavailable(unavailable(error)),
        }
    }

    /// The certificates served from these pairs, and why nginx would not start with them.
    pub(super) fn serve(
        &self,
        pairs: &[CertificatePair],
        effective: &Effective<'_>,
    ) -> (Serving, Vec<Refusal>) {
        let (served, refusals) = self
            .loader
            .inspect(|bundles, keys| fill_slots(pairs, bundles, keys));
        let certificates: Arc<[Served]> = match effective.replaced_by {
            Some(directive) => [Served {
                certificate: CertRef::Unavailable(Unavailable::Dynamic(
                    format!("`{}` decides", lossy(&directive.text)).into(),
                )),
                at: directive.at.clone(),
                has_key: true,
            }]
            .into(),
            None => served.into(),
        };
        let serving = match certificates.is_empty() {
            true => Serving::NoCertificate,
            false => Serving::Certificates {
                certificates,
                from_default: None,
            },
        };
        (serving, refusals)
    }
}

/// `data:` with a key inside must not be shown.
fn shown_key_path(text: &[u8]) -> Box<str> {
    match text.starts_with(b"data:") {
        true => "data:…".into(),
        false => lossy(text).into(),
    }
}

fn is_engine(text: &[u8]) -> bool {
    text.starts_with(b"engine:")
}

fn unavailable(error: FileError) -> Unavailable {
    match error {
        FileError::Denied => Unavailable::Denied,
        FileError::NotFound => Unavailable::Missing,
        FileError::Outside => Unavailable::Outside,
        FileError::Directory => Unavailable::Directory,
        error @ (FileError::TooLarge { .. } | FileError::Unreadable(_)) => {
            Unavailable::Unreadable(error.to_string().into())
        }
    }
}

/// One certificate and one key for each key type.
#[derive(Debug)]
struct Slot<'p> {
    key_type: x509::KeyType,
    certificate: Option<&'p CertificatePair>,
    key: Option<&'p KeyPart>,
}

fn fill_slots(
    pairs: &[CertificatePair],
    bundles: &[Bundle],
    keys: &[Key],
) -> (Vec<Served>, Vec<Refusal>) {
    let mut slots: Vec<Slot<'_>> = Vec::new();
    let mut refusals = Vec::new();
    // Certificates that are not known are served for all we know.
    let mut unknown = Vec::new();
    for pair in pairs {
        let mut refuse = |at: &crate::source::Location, reason: String| {
            let at = at.clone();
            refusals.push(Refusal { at, reason });
        };
        let leaf = match &pair.certificate {
            CertRef::Unavailable(Unavailable::Missing | Unavailable::Directory) => {
                refuse(&pair.at, format!("cannot load certificate `{}`", pair.path));
                None
            }
            CertRef::Unavailable(Unavailable::AlwaysEmpty(_)) => continue,
            CertRef::Unavailable(_) => {
                unknown.push(served(pair, true));
                continue;
            }
            CertRef::Bundle(id) => {
                let bundle = &bundles[id.0 as usize];
                match &bundle.file.refused {
                    Some(why) if why.nginx_would_refuse => {
                        refuse(&pair.at, format!("cannot load certificate `{}`", pair.path));
                    }
                    // Beyond our limits, not nginx's.
                    Some(_) => unknown.push(served(pair, true)),
                    None => {}
                }
                bundle.leaf()
            }
        };
        let Some(leaf) = leaf else {
            continue;
        };
        // OpenSSL's security level 2, which distributions set: "ee key too small".
        if matches!(key_weakness(leaf), Some(KeyWeakness::RsaTooSmall { .. })) {
            refuse(
                &pair.at,
                format!("the key of certificate `{}` is too small", pair.path),
            );
        }
        let key_type = leaf.public_key.key_type();
        let slot = slot_of(&mut slots, key_type);
        slot.certificate = Some(pair);
        // A key of this type that came before and does not fit is thrown away in silence.
        if let Some(key) = slot.key
            && pair_up(Some(leaf), key, keys) == Some(Pair::Mismatch)
        {
            slot.key = None;
        }
        let Some(key) = &pair.key else {
            let reason = format!("no `ssl_certificate_key` for certificate `{}`", pair.path);
            refuse(&pair.at, reason);
            continue;
        };
        match &key.key {
            KeyRef::Unavailable(Unavailable::Missing | Unavailable::Directory) => {
                refuse(
                    &key.at,
                    format!("cannot load certificate key `{}`", key.path),
                );
            }
            KeyRef::Unavailable(Unavailable::AlwaysEmpty(_)) => {}
            // Not known: assume the good case.
            KeyRef::Unavailable(_) => slot.key = Some(key),
            KeyRef::File(id) => match &keys[id.0 as usize].file.outcome {
                KeyOutcome::Found(found) => {
                    let slot = slot_of(&mut slots, found.key_type());
                    let leaf = slot.certificate.and_then(|pair| match &pair.certificate {
                        CertRef::Bundle(id) => bundles[id.0 as usize].leaf(),
                        CertRef::Unavailable(_) => None,
                    });
                    if leaf.is_some() && pair_up(leaf, key, keys) == Some(Pair::Mismatch) {
                        let reason = format!("key values mismatch for `{}`", key.path);
                        refuse(&key.at, reason);
                    } else {
                        slot.key = Some(key);
                    }
                }
                KeyOutcome::Encrypted { .. } if key.has_password => slot.key = Some(key),
                KeyOutcome::Refused(why) if !why.nginx_would_refuse => slot.key = Some(key),
                _ => refuse(
                    &key.at,
                    format!("cannot load certificate key `{}`", key.path),
                ),
            },
        }
    }
    let mut certificates: Vec<_> = slots
        .iter()
        .filter_map(|slot| Some(served(slot.certificate?, slot.key.is_some())))
        .collect();
    certificates.extend(unknown);
    (certificates, refusals)
}

fn slot_of<'s, 'p>(slots: &'s mut Vec<Slot<'p>>, key_type: x509::KeyType) -> &'s mut Slot<'p> {
    let index = slots.iter().position(|slot| slot.key_type == key_type);
    let index = index.unwrap_or_else(|| {
        slots.push(Slot {
            key_type,
            certificate: None,
            key: None,
        });
        slots.len() - 1
    });
    &mut slots[index]
}

fn served(pair: &CertificatePair, has_key: bool) -> Served {
    Served {
        certificate: pair.certificate.clone(),
        at: pair.at.clone(),
        has_key,
    }
}

fn pair_up(leaf: Option<&x509::Certificate>, key: &KeyPart, keys: &[Key]) -> Option<Pair> {
    match &key.key {
        KeyRef::File(id) => Some(x509::pair(leaf?, &keys[id.0 as usize].file)),
        KeyRef::Unavailable(_) => None,
    }
}
