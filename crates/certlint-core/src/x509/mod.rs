//! Certificates and keys as files hold them, read as nginx reads them.
//!
//! ```text
//! bytes ─ pem ─▶ blocks ─┬─ read_certificates ─▶ CertificateFile: leaf, chain │ Refusal, Oddities
//!                        └─ read_key ──────────▶ KeyFile: public half │ encrypted │ Refusal
//!                                                  │
//!                     pair, chain, profile ◀───────┘ judgements, which rules turn into findings
//! ```
//!
//! Private keys are read for their public half only; nothing else of them is kept.

mod certificate;
mod certificate_file;
pub mod chain;
mod der;
mod encryption;
mod extensions;
mod key;
mod key_file;
pub mod pem;
mod placeholder;
pub mod profile;
mod public_key;
mod refusal;

pub use certificate::{Certificate, Remembered, SignatureHash};
pub use certificate_file::{CertificateFile, Oddity, OddityKind, read_certificates};
pub use encryption::Encryption;
pub use extensions::{ExtendedKeyUsage, Extensions, KeyUsage, SAN};
pub use key::{Key, Pair, pair};
pub use key_file::{KeyFile, KeyOutcome, read_key};
pub use placeholder::Placeholder;
pub use public_key::{Curve, KeyType, PublicKey};
pub use refusal::{Cure, Refusal, RefusalKind};
