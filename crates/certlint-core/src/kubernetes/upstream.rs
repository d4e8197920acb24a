//! Backends that ingress-nginx speaks TLS to, and whether it verifies them.
//!
//! Follows the controller's annotations `backend-protocol` and `proxy-ssl-*` and its template, state
//! of March 2026: verification needs `proxy-ssl-verify: "on"` and a Secret with `ca.crt`, counts for
//! the whole server of a host, and is only ever written for `proxy_pass`, not for `grpc_pass`.

use std::collections::BTreeSet;

use super::cluster::Cluster;
use super::controller::Choice;
use super::controllers::{controller_of, is_canary};
use super::facts::Ingress;
use crate::model::{Diagnosis, Fragment, NotVerified};

const PREFIX: &str = "nginx.ingress.kubernetes.io/";
const PROTOCOL: &str = "nginx.ingress.kubernetes.io/backend-protocol";
const SECRET: &str = "nginx.ingress.kubernetes.io/proxy-ssl-secret";
const VERIFY: &str = "nginx.ingress.kubernetes.io/proxy-ssl-verify";

/// Notes the Ingresses whose TLS backends are not verified.
pub(super) fn not_verified(cluster: &Cluster, fragment: &mut Fragment) {
    let ingresses: Vec<_> = cluster
        .ingresses
        .iter()
        .filter(|ingress| {
            let is_set = |name| ingress.meta.annotation(name).is_some();
            (is_set(PROTOCOL) || is_set(VERIFY)) && is_read(ingress, cluster)
        })
        .collect();
    let verified: BTreeSet<String> = ingresses
        .iter()
        .filter(|ingress| is_on(ingress) && !is_denied(ingress))
        .filter(|ingress| authority(ingress, cluster).is_none())
        .flat_map(|ingress| hosts(ingress))
        .collect();
    for ingress in ingresses {
        let Some(diagnosis) = diagnosis(ingress, cluster) else {
            continue;
        };
        let is_grpc = matches!(
            &diagnosis,
            Diagnosis::UpstreamNotVerified {
                protocol: "GRPCS",
                ..
            }
        );
        // With a certificate authority of its own an Ingress has a switch of its own.
        let inherits = !is_grpc && authority(ingress, cluster).is_some();
        if !inherits || !hosts(ingress).is_subset(&verified) {
            fragment.diagnoses.push(diagnosis);
        }
    }
}

/// ingress-nginx makes a server of this Ingress, for all that is known.
fn is_read(ingress: &Ingress, cluster: &Cluster) -> bool {
    let meta = &ingress.meta;
    let choice = controller_of(ingress, &cluster.classes).choice;
    // Its annotations on a class that nobody knows are there for it.
    matches!(choice, Choice::IngressNginx | Choice::Contract)
        && !meta.is_acme_solver
        && !meta.is_being_deleted
        && !is_canary(ingress)
}

fn diagnosis(ingress: &Ingress, cluster: &Cluster) -> Option<Diagnosis> {
    let asked = ingress.meta.annotation(PROTOCOL)?;
    let protocol = match &*asked.value.trim().to_ascii_uppercase() {
        "GRPCS" => "GRPCS",
        "HTTPS" => "HTTPS",
        _ => return None,
    };
    if has_snippet(ingress) || is_denied(ingress) {
        return None;
    }
    let why = match is_on(ingress) {
        false => NotVerified::NotAsked,
        true if protocol == "GRPCS" => NotVerified::Unsupported,
        true => authority(ingress, cluster)?,
    };
    let switch = ingress.meta.annotation(VERIFY);
    Some(Diagnosis::UpstreamNotVerified {
        at: switch.unwrap_or(asked).at.clone(),
        protocol,
        why,
    })
}

/// Why there is no certificate authority to verify by; `None` where there is or may be one.
fn authority(ingress: &Ingress, cluster: &Cluster) -> Option<NotVerified> {
    let Some(secret) = ingress.meta.annotation(SECRET) else {
        return Some(NotVerified::NoSecret);
    };
    let kept = cluster.secrets.get(&secret.value)?;
    (!kept.secret.has_authority).then(|| NotVerified::NoAuthority(secret.value.clone()))
}

fn is_on(ingress: &Ingress) -> bool {
    let switch = ingress.meta.annotation(VERIFY);
    switch.is_some_and(|switch| switch.value == "on")
}

/// Own configuration may verify.
fn has_snippet(ingress: &Ingress) -> bool {
    let mut annotations = ingress.meta.annotations.iter();
    annotations.any(|(key, text)| {
        key.starts_with(PREFIX) && key.ends_with("-snippet") && text.value.contains("ssl_verify")
    })
}

/// The controller answers all requests with an error where it must not read the Secret.
fn is_denied(ingress: &Ingress) -> bool {
    let secret = ingress.meta.annotation(SECRET);
    secret.is_some_and(|secret| {
        let namespace = secret.value.split_once('/').map(|(namespace, _)| namespace);
        namespace != Some(&ingress.meta.namespace)
    })
}

/// The hosts of its rules; `_` for all others.
fn hosts(ingress: &Ingress) -> BTreeSet<String> {
    let host = |rule: &super::facts::Rule| match &rule.host {
        Some(host) => host.value.to_ascii_lowercase(),
        None => "_".to_owned(),
    };
    match ingress.rules.as_slice() {
        [] => BTreeSet::from(["_".to_owned()]),
        rules => rules.iter().map(host).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::facts::{Fact, Namespacing};
    use crate::kubernetes::{kinds, objects};
    use crate::source::SourceId;
    use manifest_syntax::read;

    const CA: &str = "kind: Secret\napiVersion: v1\nmetadata: {name: ca}\ndata: {ca.crt: eA==}\n";
    const NO_CA: &str = "kind: Secret\napiVersion: v1\nmetadata: {name: no}\ndata: {ca.crt: ''}\n";

    /// An Ingress for a host with annotations of the controller.
    fn ingress(host: &str, annotations: &str) -> String {
        let annotations: String = annotations
            .lines()
            .map(|line| format!("    {PREFIX}{line}\n"))
            .collect();
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  annotations:\n    a: b\n\
             {annotations}spec:\n  ingressClassName: nginx\n  rules: [{{host: {host}}}]\n"
        )
    }

    fn found(manifests: &[&str]) -> Vec<NotVerified> {
        let text = manifests.join("---\n");
        let mut cluster = Cluster::default();
        for document in read(text.as_bytes()) {
            for object in objects(document.tree().expect("it can be read")) {
                let fact = kinds::read(object, SourceId(0), Namespacing::Unwritten("default"));
                cluster.add(fact.unwrap_or(Fact::Suppliers(Vec::new())));
            }
        }
        let mut fragment = Fragment::empty(SourceId(0));
        not_verified(&cluster, &mut fragment);
        let why = |diagnosis| match diagnosis {
            Diagnosis::UpstreamNotVerified { why, .. } => why,
            other => panic!("{other:?}"),
        };
        fragment.diagnoses.into_iter().map(why).collect()
    }

    #[test]
    fn verification_needs_switch_and_authority() {
        let no_authority = NotVerified::NoAuthority("default/no".to_owned());
        for (annotations, expected) in [
            ("", None),
            ("backend-protocol: HTTP\nproxy-ssl-verify: 'on'", None),
            ("backend-protocol: HTTPS", Some(NotVerified::NotAsked)),
            ("backend-protocol: https", Some(NotVerified::NotAsked)),
            (
                "backend-protocol: HTTPS\nproxy-ssl-secret: default/ca",
                Some(NotVerified::NotAsked),
            ),
            (
                "backend-protocol: HTTPS\nproxy-ssl-secret: default/ca\nproxy-ssl-verify: 'off'",
                Some(NotVerified::NotAsked),
            ),
            (
                "backend-protocol: HTTPS\nproxy-ssl-verify: 'on'",
                Some(NotVerified::NoSecret),
            ),
            (
                "backend-protocol: HTTPS\nproxy-ssl-secret: default/no\nproxy-ssl-verify: 'on'",
                Some(no_authority),
            ),
            (
                "backend-protocol: HTTPS\nproxy-ssl-secret: default/ca\nproxy-ssl-verify: 'on'",
                None,
            ),
            // Not in the input.
            (
                "backend-protocol: HTTPS\nproxy-ssl-secret: default/x\nproxy-ssl-verify: 'on'",
                None,
            ),
            // The controller reads no Secret of another namespace, and refuses requests instead.
            ("backend-protocol: HTTPS\nproxy-ssl-secret: other/ca", None),
            (
                "backend-protocol: HTTPS\nconfiguration-snippet: proxy_ssl_verify on;",
                None,
            ),
            ("backend-protocol: HTTPS\nssl-passthrough: 'true'", None),
            ("backend-protocol: HTTPS\ncanary: 'true'", None),
        ] {
            let found = found(&[&ingress("a.example", annotations), CA, NO_CA]);
            assert_eq!(found, Vec::from_iter(expected), "{annotations}");
        }
    }

    #[test]
    fn grpc_backends_are_never_verified() {
        let annotations =
            "backend-protocol: GRPCS\nproxy-ssl-secret: default/ca\nproxy-ssl-verify: 'on'";
        let found = found(&[&ingress("a.example", annotations), CA]);
        assert_eq!(found, [NotVerified::Unsupported]);
    }

    #[test]
    fn verification_counts_for_the_whole_host() {
        let verified =
            "backend-protocol: HTTPS\nproxy-ssl-secret: default/ca\nproxy-ssl-verify: 'on'";
        let verified = ingress("a.example", verified);
        let same = ingress("A.example", "backend-protocol: HTTPS");
        let other = ingress("b.example", "backend-protocol: HTTPS");
        assert_eq!(found(&[&verified, &same, CA]), []);
        assert_eq!(found(&[&verified, &other, CA]), [NotVerified::NotAsked]);
        let own = ingress(
            "a.example",
            "backend-protocol: HTTPS\nproxy-ssl-secret: default/ca",
        );
        assert_eq!(found(&[&verified, &own, CA]), [NotVerified::NotAsked]);
    }

    #[test]
    fn other_controllers_do_not_read_the_annotations() {
        let nginx = ingress("a.example", "backend-protocol: HTTPS");
        let traefik = nginx.replace("Name: nginx", "Name: traefik");
        let unknown = nginx.replace("Name: nginx", "Name: edge");
        assert_eq!(found(&[&traefik]), []);
        assert_eq!(found(&[&unknown]), [NotVerified::NotAsked]);
    }
}
