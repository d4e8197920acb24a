//! Ingress.

use std::collections::BTreeSet;

use manifest_syntax::Node;

use super::link::{Link, Links, SecretName};
use super::shape::{METADATA, Shape, field, unread};
use super::{Entry, Kind, Role, Watched};
use crate::kubernetes::facts::{Fact, Ingress, Rule, TlsEntry};
use crate::kubernetes::host_index::HostIndex;
use crate::kubernetes::mounts;
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{each, path};
use crate::source::{Locate as _, Spanned};
use Shape::{List, Object, Text};

/// See the module.
pub static INGRESS: Kind = Kind {
    name: "Ingress",
    group: "networking.k8s.io",
    former_groups: &["extensions"],
    versions: &["v1"],
    plural: "ingresses",
    is_namespaced: true,
    watched: Some(Watched {
        product: None,
        role: Role::Reviewed(&Entry {
            value: "ingress",
            about: "Ingresses",
        }),
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("defaultBackend"),
                field("ingressClassName", Text),
                field(
                    "rules",
                    List(&Object(&[
                        field("host", Text),
                        field(
                            "http",
                            Object(&[field(
                                "paths",
                                List(&Object(&[
                                    unread("backend"),
                                    field("path", Text),
                                    field("pathType", Text),
                                ])),
                            )]),
                        ),
                    ])),
                ),
                field(
                    "tls",
                    List(&Object(&[
                        field("hosts", List(&Text)),
                        field("secretName", Text),
                    ])),
                ),
            ]),
        ),
    ],
    read,
    links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let spec = object.node.get("spec");
    let spec = |name| spec.and_then(|spec| spec.get(name));
    // `{{` in a plain word is valid YAML: a template that was not rendered.
    let text = |node: Node<'_>| {
        let text = node
            .str()
            .filter(|text| !text.is_empty() && !text.contains("{{"))?;
        Some(Spanned::new(text.to_owned(), node.at(object.source)))
    };
    let tls = each(spec("tls"), |entry| {
        Some(TlsEntry {
            at: entry.at(object.source),
            hosts: each(entry.get("hosts"), text),
            secret: entry.get("secretName").and_then(text),
        })
    });
    let rules = each(spec("rules"), |rule| {
        Some(Rule {
            host: rule.get("host").and_then(text),
            paths: each(path(rule, &["http", "paths"]), |path| {
                let field = |name| path.get(name).and_then(Node::text).unwrap_or_default();
                Some((field("path").to_owned(), field("pathType").to_owned()))
            }),
        })
    });
    Some(Fact::Ingress(Ingress {
        class: spec("ingressClassName")
            .and_then(Node::str)
            .filter(|class| !class.is_empty())
            .map(str::to_owned),
        index: HostIndex::new(&tls, &rules),
        tls,
        rules,
        snippets: mounts::snippets(object.node, object.source),
        meta: object.meta(),
    }))
}

fn links(fact: &Fact, links: &mut Links) {
    let Fact::Ingress(ingress) = fact else {
        return;
    };
    for host in hosts(ingress) {
        links.add(Link::host(&host));
    }
    let own = &ingress.meta.namespace;
    for secret in ingress.tls.iter().filter_map(|entry| entry.secret.as_ref()) {
        if ingress.meta.has_shim() {
            links.add(Link::Issued(SecretName::new(own, &secret.value)));
        }
        links.names(own, &secret.value);
    }
    if let Some((namespace, name)) =
        nginx(ingress, "proxy-ssl-secret").and_then(|value| value.split_once('/'))
    {
        links.add(Link::Verifies(SecretName::new(namespace, name)));
    }
}

/// The hosts that an Ingress has something to do with, in lower case; `_` for all.
pub(super) fn hosts(ingress: &Ingress) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    let mut host = |host: &str| {
        hosts.insert(host.to_ascii_lowercase());
    };
    let redirects = nginx(ingress, "from-to-www-redirect").is_some();
    let mut serves_all = ingress.rules.is_empty();
    for rule in &ingress.rules {
        let Some(name) = &rule.host else {
            serves_all = true;
            continue;
        };
        host(&name.value);
        if redirects {
            match name.value.strip_prefix("www.") {
                Some(rest) => host(rest),
                None => host(&format!("www.{}", name.value)),
            }
        }
    }
    let listed = ingress.tls.iter().flat_map(|entry| &entry.hosts);
    listed.for_each(|name| host(&name.value));
    let aliases = nginx(ingress, "server-alias").unwrap_or_default();
    let aliases = aliases.split(',').map(str::trim);
    aliases
        .filter(|alias| !alias.is_empty())
        .for_each(&mut host);
    // Of the many without a host only these have a say in what others get, or hear of them.
    let counts = [
        "backend-protocol",
        "from-to-www-redirect",
        "proxy-ssl-verify",
        "server-alias",
    ];
    if serves_all && counts.iter().any(|name| nginx(ingress, name).is_some()) {
        host("_");
    }
    hosts
}

/// An annotation of ingress-nginx.
fn nginx<'i>(ingress: &'i Ingress, name: &str) -> Option<&'i str> {
    let name = format!("nginx.ingress.kubernetes.io/{name}");
    let annotation = ingress.meta.annotation(&name)?;
    Some(&annotation.value)
}
