//! A serving certificate from a Secret that somebody else renews, well or badly.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::certificate::{Authority, Pair};
use super::load::Load;
use super::objects::secret;
use super::world::{RELEASE, World, broken};

const CONFIGURATION: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/certlint";
const NAME: &str = "certlint.certlint.svc";
const RELOADS: &str = "certlint_serving_certificate_reloads_total";

pub(super) fn suite() -> Suite {
    Suite {
        name: "serving",
        prepares: "the chart with a serving certificate from a Secret",
        prepare: |world| {
            world.serving = Some(Authority::root()?);
            let pair = issue(world, 2100)?;
            world
                .create(&secret(RELEASE, "serving", &pair))?
                .is_allowed()?;
            let bundle = authority(world)?.certificate.clone();
            world.install(&[
                "config.shutdown.delay=1s",
                "webhook.certificate.mode=existingSecret",
                "webhook.certificate.existingSecret=serving",
                &format!("webhook.certificate.caBundle={bundle}"),
            ])
        },
        cases: vec![
            Case::new("a new certificate is served without a gap", renewed),
            Case::new("a pair that does not match is kept out", mismatched),
            Case::new(
                "an expired certificate fails open, and a new one ends it",
                expired,
            ),
            Case::new("a wrong `caBundle` fails open", wrong_bundle),
        ],
    }
}

fn authority(world: &World) -> Result<&Authority> {
    match &world.serving {
        Some(authority) => Ok(authority),
        None => bail!("no authority"),
    }
}

fn issue(world: &World, year: i32) -> Result<Pair> {
    authority(world)?.issue_until(&[NAME], year)
}

/// Puts a pair into the Secret and waits until all replicas have done `what` with it.
fn put(world: &World, pair: &Pair, what: &str) -> Result<()> {
    let label = format!("result=\"{what}\"");
    let count = || world.own_metric(RELOADS, &[&label]);
    let before = count()?;
    world
        .replace(&secret(RELEASE, "serving", pair))?
        .is_allowed()?;
    // The kubelet writes it within a second, and the files are looked at every ten.
    world
        .cluster
        .wait("the files to be read", Duration::from_secs(25), |_| {
            Ok(count()? >= before + 2.0)
        })
}

fn renewed(world: &mut World) -> Result<()> {
    let load = Load::start(world);
    let done = put(world, &issue(world, 2099)?, "ok");
    let outcome = load.finish()?;
    done?;
    outcome.all_judged()
}

fn mismatched(world: &mut World) -> Result<()> {
    let mut pair = issue(world, 2098)?;
    pair.key = issue(world, 2098)?.key;
    let load = Load::start(world);
    let done = put(world, &pair, "error");
    let outcome = load.finish()?;
    done?;
    outcome.all_judged()
}

fn expired(world: &mut World) -> Result<()> {
    put(world, &issue(world, 2021)?, "ok")?;
    // The API server checks a certificate when it connects; new replicas make it do so.
    let target = ["-n", RELEASE, "deployment/certlint"];
    for action in ["restart", "status"] {
        let arguments = [&["rollout", action], &target[..]].concat();
        world.kubectl(&arguments, "")?.done()?;
    }
    world.until_two_run()?;
    fails_open(world)?;
    put(world, &issue(world, 2100)?, "ok")?;
    world.until_it_refuses()
}

fn wrong_bundle(world: &mut World) -> Result<()> {
    let api = &world.cluster.api;
    let configuration = api.get(CONFIGURATION)?.ok()?;
    let other = Authority::root()?.certificate;
    let mut entries = configuration["webhooks"].clone();
    entries[0]["clientConfig"]["caBundle"] = super::objects::encoded(&other);
    let put = |entries: &Value| {
        let change = json!({ "webhooks": entries });
        api.patch(CONFIGURATION, &change)?.is_allowed()
    };
    put(&entries)?;
    let failed = fails_open(world);
    put(&configuration["webhooks"])?;
    failed?;
    world.until_it_refuses()
}

/// Faults that should be refused pass, and the API server counts them.
fn fails_open(world: &World) -> Result<()> {
    let count = || {
        let name = "apiserver_admission_webhook_fail_open_count";
        world.api_metric(name, &["ingress.certlint.io"])
    };
    let before = count()?;
    // Connections that are open already go on for a while.
    world
        .cluster
        .wait("a call that fails open", Duration::from_secs(20), |_| {
            Ok(world.try_create(&broken("default"))?.is_ok())
        })?;
    if count()? <= before {
        bail!("the API server did not count it");
    }
    Ok(())
}
