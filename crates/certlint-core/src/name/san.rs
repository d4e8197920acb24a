//! What a certificate presents.

/// stub
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SanSet {}
