//! Names: what a host pattern asks for, what a certificate presents, and whether one covers the
//! other.

mod pattern;
mod san;

pub use pattern::{Depth, HostPattern, InvalidReason, Regex};
pub use san::SanSet;
