//! The controllers: which one an Ingress belongs to, and what it makes of claims, one file for each
//! way to choose.
//!
//! Read in the controllers' sources; an unknown class falls under the contract of the Ingress API
//! itself: "The values in this list must match the name/s used in the tlsSecret".

mod contour;
mod contract;
mod f5;
mod gateway;
mod ingress;
mod ingress_nginx;
mod istio;
mod nginx_hosts;
mod objects;
mod pool;
mod shim;
mod traefik;

pub(super) use contour::tls_namespace;
pub(super) use gateway::bind_gateways;
pub(super) use ingress::bind_ingresses;
pub(super) use ingress_nginx::is_canary;
pub(super) use istio::promote_generic_secrets;
pub(super) use objects::{bind_objects, named_secrets};

use std::collections::BTreeMap;

use super::controller::{Choice, Chooser, Controller};
use super::facts::{Ingress, IngressClass};

/// A controller by what objects call it.
struct Known {
    /// `spec.controller` of an IngressClass.
    id: &'static str,
    /// Well-known class names.
    classes: &'static [&'static str],
    controller: Controller,
    choice: Choice,
}

const KNOWN: &[Known] = &[
    Known {
        id: "k8s.io/ingress-nginx",
        classes: &["nginx", "webapprouting.kubernetes.azure.com"],
        controller: Controller::IngressNginx,
        choice: Choice::IngressNginx,
    },
    Known {
        id: "nginx.org/ingress-controller",
        classes: &[],
        controller: Controller::F5,
        choice: Choice::Exact,
    },
    Known {
        id: "traefik.io/ingress-controller",
        classes: &["traefik"],
        controller: Controller::Traefik,
        choice: Choice::Pool,
    },
    Known {
        id: "haproxy.org/ingress-controller",
        classes: &[],
        controller: Controller::HaproxyTech,
        choice: Choice::Pool,
    },
    Known {
        id: "haproxy-ingress.github.io/controller",
        classes: &["haproxy"],
        controller: Controller::HaproxyIngress,
        choice: Choice::Listed,
    },
    Known {
        id: "ingress-controllers.konghq.com/kong",
        classes: &["kong"],
        controller: Controller::Kong,
        choice: Choice::Listed,
    },
    Known {
        id: "projectcontour.io/ingress-controller",
        classes: &["contour"],
        controller: Controller::Contour,
        choice: Choice::Listed,
    },
    Known {
        id: "istio.io/ingress-controller",
        classes: &["istio"],
        controller: Controller::Istio,
        choice: Choice::Likely,
    },
    Known {
        id: "cilium.io/ingress-controller",
        classes: &["cilium"],
        controller: Controller::Cilium,
        choice: Choice::Likely,
    },
    Known {
        id: "apisix.apache.org/apisix-ingress",
        classes: &["apisix"],
        controller: Controller::Apisix,
        choice: Choice::Likely,
    },
    Known {
        id: "openshift.io/ingress-to-route",
        classes: &["openshift-default"],
        controller: Controller::OpenShift,
        choice: Choice::Likely,
    },
    Known {
        id: "k8s.io/ingress-gce",
        classes: &["gce", "gce-internal"],
        controller: Controller::Gce,
        choice: Choice::Likely,
    },
    Known {
        id: "azure/application-gateway",
        classes: &["azure-application-gateway", "azure/application-gateway"],
        controller: Controller::ApplicationGateway,
        choice: Choice::Likely,
    },
    Known {
        id: "ingress.k8s.aws/alb",
        classes: &["alb"],
        controller: Controller::AwsLoadBalancer,
        choice: Choice::External,
    },
    Known {
        id: "tailscale.com/ts-ingress",
        classes: &["tailscale"],
        controller: Controller::Tailscale,
        choice: Choice::External,
    },
    Known {
        id: "k8s.ngrok.com/ingress-controller",
        classes: &["ngrok"],
        controller: Controller::Ngrok,
        choice: Choice::External,
    },
    Known {
        id: "strrl.dev/cloudflare-tunnel-ingress-controller",
        classes: &["cloudflare-tunnel"],
        controller: Controller::CloudflareTunnel,
        choice: Choice::External,
    },
];

/// Annotations by which an Ingress takes its certificate elsewhere.
const EXTERNAL: &[&str] = &[
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/v1beta1.FrontendConfig",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "traefik.ingress.kubernetes.io/router.tls.certresolver",
    "haproxy-ingress.github.io/cert-signer",
];

/// The class of an Ingress by name; `None` where nothing says it.
pub(super) fn class_of<'a>(
    ingress: &'a Ingress,
    classes: &'a BTreeMap<String, IngressClass>,
) -> Option<&'a str> {
    if let Some(class) = &ingress.class {
        return Some(class);
    }
    if let Some(class) = ingress.meta.annotation("kubernetes.io/ingress.class") {
        return Some(&class.value);
    }
    // With several defaults the API server takes the newest.
    let defaults = classes.values().filter(|class| class.is_default);
    defaults
        .max_by(|a, b| a.created.cmp(&b.created))
        .map(|class| class.name.as_str())
}

/// The controller of an Ingress.
pub(super) fn controller_of(
    ingress: &Ingress,
    classes: &BTreeMap<String, IngressClass>,
) -> Chooser {
    let is_external = |name: &&str| ingress.meta.annotation(name).is_some();
    let class = class_of(ingress, classes);
    // `haproxy.org/ingress-controller/NAME` and the like end in a name of their own.
    let is_it = |known: &&Known, controller: &str| {
        let rest = controller.strip_prefix(known.id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let known = class.and_then(|class| match classes.get(class) {
        Some(class) if !class.controller.is_empty() => {
            KNOWN.iter().find(|known| is_it(known, &class.controller))
        }
        _ => KNOWN.iter().find(|known| known.classes.contains(&class)),
    });
    let mut chooser = Chooser {
        controller: known.map_or(Controller::Unknown, |known| known.controller),
        choice: known.map_or(Choice::Contract, |known| known.choice),
    };
    let told = class.and_then(|class| classes.get(class)?.choice);
    if let Some(choice) = told {
        chooser.choice = choice;
        if choice == Choice::IngressNginx {
            chooser.controller = Controller::IngressNginx;
        }
    }
    let passes_through = chooser.choice == Choice::IngressNginx
        && ingress
            .meta
            .annotation("nginx.ingress.kubernetes.io/ssl-passthrough")
            .is_some_and(|value| value.value == "true");
    let elsewhere = chooser.choice != Choice::Contract && EXTERNAL.iter().any(is_external);
    if elsewhere || passes_through {
        return Chooser {
            choice: Choice::External,
            ..chooser
        };
    }
    chooser
}
