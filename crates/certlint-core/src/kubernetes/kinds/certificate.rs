//! cert-manager's Certificate: the names that it will have issued, and the Secret that it writes.

use manifest_syntax::Node;

use super::link::{Link, Links, SecretName};
use super::shape::{METADATA, Shape, field, unread};
use super::{Kind, Product, Role, Watched};
use crate::kubernetes::facts::{Fact, Request, qualified};
use crate::kubernetes::reading::Reading;
use crate::source::{Locate as _, Spanned};
use Shape::{List, Object, Text};

/// See the module.
pub static CERTIFICATE: Kind = Kind {
    name: "Certificate",
    group: "cert-manager.io",
    former_groups: &[],
    versions: &["v1"],
    plural: "certificates",
    is_namespaced: true,
    watched: Some(Watched {
        product: Some(&Product {
            value: "certManager",
            about: "cert-manager Certificates",
        }),
        role: Role::Request,
    }),
    fields: &[
        METADATA,
        field(
            "spec",
            Object(&[
                unread("additionalOutputFormats"),
                unread("commonName"),
                field("dnsNames", List(&Text)),
                unread("duration"),
                unread("emailAddresses"),
                unread("encodeUsagesInRequest"),
                field("ipAddresses", List(&Text)),
                unread("isCA"),
                field(
                    "issuerRef",
                    Object(&[unread("group"), field("kind", Text), field("name", Text)]),
                ),
                unread("keystores"),
                unread("literalSubject"),
                unread("nameConstraints"),
                unread("otherNames"),
                unread("privateKey"),
                unread("renewBefore"),
                unread("renewBeforePercentage"),
                unread("revisionHistoryLimit"),
                field("secretName", Text),
                unread("secretTemplate"),
                unread("signatureAlgorithm"),
                unread("subject"),
                unread("uris"),
                unread("usages"),
            ]),
        ),
    ],
    read,
    links,
};

fn read(object: Reading<'_>) -> Option<Fact> {
    let secret = object.spec("secretName")?;
    let names = object.spec("dnsNames");
    let texts = |name| {
        let items = object.items(name);
        items
            .filter_map(|item| item.text().map(str::to_owned))
            .collect()
    };
    let name = secret.text()?.to_owned();
    let meta = object.meta();
    Some(Fact::Certificate(Request {
        secret: Spanned::new(name, secret.at(object.source)),
        dns_names: texts("dnsNames"),
        addresses: texts("ipAddresses"),
        issuer: object.spec("issuerRef").and_then(|issuer| {
            let name = issuer.get("name")?.text()?;
            Some(match issuer.get("kind").and_then(Node::text) {
                Some("ClusterIssuer") => format!("/{name}"),
                _ => qualified(&meta.namespace, name),
            })
        }),
        dns_names_at: names.map_or_else(
            || meta.at.clone(),
            |names: Node<'_>| names.at(object.source),
        ),
        meta,
    }))
}

fn links(fact: &Fact, links: &mut Links) {
    if let Fact::Certificate(request) = fact {
        let secret = SecretName::new(&request.meta.namespace, &request.secret.value);
        links.add(Link::Writes(secret));
    }
}
