//! The controllers: what they are called, and how they choose as far as it decides what is provable.

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

/// The controllers that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Controller {
    IngressNginx,
    F5,
    Traefik,
    HaproxyTech,
    HaproxyIngress,
    Kong,
    Contour,
    Istio,
    Cilium,
    Apisix,
    OpenShift,
    Gce,
    ApplicationGateway,
    AwsLoadBalancer,
    Tailscale,
    Ngrok,
    CloudflareTunnel,
    /// Of a class that is not known.
    Unknown,
}

impl Controller {
    /// Its name in a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::IngressNginx => "ingress-nginx",
            Self::F5 => "F5 NGINX",
            Self::Traefik => "Traefik",
            Self::HaproxyTech => "HAProxy (haproxytech)",
            Self::HaproxyIngress => "HAProxy Ingress",
            Self::Kong => "Kong",
            Self::Contour => "Contour",
            Self::Istio => "Istio",
            Self::Cilium => "Cilium",
            Self::Apisix => "APISIX",
            Self::OpenShift => "OpenShift",
            Self::Gce => "GCE",
            Self::ApplicationGateway => "Application Gateway",
            Self::AwsLoadBalancer => "AWS Load Balancer",
            Self::Tailscale => "Tailscale",
            Self::Ngrok => "ngrok",
            Self::CloudflareTunnel => "Cloudflare Tunnel",
            Self::Unknown => "the Ingress controller",
        }
    }

    /// The name of the certificate that it makes for hosts without one.
    pub(super) fn default_certificate(self) -> Option<&'static str> {
        match self {
            Self::IngressNginx => Some("Kubernetes Ingress Controller Fake Certificate"),
            Self::Traefik => Some("TRAEFIK DEFAULT CERT"),
            _ => None,
        }
    }
}

/// The controller of an Ingress, and how it chooses there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chooser {
    pub(super) controller: Controller,
    pub(super) choice: Choice,
}
