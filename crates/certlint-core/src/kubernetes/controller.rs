//! How controllers choose the certificate of a host, as far as it decides what is provable.
//!
//! Read in the controllers' sources; a class that nobody knows falls under the contract of the
//! Ingress API itself: "The values in this list must match the name/s used in the tlsSecret".

use std::collections::BTreeMap;

use super::facts::{Ingress, IngressClass};

/// How a controller chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Each host of a `tls` entry is served with the entry's Secret, for all that is known.
    Contract,
    /// As `Listed`, and a host must be listed literally to have TLS.
    Exact,
    /// Takes its certificates elsewhere: nothing can be said about Secrets.
    External,
    /// ingress-nginx: see `ingress_nginx.rs`.
    IngressNginx,
    /// Each host of a `tls` entry is served with the entry's Secret, whatever that covers.
    Listed,
    /// As the contract says, but not known in detail: a guess.
    Likely,
    /// Any Secret of the pool that covers the host, whichever entry names it.
    Pool,
}

/// A controller: what it is called and how it chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Controller {
    pub(super) name: &'static str,
    pub(super) choice: Choice,
}

const CONTRACT: Controller = Controller {
    name: "the Ingress controller",
    choice: Choice::Contract,
};

/// `spec.controller` of an IngressClass, well-known class names, the controller.
const KNOWN: &[(&str, &[&str], &str, Choice)] = &[
    (
        "k8s.io/ingress-nginx",
        &["nginx", "webapprouting.kubernetes.azure.com"],
        "ingress-nginx",
        Choice::IngressNginx,
    ),
    (
        "nginx.org/ingress-controller",
        &[],
        "F5 NGINX",
        Choice::Exact,
    ),
    (
        "traefik.io/ingress-controller",
        &["traefik"],
        "Traefik",
        Choice::Pool,
    ),
    (
        "haproxy.org/ingress-controller",
        &[],
        "HAProxy (haproxytech)",
        Choice::Pool,
    ),
    (
        "haproxy-ingress.github.io/controller",
        &["haproxy"],
        "HAProxy Ingress",
        Choice::Listed,
    ),
    (
        "ingress-controllers.konghq.com/kong",
        &["kong"],
        "Kong",
        Choice::Listed,
    ),
    (
        "projectcontour.io/ingress-controller",
        &["contour"],
        "Contour",
        Choice::Listed,
    ),
    (
        "istio.io/ingress-controller",
        &["istio"],
        "Istio",
        Choice::Likely,
    ),
    (
        "cilium.io/ingress-controller",
        &["cilium"],
        "Cilium",
        Choice::Likely,
    ),
    (
        "apisix.apache.org/apisix-ingress",
        &["apisix"],
        "APISIX",
        Choice::Likely,
    ),
    (
        "openshift.io/ingress-to-route",
        &["openshift-default"],
        "OpenShift",
        Choice::Likely,
    ),
    (
        "k8s.io/ingress-gce",
        &["gce", "gce-internal"],
        "GCE",
        Choice::Likely,
    ),
    (
        "azure/application-gateway",
        &["azure-application-gateway", "azure/application-gateway"],
        "Application Gateway",
        Choice::Likely,
    ),
    (
        "ingress.k8s.aws/alb",
        &["alb"],
        "AWS Load Balancer",
        Choice::External,
    ),
    (
        "tailscale.com/ts-ingress",
        &["tailscale"],
        "Tailscale",
        Choice::External,
    ),
    (
        "k8s.ngrok.com/ingress-controller",
        &["ngrok"],
        "ngrok",
        Choice::External,
    ),
    (
        "strrl.dev/cloudflare-tunnel-ingress-controller",
        &["cloudflare-tunnel"],
        "Cloudflare Tunnel",
        Choice::External,
    ),
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
) -> Controller {
    let is_external = |name: &&str| ingress.meta.annotation(name).is_some();
    let class = class_of(ingress, classes);
    // `haproxy.org/ingress-controller/NAME` and the like carry a name of their own behind.
    let is_it = |known: &&(&str, &[&str], &str, Choice), controller: &str| {
        let rest = controller.strip_prefix(known.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let known = class.and_then(|class| match classes.get(class) {
        Some(class) if !class.controller.is_empty() => {
            KNOWN.iter().find(|known| is_it(known, &class.controller))
        }
        _ => KNOWN.iter().find(|known| known.1.contains(&class)),
    });
    let mut controller = known.map_or(CONTRACT, |&(_, _, name, choice)| Controller {
        name,
        choice,
    });
    let told = class.and_then(|class| classes.get(class)?.choice);
    if let Some(choice) = told {
        controller.choice = choice;
        if choice == Choice::IngressNginx {
            controller.name = "ingress-nginx";
        }
    }
    let passes_through = controller.choice == Choice::IngressNginx
        && ingress
            .meta
            .annotation("nginx.ingress.kubernetes.io/ssl-passthrough")
            .is_some_and(|value| value.value == "true");
    let elsewhere = controller.choice != Choice::Contract && EXTERNAL.iter().any(is_external);
    if elsewhere || passes_through {
        return Controller {
            choice: Choice::External,
            ..controller
        };
    }
    controller
}
