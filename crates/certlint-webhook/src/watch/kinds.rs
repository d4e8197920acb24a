//! The kinds that are watched, as the API server knows them.

use certlint_core::kubernetes::kinds::Kind;
use kube::core::{ApiResource, GroupVersionKind};

/// The kinds that every cluster has.
pub(super) fn built_in() -> impl Iterator<Item = &'static Kind> {
    Kind::watched().filter(|kind| kind.product().is_none())
}

/// The kinds that are watched where they are installed.
pub(super) fn optional() -> impl Iterator<Item = &'static Kind> {
    Kind::watched().filter(|kind| kind.product().is_some())
}

/// The resource of a kind in one of its versions.
pub(super) fn resource(kind: &Kind, version: &str) -> ApiResource {
    let names = GroupVersionKind::gvk(kind.group, version, kind.name);
    ApiResource::from_gvk_with_plural(&names, kind.plural)
}

/// Without these nothing can be judged, so that the process is not ready before it has read them.
pub(super) fn is_required(kind: &Kind) -> bool {
    kind.product().is_none() && kind.is_namespaced
}
