//! Names: what a host pattern asks for, what a certificate presents, and whether one covers the
//! other.
//!
//! ```text
//! server_name, Ingress host … ─▶ HostPattern ─┐
//!                                             ├─ covers ─▶ Verdict ─ hints ─▶ what went wrong
//! subjectAltName ─────────────▶ SanSet ───────┘
//! ```
//!
//! The rule is what every common client accepts: RFC 9525 section 6, with names taken from
//! subjectAltName only, a star only as the whole left-most label, and addresses only from
//! iPAddress entries.

mod constraints;
mod coverage;
mod hint;
mod label;
mod near;
mod nginx;
mod pattern;
mod placeholder;
mod presented;
mod reason;
mod regex;
mod regex_coverage;
mod regex_language;
mod regex_reach;
mod regex_structure;
mod san;
mod typed;

pub use constraints::{NameConstraints, RawSubtree, Violation};
pub use coverage::{CoveredBy, Partial, PartialReason, UnknownReason, Verdict, covers};
pub use hint::{Hint, HintKind};
pub use label::a_label;
pub use near::hints;
pub use nginx::{NginxRefusal, nginx_refusal};
pub use pattern::{Depth, HostPattern};
pub use placeholder::{covers_as_text, has_placeholder};
pub use reason::InvalidReason;
pub use regex::{Regex, RegexError};
pub use san::{SanSet, UnusableEntry};
