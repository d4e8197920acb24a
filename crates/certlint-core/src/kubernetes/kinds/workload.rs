//! Pods, and what makes them: containers that mount nginx configuration, and labels by which an
//! Istio Gateway selects them.

use manifest_syntax::Node;

use super::shape::{Field, METADATA, Shape, field};
use super::{Kind, no_links};
use crate::kubernetes::facts::Fact;
use crate::kubernetes::mounts;
use crate::kubernetes::object::{self, Workload};
use crate::kubernetes::reading::Reading;
use crate::kubernetes::reading::{labels, path};
use crate::source::{Locate as _, SourceId, Spanned};
use Shape::Any;

pub(super) static DEPLOYMENT: Kind = Kind {
    name: "Deployment",
    former_groups: &["extensions"],
    plural: "deployments",
    ..WORKLOAD
};

pub(super) static DAEMON_SET: Kind = Kind {
    name: "DaemonSet",
    former_groups: &["extensions"],
    plural: "daemonsets",
    ..WORKLOAD
};

pub(super) static STATEFUL_SET: Kind = Kind {
    name: "StatefulSet",
    plural: "statefulsets",
    ..WORKLOAD
};

pub(super) static REPLICA_SET: Kind = Kind {
    name: "ReplicaSet",
    former_groups: &["extensions"],
    plural: "replicasets",
    read: |object| containers(object, TEMPLATE),
    ..WORKLOAD
};

pub(super) static REPLICATION_CONTROLLER: Kind = Kind {
    name: "ReplicationController",
    group: "",
    plural: "replicationcontrollers",
    read: |object| containers(object, TEMPLATE),
    ..WORKLOAD
};

pub(super) static JOB: Kind = Kind {
    name: "Job",
    group: "batch",
    plural: "jobs",
    read: |object| containers(object, TEMPLATE),
    ..WORKLOAD
};

pub(super) static CRON_JOB: Kind = Kind {
    name: "CronJob",
    group: "batch",
    plural: "cronjobs",
    read: |object| containers(object, &["spec", "jobTemplate", "spec", "template", "spec"]),
    ..WORKLOAD
};

pub(super) static POD: Kind = Kind {
    name: "Pod",
    group: "",
    plural: "pods",
    read: |object| read(object, &["spec"], &["metadata", "labels"]),
    fields: &[
        field(
            "metadata",
            Shape::Object(&[
                field("labels", Shape::Map(&Shape::Text)),
                field("name", Shape::Text),
                field("namespace", Shape::Text),
            ]),
        ),
        SPEC,
    ],
    ..WORKLOAD
};

const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const SPEC: Field = field("spec", Any);

const WORKLOAD: Kind = Kind {
    name: "",
    group: "apps",
    former_groups: &[],
    versions: &["v1"],
    plural: "",
    is_namespaced: true,
    watched: None,
    fields: &[METADATA, SPEC],
    read: |object| {
        read(
            object,
            TEMPLATE,
            &["spec", "template", "metadata", "labels"],
        )
    },
    links: no_links,
};

/// The containers, and the labels of the Pods, among which a gateway's may be.
fn read(object: Reading<'_>, spec: &[&str], labels_at: &[&str]) -> Option<Fact> {
    let labels = labels(path(object.node, labels_at));
    let containers = path(object.node, spec).and_then(|spec| spec.get("containers"));
    let default_certificate = default_certificate(containers, object.source);
    let workload = (!labels.is_empty() || default_certificate.is_some()).then(|| {
        object::Fact::Workload(Workload {
            namespace: object.meta().namespace,
            labels,
            default_certificate,
        })
    });
    match mounts::pod(object, spec) {
        Some(pod) => Some(Fact::Pod(pod, workload)),
        None => workload.map(Fact::Object),
    }
}

/// The containers of Pods that serve nothing for long.
fn containers(object: Reading<'_>, spec: &[&str]) -> Option<Fact> {
    mounts::pod(object, spec).map(|pod| Fact::Pod(pod, None))
}

/// The words of a container's command.
fn words(container: Node<'_>) -> Vec<Node<'_>> {
    let fields = ["command", "args"].into_iter();
    let lists = fields.filter_map(|field| container.get(field));
    lists.flat_map(Node::items).collect()
}

/// What `--default-ssl-certificate` of a controller of ingress-nginx names, among containers.
fn default_certificate(containers: Option<Node<'_>>, source: SourceId) -> Option<Spanned<String>> {
    containers
        .into_iter()
        .flat_map(Node::items)
        .find_map(|container| {
            let words = words(container);
            let image = container.get("image").and_then(Node::text);
            let is_nginx = image.is_some_and(|image| image.contains("ingress-nginx"))
                || words
                    .iter()
                    .any(|word| word.text() == Some("/nginx-ingress-controller"));
            let mut words = words.into_iter().filter(|_| is_nginx);
            words.find_map(|word| {
                let named = word.text()?.strip_prefix("--default-ssl-certificate=")?;
                let is_key = named.contains('/') && !named.contains(['$', '{']);
                is_key.then(|| Spanned::new(named.to_owned(), word.at(source)))
            })
        })
}
