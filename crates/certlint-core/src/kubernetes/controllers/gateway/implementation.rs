//! The implementations of the Gateway API, and what each makes of the references of a listener.
//!
//! Read in their sources, and tried where their data plane is Envoy, nginx or HAProxy. The API
//! itself promises one reference for a listener; each implementation has its own way with several.

use super::secrets::{Ref, Secrets};
use crate::finding::Level;
use crate::kubernetes::controller::Controller;
use crate::kubernetes::gateway::Objects;

/// What implements a Gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Implementation {
    Agentgateway,
    Cilium,
    Contour,
    EnvoyGateway,
    /// Takes its certificates elsewhere.
    External,
    HaproxyIngress,
    Istio,
    Kgateway,
    Kong,
    NginxFabric,
    Traefik,
    /// Of a class that is not known, or known for one reference only.
    Unknown,
}

/// An implementation by `spec.controllerName` of a GatewayClass, and by usual names of the class.
struct Known {
    ids: &'static [&'static str],
    classes: &'static [&'static str],
    implementation: Implementation,
}

const KNOWN: &[Known] = &[
    Known {
        ids: &[
            "agentgateway.dev/agentgateway",
            "kgateway.dev/agentgateway",
            "istio.io/agentgateway-controller",
        ],
        classes: &["agentgateway", "istio-agentgateway"],
        implementation: Implementation::Agentgateway,
    },
    Known {
        ids: &["io.cilium/gateway-controller"],
        classes: &["cilium"],
        implementation: Implementation::Cilium,
    },
    Known {
        ids: &[
            "projectcontour.io/gateway-controller",
            "projectcontour.io/projectcontour/contour",
        ],
        classes: &["contour"],
        implementation: Implementation::Contour,
    },
    Known {
        ids: &["gateway.envoyproxy.io/gatewayclass-controller"],
        classes: &["eg", "envoy", "envoy-gateway"],
        implementation: Implementation::EnvoyGateway,
    },
    Known {
        ids: &[
            "gateway.k8s.aws/alb",
            "gateway.k8s.aws/nlb",
            "application-networking.k8s.aws/gateway-api-controller",
        ],
        classes: &[
            "aws-alb-gateway-class",
            "aws-nlb-gateway-class",
            "alb",
            "nlb",
            "amazon-vpc-lattice",
        ],
        implementation: Implementation::External,
    },
    Known {
        ids: &["haproxy-ingress.github.io/controller"],
        classes: &[],
        implementation: Implementation::HaproxyIngress,
    },
    Known {
        ids: &[
            "istio.io/gateway-controller",
            "openshift.io/gateway-controller/v1",
        ],
        classes: &["istio", "openshift-default"],
        implementation: Implementation::Istio,
    },
    Known {
        ids: &["kgateway.dev/kgateway"],
        classes: &["kgateway"],
        implementation: Implementation::Kgateway,
    },
    Known {
        ids: &["konghq.com/kic-gateway-controller"],
        classes: &[],
        implementation: Implementation::Kong,
    },
    Known {
        ids: &["gateway.nginx.org/nginx-gateway-controller"],
        classes: &["nginx"],
        implementation: Implementation::NginxFabric,
    },
    Known {
        ids: &["traefik.io/gateway-controller"],
        classes: &["traefik"],
        implementation: Implementation::Traefik,
    },
];

/// Why a listener, or its references, are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another listener of the Gateway has its port and hostname.
    Conflicted,
    /// The first of two references cannot be used.
    FirstUnusable,
    /// There are several references, and none of them is used.
    NoneUsed,
    /// One of the references cannot be used, which may take the listener away.
    OneUnusable,
    /// There are more references than the listener may have.
    TooMany(usize),
    /// No reference can be used.
    Unusable,
    /// Envoy refuses the configuration, and a proxy that runs keeps the old one.
    UpdateRefused,
}

impl Refusal {
    /// How sure it is that clients are refused.
    pub(super) fn level(self) -> Level {
        match self {
            Self::Conflicted | Self::TooMany(_) | Self::Unusable => Level::Error,
            Self::FirstUnusable | Self::NoneUsed | Self::OneUnusable | Self::UpdateRefused => {
                Level::Warning
            }
        }
    }
}

impl Implementation {
    /// That of the class of a Gateway.
    pub(super) fn of(class: &str, objects: &Objects) -> Self {
        let known = match objects.classes.get(class) {
            Some(controller) => KNOWN.iter().find(|known| {
                let mut ids = known.ids.iter();
                ids.any(|id| {
                    let rest = controller.strip_prefix(id);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            }),
            None => KNOWN.iter().find(|known| known.classes.contains(&class)),
        };
        known.map_or(Self::Unknown, |known| known.implementation)
    }

    /// Its name in a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Agentgateway => "agentgateway",
            Self::Cilium => "Cilium",
            Self::Contour => "Contour",
            Self::EnvoyGateway => "Envoy Gateway",
            Self::External | Self::Unknown => "the implementation",
            Self::HaproxyIngress => "HAProxy Ingress",
            Self::Istio => "Istio",
            Self::Kgateway => "kgateway",
            Self::Kong => "Kong",
            Self::NginxFabric => "NGINX Gateway Fabric",
            Self::Traefik => "Traefik",
        }
    }

    /// The controller whose default certificate it serves.
    pub(super) fn controller(self) -> Controller {
        match self {
            Self::HaproxyIngress => Controller::HaproxyIngress,
            Self::Kong => Controller::Kong,
            Self::Traefik => Controller::Traefik,
            _ => Controller::Unknown,
        }
    }

    /// It has one table of certificates for all Gateways, and for other kinds.
    pub(super) fn has_pool(self) -> bool {
        matches!(self, Self::HaproxyIngress | Self::Kong | Self::Traefik)
    }

    /// The names of its servers are those of routes.
    pub(super) fn serves_routes_only(self) -> bool {
        matches!(self, Self::Contour | Self::NginxFabric)
    }

    /// Why a listener is not used; `None` where it is, for all that is known.
    pub(super) fn refuses(self, secrets: &Secrets<'_>, is_conflicted: bool) -> Option<Refusal> {
        let count = secrets.refs.len();
        let is_bad = |one: &Ref<'_>| matches!(one, Ref::Bad);
        let bad = secrets.refs.iter().filter(|one| is_bad(one)).count();
        let none_left = count > 0 && bad == count;
        let at_most = |most| (count > most).then_some(Refusal::TooMany(most));
        let unusable = |is_so: bool| is_so.then_some(Refusal::Unusable);
        match self {
            Self::Agentgateway | Self::Contour => at_most(1).or_else(|| unusable(bad > 0)),
            Self::Cilium => (count - bad > 1).then_some(Refusal::UpdateRefused),
            Self::EnvoyGateway => match is_conflicted {
                true => Some(Refusal::Conflicted),
                false => unusable(none_left),
            },
            Self::HaproxyIngress | Self::NginxFabric => unusable(none_left),
            Self::Istio => {
                let first_is_bad = secrets.refs.first().is_some_and(is_bad);
                let first = (first_is_bad && !none_left).then_some(Refusal::FirstUnusable);
                at_most(2).or_else(|| unusable(none_left)).or(first)
            }
            Self::Kgateway => {
                let one = (bad > 0).then_some(Refusal::OneUnusable);
                unusable(none_left).or(one)
            }
            Self::Kong => (count > 1 || bad > 0).then_some(Refusal::NoneUsed),
            Self::Traefik => (bad > 0).then_some(Refusal::OneUnusable),
            Self::External | Self::Unknown => None,
        }
    }
}
