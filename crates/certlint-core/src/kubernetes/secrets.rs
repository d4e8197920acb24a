//! Secrets: their certificates and keys go into the model, their faults are told.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cluster::{Cluster, Kept};
use super::facts::Fault;
use super::gateway;
use super::inventory::Inventory;
use super::object::{Certificate, Inline, Pem};
use super::public::named;

use crate::loader::Loader;
use crate::model::{
    Bundle, CertRef, CertificatePair, Diagnosis, Extent, Fragment, Key, KeyPart, KeyRef, Server,
    UnverifiableKind,
};
use crate::source::{Location, Spanned};
use crate::x509::profile::{ServerFault, server_faults};

/// Gives the model the certificates and keys of all Secrets, with a server each that holds them.
pub(super) fn take_in_secrets(cluster: &mut Cluster, loader: &Loader<'_>, fragment: &mut Fragment) {
    let mut pending: BTreeSet<String> = cluster.requests.keys().cloned().collect();
    for ingress in cluster
        .ingresses
        .iter()
        .filter(|ingress| ingress.meta.has_shim())
    {
        let secrets = ingress.tls.iter().filter_map(|entry| entry.secret.as_ref());
        let namespace = &ingress.meta.namespace;
        pending.extend(secrets.map(|secret| format!("{namespace}/{}", secret.value)));
    }
    pending.extend(gateway::issued(&cluster.gateways));
    let mut idle: BTreeSet<String> = BTreeSet::new();
    if !cluster.is_alone {
        let others = cluster
            .secrets
            .iter()
            .filter(|(_, kept)| is_for_something_else(kept));
        idle.extend(others.map(|(key, _)| key.clone()));
        if !idle.is_empty() {
            let served = named(cluster);
            idle.retain(|key| !served.contains(key));
        }
    }
    let public = &cluster.public;
    for (name, kept) in &mut cluster.secrets {
        if !kept.secret.is_tls || idle.contains(name) {
            continue;
        }
        let pending = pending.contains(name);
        let before = fragment.diagnoses.len();
        let fault = |at: &Location, key: &str, fault: Fault| {
            (fault != Fault::Encrypted).then(|| Diagnosis::SecretMalformed {
                at: at.clone(),
                secret: name.clone(),
                message: format!("`{key}` {}", words(fault)),
                help: cure(fault, key).map(str::to_owned),
                pending,
            })
        };
        let missing = |message: &str| Diagnosis::SecretMalformed {
            at: kept.secret.meta.at.clone(),
            secret: name.clone(),
            message: message.to_owned(),
            help: None,
            pending,
        };
        let lacks = |key: &str, misspelt: Option<&Spanned<String>>| match misspelt {
            Some(near) => Diagnosis::SecretMalformed {
                at: near.at.clone(),
                secret: name.clone(),
                message: format!(
                    "`{key}` is not there, but `{}`, which nothing reads",
                    near.value
                ),
                help: Some(format!("rename `{}` to `{key}`", near.value)),
                pending,
            },
            None => missing(&format!("`{key}` is not there")),
        };
        let misspelt = std::mem::take(&mut kept.secret.misspelt);
        let certificate = kept.secret.certificate.take();
        let key = kept.secret.key.take();
        let summarised = kept.secret.summarised;
        let has_key = key.is_some() || summarised.is_some_and(|before| before.has_key);
        let mut pair = None;
        match certificate {
            None if has_key || misspelt.certificate.is_some() => {
                let lack = lacks("tls.crt", misspelt.certificate.as_ref());
                fragment.diagnoses.push(lack);
            }
            None => {
                let neither = missing("`tls.crt` and `tls.key` are not there");
                kept.fault = message(&neither);
                fragment.diagnoses.push(neither);
                continue;
            }
            Some(part) => match part.value {
                Err(why) => fragment.diagnoses.extend(fault(&part.at, "tls.crt", why)),
                Ok(file) => {
                    let id = loader.keep_bundle(Bundle {
                        source: part.at.source,
                        field: (!public.contains(name)).then(|| part.at.clone()),
                        secret: Some(name.as_str().into()),
                        file,
                        extent: summarised.map_or(Extent::Whole, |before| before.extent),
                    });
                    kept.bundle = Some(id);
                    pair = Some((id, part.at));
                }
            },
        }
        let mut key_part = None;
        match key {
            None if has_key => {}
            None => {
                let lack = lacks("tls.key", misspelt.key.as_ref());
                fragment.diagnoses.push(lack);
            }
            Some(part) => match part.value {
                Err(Fault::Encrypted) if pair.is_some() => {
                    fragment.diagnoses.push(Diagnosis::Unverifiable {
                        at: part.at,
                        kind: UnverifiableKind::EncryptedKey,
                        what: name.clone(),
                        count: 1,
                    });
                }
                Err(why) => fragment.diagnoses.extend(fault(&part.at, "tls.key", why)),
                Ok(file) => {
                    let id = loader.keep_key(Key {
                        source: part.at.source,
                        field: Some(part.at.clone()),
                        mode: None,
                        file,
                    });
                    kept.key = Some(id);
                    key_part = Some(KeyPart {
                        key: KeyRef::File(id),
                        path: format!("{name} tls.key").into(),
                        at: part.at,
                        has_password: false,
                    });
                }
            },
        }
        kept.fault = fragment.diagnoses[before..].iter().find_map(message);
        // Whether the pair fits was judged when the Secret was read. A file without a certificate
        // is not used by anything, and is to be told all the same.
        let is_useless = public.contains(name) && kept.leaf.is_none();
        if let Some((id, at)) = pair.filter(|_| summarised.is_none() || is_useless) {
            fragment.servers.push(Server {
                at: kept.secret.meta.at.clone(),
                names: Vec::new(),
                certificates: Arc::new([CertificatePair {
                    is_fallback: false,
                    certificate: CertRef::Bundle(id),
                    path: name.as_str().into(),
                    at,
                    key: key_part,
                }]),
                inherits_certificates: false,
                rejects_handshakes: false,
                open_ended: false,
                listens: Vec::new(),
            });
        }
    }
}

/// A Secret that is not meant for a server, for all that it says: it holds the certificate of a
/// client or of an authority, or a key only.
fn is_for_something_else(kept: &Kept) -> bool {
    if kept.secret.summarised.is_some() {
        return false;
    }
    if let Some(leaf) = &kept.leaf {
        let faults = server_faults(leaf);
        return faults.iter().any(|fault| {
            matches!(
                fault,
                ServerFault::Authority | ServerFault::NoServerAuth { any: false }
            )
        });
    }
    !kept.secret.has_tls_type && kept.secret.certificate.is_none()
}

fn message(problem: &Diagnosis) -> Option<String> {
    match problem {
        Diagnosis::SecretMalformed { message, .. } => Some(message.clone()),
        _ => None,
    }
}

/// Gives the model the certificates that are written in Routes.
pub(super) fn take_in_routes(cluster: &mut Cluster, loader: &Loader<'_>) {
    for pairing in &mut cluster.objects.pairings {
        let Certificate::Inline(inline) = &mut pairing.certificate else {
            continue;
        };
        let Inline::Read(pem) = inline else {
            continue;
        };
        let Pem { certificate, key } = &mut **pem;
        let bundle = loader.keep_bundle(Bundle {
            source: certificate.at.source,
            field: Some(certificate.at.clone()),
            secret: None,
            file: std::mem::take(&mut certificate.value),
            extent: Extent::Whole,
        });
        let key = key.take().map(|key| KeyPart {
            path: key.at.path.as_str().into(),
            at: key.at.clone(),
            has_password: false,
            key: KeyRef::File(loader.keep_key(Key {
                source: key.at.source,
                field: Some(key.at),
                mode: None,
                file: key.value,
            })),
        });
        let pair = CertificatePair {
            certificate: CertRef::Bundle(bundle),
            path: certificate.at.path.as_str().into(),
            at: certificate.at.clone(),
            key,
            is_fallback: false,
        };
        *inline = Inline::Taken(bundle, Box::new(pair));
    }
}

fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::BadBase64 => "is not base64",
        Fault::DoubleBase64 => "is base64 of base64",
        Fault::Empty => "is empty",
        Fault::EncodedEncrypted => "is base64 of an encrypted file",
        Fault::Encrypted => "is encrypted",
        Fault::NoPem => "holds no PEM block",
        Fault::NotText => "is not a text",
    }
}

fn cure(fault: Fault, key: &str) -> Option<&'static str> {
    match (fault, key) {
        (Fault::BadBase64, _) => {
            Some("encode the file with `base64 -w0`, or put it into `stringData`")
        }
        (Fault::EncodedEncrypted, _) => Some("decrypt the file before it is encoded"),
        (Fault::DoubleBase64, _) => Some("encode the PEM file once: `base64 -w0 FILE`"),
        (Fault::NoPem, "tls.crt") => Some(
            "put the PEM certificate there, leaf first: `kubectl create secret tls NAME --cert=FILE --key=FILE`",
        ),
        _ => None,
    }
}

/// Certificates that write the same Secret.
pub(super) fn requests(inventory: &Inventory<'_>, fragment: &mut Fragment) {
    for (secret, requests) in &inventory.cluster.requests {
        for request in requests {
            let names = request.dns_names.iter();
            let refused = inventory.wildcard_refused(request.issuer.as_deref(), names);
            fragment
                .diagnoses
                .extend(refused.map(|(message, help)| Diagnosis::NeverIssued {
                    at: request.dns_names_at.clone(),
                    message,
                    help: help.to_owned(),
                }));
        }
        if let [first, others @ ..] = requests.as_slice() {
            for other in others {
                fragment.diagnoses.push(Diagnosis::SecretClaimedTwice {
                    at: other.secret.at.clone(),
                    first: first.secret.at.clone(),
                    secret: secret.clone(),
                });
            }
        }
    }
}
