//! Certificates and keys as files hold them.

/// stub
#[derive(Clone, Debug)]
pub struct Certificate {}
/// stub
#[derive(Clone, Debug)]
pub struct CertificateFile {
    /// Leaf first.
    pub certificates: Vec<Certificate>,
    /// Refused.
    pub refused: Option<()>,
}
/// stub
#[derive(Clone, Debug)]
pub struct KeyFile {}
