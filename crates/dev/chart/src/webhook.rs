//! Properties of every ValidatingWebhookConfiguration, whatever the values.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Rendered;
use super::helm::NAMESPACE;
use super::objects::strings;

/// Namespaces without which a cluster cannot be repaired, and our own.
const EXEMPT: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", NAMESPACE];

/// Looks at each entry.
pub(super) fn check(rendered: &Rendered) -> Result<()> {
    let configurations = rendered.of_kind("ValidatingWebhookConfiguration")?;
    let [configuration] = configurations.as_slice() else {
        anyhow::bail!("{} webhook configurations", configurations.len());
    };
    let entries = configuration["webhooks"].as_array();
    for entry in entries.context("no entries")? {
        let name = entry["name"].as_str().unwrap_or_default();
        one(name, entry).with_context(|| format!("entry {name}"))?;
    }
    bundles(rendered, configuration)
}

fn one(name: &str, entry: &Value) -> Result<()> {
    let expressions = entry["namespaceSelector"]["matchExpressions"].as_array();
    let spared = |key: &str, values: &[&str]| {
        expressions.into_iter().flatten().any(|expression| {
            expression["key"] == key
                && expression["operator"] == "NotIn"
                && (values.iter())
                    .all(|&it| strings(&expression["values"]).any(|value| value == it))
        })
    };
    ensure!(
        spared("kubernetes.io/metadata.name", &EXEMPT),
        "is called for {EXEMPT:?}"
    );
    ensure!(
        spared("certlint.io/mode", &["off"]),
        "cannot be switched off"
    );
    ensure!(entry["sideEffects"] == "None", "has side effects");
    ensure!(
        entry["matchPolicy"] == "Equivalent",
        "misses other versions"
    );
    let rules = entry["rules"].as_array().context("no rules")?;
    for rule in rules {
        let has = |key: &str, value: &str| strings(&rule[key]).any(|it| it == value);
        ensure!(
            rule["scope"] == "Namespaced",
            "wants objects without a namespace"
        );
        // A DELETE that fails keeps a namespace from going away.
        let is_secret = name == "secret.certlint.io";
        ensure!(has("operations", "DELETE") == is_secret, "wants deletions");
        ensure!(has("resources", "secrets") == is_secret, "wants Secrets");
    }
    let conditions = entry["matchConditions"]
        .as_array()
        .context("no conditions")?;
    let says = |part: &str| {
        (conditions.iter()).any(|it| {
            it["expression"]
                .as_str()
                .is_some_and(|it| it.contains(part))
        })
    };
    match name {
        "secret.certlint.io" => ensure!(says("kubernetes.io/tls"), "wants all Secrets"),
        _ => ensure!(
            says("deletionTimestamp"),
            "is called for what is being deleted"
        ),
    }
    Ok(())
}

/// A `caBundle` is rendered only where it is a value: an empty one would be put back by GitOps
/// tools again and again, and one made by Helm would differ each time.
fn bundles(rendered: &Rendered, configuration: &Value) -> Result<()> {
    let is_value = rendered.case == "existing-secret";
    for entry in configuration["webhooks"].as_array().into_iter().flatten() {
        let config = entry["clientConfig"]
            .as_object()
            .context("no clientConfig")?;
        ensure!(config.contains_key("caBundle") == is_value, "the caBundle");
    }
    let injects = &configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"];
    let has_certificate = !rendered.of_kind("Certificate")?.is_empty();
    ensure!(
        injects.is_string() == has_certificate,
        "the injection of the CA"
    );
    Ok(())
}
