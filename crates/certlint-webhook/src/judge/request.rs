//! The request: the parts of an AdmissionReview that the judgement depends on.

use std::future::Future;
use std::sync::Arc;

use certlint_core::kubernetes::SecretSummary;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::store::Kind;

/// A request of the API server. Whether it is a dry run makes no difference, so that is not here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub(crate) operation: &'a str,
    /// The API group of the object as it was sent; empty for the core group.
    pub(crate) group: &'a str,
    /// The kind of the object: `Ingress`.
    pub(crate) kind: &'a str,
    /// `status` and the like; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// Empty for objects without one.
    pub(crate) namespace: &'a str,
    /// `userInfo.username`.
    pub(crate) user: &'a str,
    /// The object as it is to be; none in a DELETE.
    pub(crate) object: Option<&'a RawValue>,
    /// The object as it is; none in a CREATE.
    pub(crate) old_object: Option<&'a RawValue>,
    /// When the answer is due; what is not known by then counts as unknown.
    pub(crate) deadline: Instant,
}

/// Reads Secrets from the API server, past all that is remembered.
pub(crate) trait Live: Sync {
    /// Whether all objects of this kind in this namespace are remembered, so that one which is not
    /// remembered is not there.
    fn knows(&self, kind: &Kind, namespace: &str) -> bool;

    /// The Secret as it is now. Bounded in time by itself.
    fn secret(&self, namespace: &str, name: &str) -> impl Future<Output = LiveSecret> + Send;
}

/// The API server's answer about a Secret.
#[derive(Clone, Debug)]
pub(crate) enum LiveSecret {
    /// It is there.
    Found(Arc<SecretSummary>),
    /// There is none.
    Missing,
    /// It could not be asked, or would not say; why, in a few words.
    Unknown(String),
}
