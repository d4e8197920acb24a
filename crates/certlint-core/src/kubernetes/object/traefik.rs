//! Traefik's TLSStores.

use crate::source::Spanned;

/// A store: Traefik uses none but `default`.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Store {
    pub(in crate::kubernetes) is_default: bool,
    pub(in crate::kubernetes) namespace: String,
    pub(in crate::kubernetes) default: Option<Spanned<String>>,
    pub(in crate::kubernetes) certificates: Vec<Spanned<String>>,
}

impl Store {
    /// Its Secrets, as `NAMESPACE/NAME`.
    pub(in crate::kubernetes) fn secrets(&self) -> impl Iterator<Item = String> {
        let secrets = self.certificates.iter().chain(&self.default);
        secrets.map(|secret| format!("{}/{}", self.namespace, secret.value))
    }
}
