//! The exchange of reviews: what the API server takes as an answer, and what people see of it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tools::shell;

use super::case::{Case, Suite};
use super::objects::{annotated, ingress, ingress_of, object, path, rule, secret};
use super::world::{RELEASE, World, broken};

const NAMESPACE: &str = "exchange";

pub(super) fn suite() -> Suite {
    Suite {
        name: "exchange",
        prepares: "the chart with default values, and a namespace with a Secret",
        prepare: |world| {
            world.install(&["config.shutdown.delay=1s"])?;
            world.shop(NAMESPACE)
        },
        cases: vec![
            Case::new(
                "kubectl shows who refused, why, and what can be done",
                refusal_as_shown,
            ),
            Case::new(
                "the refusal is Forbidden, with its causes for machines",
                causes,
            ),
            Case::new(
                "kubectl shows warnings, each as one line",
                warnings_as_shown,
            ),
            Case::new(
                "many warnings are few lines that end with their number",
                many_warnings,
            ),
            Case::new(
                "a dry run gets the same verdict and leaves nothing",
                dry_run,
            ),
            Case::new("server-side apply gets the same verdict", server_side_apply),
            Case::new("an object without a name is refused, too", generated_name),
            Case::new(
                "an object that cannot be read is let pass with a warning",
                unreadable,
            ),
            Case::new(
                "fields that nobody knows yet change nothing",
                unknown_fields,
            ),
            Case::new("other kinds are judged by their own rules", other_kinds),
            Case::new("a collection can be deleted", deleted_collection),
            Case::new(
                "a namespace with bad objects can be deleted",
                deleted_namespace,
            ),
            Case::new(
                "the audit log has the decision and the rules",
                audit_annotations,
            ),
            Case::new(
                "no answer was one that the API server cannot take",
                no_failed_call,
            ),
            Case::new("certlint writes nothing but what is its own", own_writes),
        ],
    }
}

/// The text that users see, kept as a file that the README quotes.
fn refusal_as_shown(world: &mut World) -> Result<()> {
    let pair = world.authority.issue(&["shop.example.com"])?;
    let tls = secret("default", "shop-tls", &pair);
    world.create(&tls)?.is_allowed()?;
    let manifest = shell::root().join("fixtures/cluster/shop.yaml");
    let manifest = manifest.display().to_string();
    let printed = world.kubectl(&["apply", "--filename", &manifest], "")?;
    world.delete(&tls)?.is_allowed()?;
    if printed.code == 0 {
        bail!("kubectl succeeded: {}", printed.text);
    }
    let text = printed.text.replace(&manifest, "shop.yaml");
    let file = shell::root().join("fixtures/cluster/refusal.txt");
    fs::write(world.cluster.logs.join("refusal.txt"), &text)?;
    if text != fs::read_to_string(&file).unwrap_or_default() {
        bail!(
            "{} is not what kubectl shows (target/e2e/refusal.txt):\n{text}",
            file.display()
        );
    }
    let readme = fs::read_to_string(shell::root().join("README.md"))?;
    if !readme.contains(&text) {
        bail!("README.md does not quote {}", file.display());
    }
    Ok(())
}

fn causes(world: &mut World) -> Result<()> {
    let answer = world.try_create(&broken(NAMESPACE))?;
    answer.is_denied(&["other.example.org", "shop", "shop.example.com"])?;
    let cause = &answer.body["details"]["causes"][0];
    let reason = &answer.body["reason"];
    if reason != "Forbidden"
        || cause["field"] != "spec.tls[0].hosts[0]"
        || cause["reason"] != "name-not-covered"
        || cause["message"].as_str().is_none_or(str::is_empty)
    {
        bail!("{}", answer.body);
    }
    let message = answer.message();
    let last = message.lines().last().unwrap_or_default();
    if !message.contains("[name-not-covered]") || !last.contains("certlint.io/ignore.") {
        bail!("{message}");
    }
    Ok(())
}

fn warnings_as_shown(world: &mut World) -> Result<()> {
    let manifest = ingress(NAMESPACE, "x", "shop.example.com", "missing").to_string();
    let arguments = ["apply", "--dry-run=server", "--filename", "-"];
    let text = world.kubectl(&arguments, &manifest)?.done()?;
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("Warning: "))
        .collect();
    let [line] = lines[..] else {
        bail!("not one warning: {text}");
    };
    if !line.contains("certlint") || !line.contains("missing") || line.chars().count() > 265 {
        bail!("{line}");
    }
    Ok(())
}

fn many_warnings(world: &mut World) -> Result<()> {
    let hosts: Vec<_> = (0..40)
        .map(|n| format!("{n}.{}.example.com", "long".repeat(12)))
        .collect();
    let tls: Vec<_> = (hosts.iter().enumerate())
        .map(|(n, host)| json!({"hosts": [host], "secretName": format!("missing-{n}")}))
        .collect();
    let rules: Vec<_> = hosts.iter().map(|host| rule(host)).collect();
    let object = ingress_of(NAMESPACE, "x", json!({"tls": tls, "rules": rules}));
    let answer = world.try_create(&object)?;
    answer.is_warned(&["and 35 more"])?;
    let is_bad = |text: &String| text.chars().count() > 256 || text.chars().any(char::is_control);
    if answer.warnings.len() != 6 || answer.warnings.iter().any(is_bad) {
        bail!("{:#?}", answer.warnings);
    }
    Ok(())
}

fn dry_run(world: &mut World) -> Result<()> {
    let manifest = broken(NAMESPACE).to_string();
    let printed = world.kubectl(&["create", "--dry-run=server", "-f", "-"], &manifest)?;
    if printed.code == 0 || !printed.text.contains("denied the request") {
        bail!("{}", printed.text);
    }
    let fine = ingress(NAMESPACE, "fine", "shop.example.com", "shop");
    world.try_create(&fine)?.is_silent()?;
    let answer = world.cluster.api.get(&path(&fine))?;
    if answer.status != 404 {
        bail!("the dry run made something: {}", answer.status);
    }
    Ok(())
}

fn server_side_apply(world: &mut World) -> Result<()> {
    let manifest = broken(NAMESPACE).to_string();
    let printed = world.kubectl(&["apply", "--server-side", "-f", "-"], &manifest)?;
    if printed.code == 0 || !printed.text.contains("denied the request") {
        bail!("{}", printed.text);
    }
    Ok(())
}

fn generated_name(world: &mut World) -> Result<()> {
    let mut object = broken(NAMESPACE);
    object["metadata"] = json!({"generateName": "made-", "namespace": NAMESPACE});
    world.create(&object)?.is_denied(&["other.example.org"])
}

/// JSON that an API server takes, and that is nested deeper than certlint follows.
fn unreadable(world: &mut World) -> Result<()> {
    world.try_create(&deep(NAMESPACE))?.is_warned(&["certlint"])
}

/// A Gateway with something in it that is nested very deeply, where it is looked at.
pub(super) fn deep(namespace: &str) -> Value {
    let mut nested = json!(1);
    for _ in 0..400 {
        nested = json!([nested]);
    }
    let listener = json!({"name": "https", "allowedRoutes": {"newer": nested}});
    let spec = json!({"spec": {"listeners": [listener]}});
    object(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        namespace,
        "x",
        spec,
    )
}

fn unknown_fields(world: &mut World) -> Result<()> {
    let mut gateway = gateway("other.example.org");
    gateway["spec"]["newer"] = json!({"a": [1, 2]});
    gateway["spec"]["listeners"][0]["newer"] = json!([{}]);
    world
        .try_create(&gateway)?
        .is_denied(&["other.example.org"])
}

fn other_kinds(world: &mut World) -> Result<()> {
    world
        .try_create(&gateway("shop.example.com"))?
        .is_silent()?;
    world
        .try_create(&gateway("other.example.org"))?
        .is_denied(&["shop"])?;
    let wrong = world.authority.issue(&["www.example.org"])?;
    let route = |host: &str| {
        let spec = json!({"spec": {
            "host": host,
            "to": {"kind": "Service", "name": "shop"},
            "tls": {"termination": "edge", "certificate": wrong.chain, "key": wrong.key},
        }});
        object("route.openshift.io/v1", "Route", NAMESPACE, "x", spec)
    };
    world.try_create(&route("www.example.org"))?.is_silent()?;
    world
        .try_create(&route("shop.example.com"))?
        .is_denied(&["www.example.org"])
}

fn gateway(host: &str) -> Value {
    let spec = json!({"spec": {"gatewayClassName": "any", "listeners": [{
        "name": "https", "port": 443, "protocol": "HTTPS", "hostname": host,
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": "shop"}]},
    }]}});
    object(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        NAMESPACE,
        "x",
        spec,
    )
}

/// Objects that were let pass, with a mode for their namespace, and are bad now.
fn bad_objects(world: &World, namespace: &str) -> Result<()> {
    world.namespace(namespace, json!({"certlint.io/mode": "off"}))?;
    let shop = world.authority.issue(&["shop.example.com"])?;
    world
        .create(&secret(namespace, "shop", &shop))?
        .is_allowed()?;
    for name in ["a", "b", "c"] {
        world
            .create(&ingress(namespace, name, "other.example.org", "shop"))?
            .is_allowed()?;
    }
    let change = json!({"metadata": {"labels": {"certlint.io/mode": null}}});
    let answer = world
        .cluster
        .api
        .patch(&format!("/api/v1/namespaces/{namespace}"), &change)?;
    answer.is_allowed()
}

fn deleted_collection(world: &mut World) -> Result<()> {
    bad_objects(world, "collection")?;
    for resource in [
        "/apis/networking.k8s.io/v1/namespaces/collection/ingresses",
        "/api/v1/namespaces/collection/secrets",
    ] {
        world
            .cluster
            .api
            .delete(resource, &json!({}))?
            .is_allowed()?;
        let left = world.cluster.api.get(resource)?.ok()?;
        if left["items"]
            .as_array()
            .is_none_or(|items| !items.is_empty())
        {
            bail!("not all are deleted: {left}");
        }
    }
    Ok(())
}

fn deleted_namespace(world: &mut World) -> Result<()> {
    bad_objects(world, "ending")?;
    let path = "/api/v1/namespaces/ending";
    world.cluster.api.delete(path, &json!({}))?.is_allowed()?;
    (world.cluster).wait("the end of the namespace", Duration::from_secs(20), |api| {
        Ok(api.get(path)?.status == 404)
    })
}

fn audit_annotations(world: &mut World) -> Result<()> {
    let name = "noted";
    let object = annotated(
        ingress(NAMESPACE, name, "shop.example.com", "missing"),
        json!({}),
    );
    world.try_create(&object)?.is_allowed()?;
    let log = world.audit_log()?;
    let event = (log.iter().rev())
        .find(|event| event["objectRef"]["name"] == name)
        .context("nothing about the Ingress in the audit log")?;
    let annotations = &event["annotations"];
    if annotations["ingress.certlint.io/decision"] != "warn"
        || annotations["ingress.certlint.io/mode"] != "enforce"
        || annotations["ingress.certlint.io/rules"] != "secret-missing"
    {
        bail!("{annotations}");
    }
    Ok(())
}

fn no_failed_call(world: &mut World) -> Result<()> {
    let calls = "apiserver_admission_webhook_request_total";
    let good = world.api_metric(calls, &["certlint.io", "code=\"200\""])?;
    let all = world.api_metric(calls, &["certlint.io"])?;
    let rejected = world.api_metric(
        "apiserver_admission_webhook_rejection_count",
        &["certlint.io", "error_type=\"calling_webhook_error\""],
    )?;
    if good == 0.0 || rejected > 0.0 {
        bail!("{good} good calls of {all}, {rejected} rejected since they failed");
    }
    Ok(())
}

/// No Event, report or anything else comes from the path of a review: `sideEffects: None`.
fn own_writes(world: &mut World) -> Result<()> {
    let account = format!("system:serviceaccount:{RELEASE}:{RELEASE}");
    for event in world.audit_log()? {
        let verb = event["verb"].as_str().unwrap_or_default();
        if event["user"]["username"] != account.as_str()
            || !["create", "update", "patch", "delete", "deletecollection"].contains(&verb)
        {
            continue;
        }
        let target = &event["objectRef"];
        let resource = target["resource"].as_str().unwrap_or_default();
        let is_own = match resource {
            "leases" | "secrets" => target["namespace"] == RELEASE,
            "validatingwebhookconfigurations" => target["name"] == RELEASE,
            // The probe of its own path, a dry run that is refused.
            "ingresses" => event["requestURI"]
                .as_str()
                .is_some_and(|uri| uri.contains("dryRun=All")),
            "events" => true,
            _ => false,
        };
        if !is_own {
            bail!("{verb} of {target}");
        }
    }
    Ok(())
}
