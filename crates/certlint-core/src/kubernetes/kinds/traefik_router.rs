//! Traefik's IngressRoute and IngressRouteTCP.

use std::collections::BTreeSet;

use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, no_links, traefik_rule};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::object::{self, Certificate, Host, Pairing};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{is_true, part, text};
use crate::name::HostPattern;
use Shape::{Bool, List, Object, Text};

pub(super) static INGRESS_ROUTE: Kind = Kind {
    name: "IngressRoute",
    plural: "ingressroutes",
    read: |object| read(object, &["Host", "HostHeader"]),
    ..ROUTER
};

pub(super) static INGRESS_ROUTE_TCP: Kind = Kind {
    name: "IngressRouteTCP",
    plural: "ingressroutetcps",
    read: |object| read(object, &["HostSNI"]),
    ..ROUTER
};

const ROUTER: Kind = Kind {
    name: "",
    group: "traefik.io",
    former_groups: &["traefik.containo.us"],
    versions: &["v1alpha1"],
    plural: "",
    is_namespaced: true,
    watched: None,
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("entryPoints"),
                unread("parentRefs"),
                field(
                    "routes",
                    List(&Object(&[
                        unread("kind"),
                        field("match", Text),
                        unread("middlewares"),
                        unread("observability"),
                        unread("priority"),
                        unread("services"),
                        unread("syntax"),
                    ])),
                ),
                field(
                    "tls",
                    Object(&[
                        field("certResolver", Text),
                        unread("domains"),
                        unread("options"),
                        field("passthrough", Bool),
                        field("secretName", Text),
                        unread("store"),
                    ]),
                ),
            ]),
        ),
    ],
    read: |_| None,
    links: no_links,
};

fn read(object: Reading<'_>, matchers: &[&str]) -> Option<Fact> {
    let tls = object.mapping("tls")?;
    if is_true(tls, "passthrough") {
        return None;
    }
    let field = |key| text(tls.get(key)?, object.source);
    // With a resolver the certificates come from ACME; the Secret is in the pool all the same.
    let hosts = match field("certResolver") {
        Some(_) => Vec::new(),
        None => hosts(object, matchers),
    };
    let pairing = Pairing {
        meta: object.meta(),
        hosts,
        certificate: Certificate::Traefik(field("secretName")),
    };
    Some(Fact::Object(object::Fact::Pairings(vec![pairing])))
}

/// The hosts of all routes, each once.
fn hosts(object: Reading<'_>, matchers: &[&str]) -> Vec<Host> {
    let rules = object.items("routes");
    let mut seen = BTreeSet::new();
    let mut hosts = Vec::new();
    for rule in rules.filter_map(|route| route.get("match")) {
        let Some(written) = rule.str() else {
            continue;
        };
        for (host, start) in traefik_rule::hosts(written, matchers) {
            if let Some(pattern) = pattern(host)
                && seen.insert(host.to_ascii_lowercase())
            {
                let text = part(rule, object.source, host, start);
                hosts.push(Host { text, pattern });
            }
        }
    }
    hosts
}

/// `*.x` is one label and `**.x` any number; a bare star is everything.
fn pattern(host: &str) -> Option<HostPattern> {
    let rest = host.trim_start_matches('*');
    let is_plain = !rest.is_empty() && !rest.contains(['*', '{']);
    match host.len() - rest.len() {
        _ if !is_plain => None,
        0 | 1 => Some(HostPattern::ingress(host)),
        2 => Some(HostPattern::gateway(&host[1..])),
        _ => None,
    }
}
