//! A file as nginx loads it for `ssl_certificate_key`.
//!
//! The first block that is a private key is the key; blocks before it (certificates,
//! `EC PARAMETERS`, even malformed ones) are passed over, and what follows it is not read
//! (measured on OpenSSL 3.0).

use text_span::Span;

use super::der::Reader;
use super::key::Key;
use super::pem::{self, Block};
use super::refusal::{self, Refusal, RefusalKind};

/// A private-key file, of which only the public half is kept.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// The outcome.
    pub outcome: KeyOutcome,
}

/// The outcome of reading a key file.
#[derive(Clone, Debug)]
pub enum KeyOutcome {
    /// A key.
    Found(Key),
    /// A key that needs a password (`ssl_password_file`).
    Encrypted {
        /// Its block.
        at: Span,
    },
    /// No key that can be read.
    Refused(Refusal),
}

/// Reads a file as nginx does for `ssl_certificate_key`.
#[must_use]
pub fn read_key(bytes: &[u8]) -> KeyFile {
    KeyFile {
        outcome: outcome(bytes),
    }
}

fn outcome(bytes: &[u8]) -> KeyOutcome {
    if let Some(refusal) = Refusal::encrypted(bytes) {
        return KeyOutcome::Refused(refusal);
    }
    let mut blocks = pem::scan(bytes);
    let mut other_label = None;
    let mut first_refusal = None;
    for block in &mut blocks {
        match block {
            Ok(block) if block.is_private_key() => match read_block(&block) {
                KeyOutcome::Refused(refusal) if refusal.nginx_would_refuse => {
                    first_refusal.get_or_insert(refusal);
                }
                outcome => return outcome,
            },
            Ok(block) => {
                other_label.get_or_insert((block.label, block.at));
            }
            Err(malformed) => {
                first_refusal.get_or_insert_with(|| malformed.into());
            }
        }
    }
    KeyOutcome::Refused(if let Some(refusal) = first_refusal {
        refusal
    } else if blocks.is_cut_off() {
        Refusal::limit(RefusalKind::TooManyBlocks, Span::new(0, 0))
    } else {
        refusal::without_key(bytes, other_label, blocks.near_misses())
    })
}

fn read_block(block: &Block<'_>) -> KeyOutcome {
    if block.label == b"ENCRYPTED PRIVATE KEY" {
        return KeyOutcome::Encrypted { at: block.at };
    }
    if !block.header.is_empty() {
        let refusal = Refusal::header(block);
        return if refusal.kind == RefusalKind::EncryptedBlock {
            KeyOutcome::Encrypted { at: block.at }
        } else {
            KeyOutcome::Refused(refusal)
        };
    }
    let key = match block.label {
        b"RSA PRIVATE KEY" => Key::from_pkcs1(&block.der, false),
        b"EC PRIVATE KEY" => Key::from_sec1(&block.der, None),
        // Any other label of the kind holds PKCS #8 or something that is not read here.
        _ => Key::from_pkcs8(&block.der),
    };
    match key {
        Some(key) => KeyOutcome::Found(key),
        None if Reader::leading_sequence(&block.der).is_some() => {
            KeyOutcome::Refused(Refusal::limit(RefusalKind::NotAKey, block.at))
        }
        None => KeyOutcome::Refused(Refusal::new(RefusalKind::NotAKey, block.at)),
    }
}
