//! Objects read for the file systems of containers: ConfigMaps, the other keys of Secrets, and the
//! Pods that mount them.

use std::collections::BTreeMap;

use manifest_syntax::Node;

use crate::kubernetes::facts::Meta;
use crate::kubernetes::reading::{Reading, at_key, decode, path};
use crate::source::{Locate as _, Location, SourceId};
use crate::text::Text;
use crate::x509::{self, CertificateFile, KeyFile};

/// The API server takes no ConfigMap above 1 MiB.
const MAX_TEXT: usize = 1024 * 1024;

/// Programs that read nginx configuration, as images and commands call them.
const PROGRAMS: &[&str] = &["angie", "nginx", "openresty", "tengine"];

/// A ConfigMap.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct ConfigMap {
    pub(in crate::kubernetes) meta: Meta,
    /// Values by key; the place is the key's, for what is no configuration.
    pub(super) files: BTreeMap<String, (Text, Location)>,
}

/// A value of a Secret as the file that a volume makes of it.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct SecretFile {
    pub(super) name: String,
    /// The key.
    pub(super) at: Location,
    /// `None` where the Secret itself has it, or where it cannot be read.
    pub(super) certificates: Option<CertificateFile>,
    pub(super) key: Option<KeyFile>,
}

impl SecretFile {
    /// The certificate of a Secret that is not in the input; what else it has is not known.
    pub(in crate::kubernetes) fn of_public_certificate(at: Location) -> Self {
        Self {
            name: "tls.crt".to_owned(),
            at,
            certificates: None,
            key: Some(x509::read_key(&[])),
        }
    }
}

/// The template of Pods that mount ConfigMaps.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Pod {
    /// The object's name, or the object.
    pub(super) at: Location,
    pub(super) namespace: String,
    pub(super) containers: Vec<Container>,
}

/// A container that mounts something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Container {
    /// Its image or command says that it runs nginx.
    pub(super) is_nginx: bool,
    /// The arguments after `-c`: nginx's main file, or a script for a shell.
    pub(super) named: Vec<String>,
    pub(super) mounts: Vec<Mount>,
}

/// A volume at a place of the file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mount {
    /// `mountPath`.
    pub(super) path: String,
    /// `subPath`.
    pub(super) sub_path: String,
    pub(super) volume: Volume,
}

/// The source of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Volume {
    pub(super) pieces: Vec<Piece>,
    /// It has more than these, or something else.
    pub(super) is_open: bool,
}

/// A ConfigMap or Secret of a volume.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Keys and the paths that they get; `None` for all keys under their own names.
    pub(super) items: Option<Vec<(String, String)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    ConfigMap,
    Secret,
}

/// Reads a ConfigMap.
pub(in crate::kubernetes) fn config_map(object: Reading<'_>) -> ConfigMap {
    let Reading { node, source, .. } = object;
    let entries = |field| node.get(field).into_iter().flat_map(Node::entries);
    let plain = entries("data").filter_map(|(key, value)| {
        let bytes = value.text()?.as_bytes();
        let text = || Text::inside(value.at(source), Some(value.text_map()), bytes.into());
        Some((key, value, (bytes.len() <= MAX_TEXT).then(text)?))
    });
    let encoded = entries("binaryData").filter_map(|(key, value)| {
        let bytes = decode(value, true).ok()?;
        let text = Text::inside(at_key(value, source), None, bytes.into());
        Some((key, value, text))
    });
    ConfigMap {
        files: plain
            .chain(encoded)
            .map(|(key, value, text)| (key.text().to_owned(), (text, at_key(value, source))))
            .collect(),
        meta: object.meta(),
    }
}

/// The files that a volume makes of a Secret; what `tls.crt` and `tls.key` are meant for is read
/// elsewhere.
pub(in crate::kubernetes) fn secret_files(
    node: Node<'_>,
    source: SourceId,
    is_tls: bool,
) -> Vec<SecretFile> {
    let entries = |field, is_encoded| {
        let entries = node.get(field).into_iter().flat_map(Node::entries);
        entries.map(move |(key, value)| (key.text(), (value, is_encoded)))
    };
    // `stringData` wins over `data` (API reference of Secret).
    let values: BTreeMap<_, _> = entries("data", true)
        .chain(entries("stringData", false))
        .filter(|(_, (value, _))| !value.is_null())
        .collect();
    values
        .into_iter()
        .map(|(name, (value, is_encoded))| {
            let bytes = decode(value, is_encoded).ok();
            let unless = |own: &str| bytes.as_deref().filter(|_| !(is_tls && name == own));
            SecretFile {
                name: name.to_owned(),
                at: at_key(value, source),
                certificates: unless("tls.crt").map(x509::read_certificates),
                key: unless("tls.key").map(x509::read_key),
            }
        })
        .collect()
}

/// Reads the Pod that an object is or makes, from its `spec`; `None` where no ConfigMap is mounted.
pub(in crate::kubernetes) fn pod(object: Reading<'_>, spec: &[&str]) -> Option<Pod> {
    let spec = path(object.node, spec)?;
    let volumes: BTreeMap<&str, Volume> = items(spec, "volumes")
        .filter_map(|volume| Some((volume.get("name")?.text()?, read_volume(volume))))
        .collect();
    let is_config_map = |piece: &Piece| piece.kind == Kind::ConfigMap;
    let mut pieces = volumes.values().flat_map(|volume| &volume.pieces);
    if !pieces.any(is_config_map) {
        return None;
    }
    // Of the others only those stay that are called sidecars: they run beside the containers.
    let stays = |container: &Node<'_>| {
        let policy = container.get("restartPolicy");
        policy.and_then(Node::text) == Some("Always")
    };
    let containers = items(spec, "containers");
    let sidecars = items(spec, "initContainers").filter(stays);
    let name = path(object.node, &["metadata", "name"]);
    Some(Pod {
        at: name.unwrap_or(object.node).at(object.source),
        namespace: object.namespace.of(object.node).to_owned(),
        containers: containers
            .chain(sidecars)
            .map(|container| read_container(container, &volumes))
            .filter(|container| !container.mounts.is_empty())
            .collect(),
    })
}

fn read_container(node: Node<'_>, volumes: &BTreeMap<&str, Volume>) -> Container {
    let text = |key| node.get(key).and_then(Node::text).unwrap_or_default();
    let words: Vec<&str> = items(node, "command")
        .chain(items(node, "args"))
        .filter_map(Node::text)
        .collect();
    let runs = |text: &str| PROGRAMS.iter().any(|program| text.contains(program));
    let named = words.windows(2).filter(|pair| pair[0] == "-c");
    Container {
        is_nginx: runs(text("image")) || words.iter().any(|word| runs(word)),
        named: named.map(|pair| pair[1].to_owned()).collect(),
        mounts: items(node, "volumeMounts")
            .filter_map(|mount| {
                let field = |key| mount.get(key).and_then(Node::text);
                let volume = volumes.get(field("name")?).cloned();
                // What a variable leads to is not known.
                let is_known = mount.get("subPathExpr").is_none();
                Some(Mount {
                    path: field("mountPath")?.to_owned(),
                    sub_path: field("subPath").unwrap_or_default().to_owned(),
                    volume: volume.filter(|_| is_known).unwrap_or_else(Volume::unknown),
                })
            })
            .collect(),
    }
}

impl Pod {
    /// Secrets that its containers mount, as `NAMESPACE/NAME`.
    pub(in crate::kubernetes) fn named_secrets(&self) -> impl Iterator<Item = String> {
        let pieces = self.mounts().flat_map(|mount| &mount.volume.pieces);
        let secrets = pieces.filter(|piece| piece.kind == Kind::Secret);
        secrets.map(|piece| format!("{}/{}", self.namespace, piece.name))
    }

    pub(super) fn mounts(&self) -> impl Iterator<Item = &Mount> {
        self.containers.iter().flat_map(|one| &one.mounts)
    }
}

impl Volume {
    fn unknown() -> Self {
        Self {
            pieces: Vec::new(),
            is_open: true,
        }
    }
}

fn read_volume(volume: Node<'_>) -> Volume {
    let mut read = Volume::default();
    let sources: Vec<Node<'_>> = match volume.get("projected") {
        Some(projected) => items(projected, "sources").collect(),
        None => vec![volume],
    };
    for source in sources {
        let config_map = source.get("configMap").map(|node| (Kind::ConfigMap, node));
        // A Secret has its name under another key as a volume of its own.
        let secret = source.get("secret").map(|node| (Kind::Secret, node));
        let piece = config_map.or(secret).and_then(|(kind, node)| {
            let name = node.get("name").or_else(|| node.get("secretName"))?;
            let listed = node.get("items").filter(|items| !items.is_null());
            Some(Piece {
                kind,
                name: name.text()?.to_owned(),
                items: listed.map(|list| {
                    let field = |item: Node<'_>, key| Some(item.get(key)?.text()?.to_owned());
                    let pair = |item| Some((field(item, "key")?, field(item, "path")?));
                    list.items().filter_map(pair).collect()
                }),
            })
        });
        match piece {
            Some(piece) => read.pieces.push(piece),
            None => read.is_open = true,
        }
    }
    read
}

fn items<'n>(node: Node<'n>, key: &str) -> impl Iterator<Item = Node<'n>> + use<'n> {
    let list = node.get(key);
    list.into_iter().flat_map(Node::items)
}
