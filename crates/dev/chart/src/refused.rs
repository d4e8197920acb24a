//! Values that the chart must refuse, and the word by which it is seen that it was for this reason.

use anyhow::{Result, ensure};

use super::helm::Helm;
use super::{NEWEST, OLDEST};

/// Values, and what the message says.
const MISTAKES: [(&str, &str); 41] = [
    ("replicaCont=2", "replicaCont"),
    ("replicaCount=two", "replicaCount"),
    ("replicaCount=-1", "replicaCount"),
    ("image.tga=1", "tga"),
    ("image.digest=sha256:12", "digest"),
    ("image.pullPolicy=Sometimes", "pullPolicy"),
    ("config.mod=warn", "mod"),
    ("config.mode=strict", "mode"),
    ("config.missingSecret=maybe", "missingSecret"),
    ("config.unreadableSecret=error", "unreadableSecret"),
    ("config.onUnreadable=ignore", "onUnreadable"),
    ("config.onInternalError=fail", "onInternalError"),
    ("config.allowObjectOverride=perhaps", "allowObjectOverride"),
    ("config.limits.bodyBytes=0", "bodyBytes"),
    ("config.limits.bodySize=1", "bodySize"),
    ("config.tls.minVersion=1\\.1", "minVersion"),
    ("config.shutdown.delay=10", "delay"),
    ("config.certlint.rule.x=off", "rule"),
    ("config.certlint.rules.self-signd=off", "self-signd"),
    ("config.certlint.rules.self-signed=loud", "self-signed"),
    ("secretAccess=all", "secretAccess"),
    ("kinds.gateways=true", "gateways"),
    ("rbac.scope=namespace", "scope"),
    ("rbac.namespaces={Shop}", "namespaces"),
    ("rbac.scope=namespaces", "rbac.namespaces"),
    ("webhook.port=443", "port"),
    ("webhook.failurePolicy=fail", "failurePolicy"),
    ("webhook.timeoutSeconds=31", "timeoutSeconds"),
    ("webhook.namespaceSelector[0].key=a", "operator"),
    ("webhook.entries.ingresses.enabled=true", "ingresses"),
    ("webhook.entries.route.failurePolicy=Never", "failurePolicy"),
    ("webhook.certificate.mode=helm", "mode"),
    ("webhook.certificate.mode=existingSecret", "existingSecret"),
    (
        "webhook.certificate.mode=existingSecret,webhook.certificate.existingSecret=a",
        "caBundle",
    ),
    ("webhook.certificate.caBundle=LS0tLS1CRUdJTg", "caBundle"),
    ("webhook.failurePolicy=Fail,replicaCount=1", "replicaCount"),
    (
        "webhook.entries.ingress.failurePolicy=Fail,replicaCount=1",
        "replicaCount",
    ),
    (
        "webhook.failurePolicy=Fail,autoscaling.enabled=true,autoscaling.minReplicas=1",
        "minReplicas",
    ),
    (
        "webhook.failurePolicy=Fail,podDisruptionBudget.enabled=false",
        "podDisruptionBudget",
    ),
    ("admin.port=8443", "admin.port"),
    ("networkPolicy.apiServerPorts={}", "apiServerPorts"),
];

/// Refused for an old Kubernetes only.
const TOO_NEW: [(&str, &str); 2] = [
    ("webhook.entries.secret.enabled=true", "1.30"),
    (
        "webhook.matchConditions[0].name=a,webhook.matchConditions[0].expression=has(object.spec)",
        "1.30",
    ),
];

/// Tries all of them and says how many there are.
pub(super) fn check(helm: &Helm) -> Result<usize> {
    let all = (MISTAKES.iter().map(|mistake| (mistake, NEWEST)))
        .chain(TOO_NEW.iter().map(|mistake| (mistake, OLDEST)));
    for ((values, word), version) in all.clone() {
        let output = helm.try_template(&["--set", values], version)?;
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "{} takes {values}", helm.name);
        ensure!(
            message.contains(word),
            "{} refuses {values} without a word about {word}: {message}",
            helm.name
        );
    }
    // `--kube-version` is no `--set`.
    let ancient = helm.try_template(&[], "1.27.0")?;
    ensure!(
        !ancient.status.success(),
        "{} takes Kubernetes 1.27",
        helm.name
    );
    Ok(all.count() + 1)
}
