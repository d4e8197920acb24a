//! Certificates and keys as files hold them.

/// stub
#[derive(Clone, Debug)]
pub struct Certificate {}
/// stub
#[derive(Clone, Debug)]
pub struct Key {}
