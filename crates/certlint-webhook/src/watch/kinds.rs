//! The kinds that are watched: where the API server has them, and in which versions.

use kube::core::{ApiResource, GroupVersionKind};

use crate::store::Kind;

/// A kind as the API server knows it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// Empty for the core group.
    pub(super) group: &'static str,
    /// The versions that are understood, the best first.
    pub(super) versions: &'static [&'static str],
    pub(super) name: &'static str,
    pub(super) plural: &'static str,
}

/// What every cluster has.
pub(super) static BUILT_IN: &[Known] = &[
    known(
        Kind::Ingress,
        "networking.k8s.io",
        &["v1"],
        "Ingress",
        "ingresses",
    ),
    known(
        Kind::IngressClass,
        "networking.k8s.io",
        &["v1"],
        "IngressClass",
        "ingressclasses",
    ),
    known(Kind::Namespace, "", &["v1"], "Namespace", "namespaces"),
    known(Kind::Secret, "", &["v1"], "Secret", "secrets"),
];

/// What is watched where it is installed.
pub(super) static OPTIONAL: &[Known] = &[
    known(
        Kind::Certificate,
        "cert-manager.io",
        &["v1"],
        "Certificate",
        "certificates",
    ),
    known(
        Kind::ExternalSecret,
        "external-secrets.io",
        &["v1", "v1beta1"],
        "ExternalSecret",
        "externalsecrets",
    ),
    known(
        Kind::Gateway,
        GATEWAY_API,
        &["v1", "v1beta1"],
        "Gateway",
        "gateways",
    ),
    known(
        Kind::GrpcRoute,
        GATEWAY_API,
        &["v1", "v1alpha2"],
        "GRPCRoute",
        "grpcroutes",
    ),
    known(
        Kind::HttpRoute,
        GATEWAY_API,
        &["v1", "v1beta1"],
        "HTTPRoute",
        "httproutes",
    ),
    known(
        Kind::ListenerSet,
        GATEWAY_API,
        &["v1"],
        "ListenerSet",
        "listenersets",
    ),
    known(
        Kind::ReferenceGrant,
        GATEWAY_API,
        &["v1", "v1beta1", "v1alpha2"],
        "ReferenceGrant",
        "referencegrants",
    ),
    known(
        Kind::Route,
        "route.openshift.io",
        &["v1"],
        "Route",
        "routes",
    ),
    known(
        Kind::SealedSecret,
        "bitnami.com",
        &["v1alpha1"],
        "SealedSecret",
        "sealedsecrets",
    ),
    known(
        Kind::TlsRoute,
        GATEWAY_API,
        &["v1", "v1alpha3", "v1alpha2"],
        "TLSRoute",
        "tlsroutes",
    ),
    known(
        Kind::TlsStore,
        "traefik.io",
        &["v1alpha1"],
        "TLSStore",
        "tlsstores",
    ),
];

const GATEWAY_API: &str = "gateway.networking.k8s.io";

const fn known(
    kind: Kind,
    group: &'static str,
    versions: &'static [&'static str],
    name: &'static str,
    plural: &'static str,
) -> Known {
    Known {
        kind,
        group,
        versions,
        name,
        plural,
    }
}

impl Known {
    /// The resource in one of its versions.
    pub(super) fn resource(&self, version: &str) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, version, self.name);
        ApiResource::from_gvk_with_plural(&kind, self.plural)
    }
}

/// The name of a kind for people and metrics: `Ingress`.
pub(super) fn name(kind: Kind) -> &'static str {
    let known = BUILT_IN.iter().chain(OPTIONAL).find(|it| it.kind == kind);
    known.map_or("", |known| known.name)
}

/// Whether objects of this kind live in namespaces.
pub(super) fn has_namespace(kind: Kind) -> bool {
    !matches!(kind, Kind::IngressClass | Kind::Namespace)
}

/// Without these nothing can be judged, so that the process is not ready before it has read them.
pub(super) fn is_required(kind: Kind) -> bool {
    matches!(kind, Kind::Ingress | Kind::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_asks_for_the_right_to_watch_every_kind() {
        let rights = include_str!("../../../../charts/certlint/ci/rbac/default.txt");
        let watched: Vec<_> = (rights.lines())
            .filter_map(|line| line.trim_start().strip_prefix("get, list, watch: "))
            .flat_map(|resources| resources.split(", "))
            .collect();
        for known in BUILT_IN.iter().chain(OPTIONAL) {
            let resource = match known.group {
                "" => known.plural.to_owned(),
                group => format!("{group}/{}", known.plural),
            };
            assert!(watched.contains(&resource.as_str()), "{resource}");
        }
    }
}
