//! The chart from its installation to its removal, with both Helms: nothing is left over, nothing is
//! blocked.

use std::time::Duration;

use anyhow::{Result, bail};
use tools::shell;

use super::case::{Case, Suite};
use super::objects::ingress;
use super::world::{Printed, RELEASE, World, chart};

type Helm = fn(&World, &[&str]) -> Result<Printed>;

const HELMS: [(&str, Helm); 2] = [("Helm 3", World::helm3), ("Helm 4", World::helm4)];
const PRESETS: [&str; 4] = ["aks", "audit-only", "ha-fail-closed", "namespaced"];
const QUICK: [&str; 2] = ["--set", "config.shutdown.delay=1s"];
const WAIT: [&str; 3] = ["--wait", "--timeout", "60s"];

pub(super) fn suite() -> Suite {
    let mut cases = Vec::new();
    for (name, helm) in HELMS {
        cases.push(Case::new(
            format!("{name} installs, upgrades and rolls back a chart that serves all along"),
            move |world| changes(world, helm),
        ));
        cases.push(Case::new(
            format!("{name} finds nothing wrong with `helm test`"),
            move |world| {
                let printed = helm(world, &["test", RELEASE, "--timeout", "30s"])?.done()?;
                if !printed.contains("Succeeded") {
                    bail!("{printed}");
                }
                Ok(())
            },
        ));
        cases.push(Case::new(
            format!("what {name} uninstalls leaves nothing behind and blocks nothing"),
            move |world| uninstalls(world, helm, &[]),
        ));
        cases.push(Case::new(
            format!("what {name} uninstalls with `Fail` leaves nothing behind and blocks nothing"),
            move |world| uninstalls(world, helm, &["--set", "webhook.failurePolicy=Fail"]),
        ));
    }
    for preset in PRESETS {
        cases.push(Case::new(
            format!("the preset `{preset}` becomes ready"),
            move |world| {
                let file = shell::root().join(format!("charts/certlint/presets/{preset}.yaml"));
                let file = file.display().to_string();
                let mut values = vec![
                    "--values",
                    &file,
                    "--set",
                    "metrics.serviceMonitor.enabled=false",
                ];
                values.extend(["--set", "metrics.prometheusRule.enabled=false"]);
                // Replicas of another preset would lose their rights before they end.
                remove(world, World::helm3)?;
                install(world, World::helm3, &values)?;
                world.no_forbidden()
            },
        ));
    }
    Suite {
        name: "lifecycle",
        prepares: "no release",
        prepare: |world| remove(world, World::helm3),
        cases,
    }
}

fn install(world: &World, helm: Helm, values: &[&str]) -> Result<()> {
    let chart = chart();
    let mut arguments = vec!["upgrade", "--install", RELEASE, &chart];
    arguments.extend(WAIT.iter().chain(&QUICK).chain(values));
    helm(world, &arguments)?.done().map(drop)
}

/// Uninstalls what there is, and waits for the end of the Pods.
fn remove(world: &mut World, helm: Helm) -> Result<()> {
    world.no_forbidden()?;
    helm(
        world,
        &[
            "uninstall",
            RELEASE,
            "--ignore-not-found",
            "--wait",
            "--timeout",
            "60s",
        ],
    )?
    .done()?;
    world
        .cluster
        .wait("the end of the Pods", Duration::from_secs(30), |api| {
            let pods = api
                .get(&format!("/api/v1/namespaces/{RELEASE}/pods"))?
                .ok()?;
            Ok(pods["items"].as_array().is_some_and(Vec::is_empty))
        })?;
    // Its rights go before its last words.
    world.forget_forbidden()
}

fn changes(world: &World, helm: Helm) -> Result<()> {
    let serves = |world: &World| {
        let limit = Duration::from_secs(20);
        world.cluster.wait("a refusal", limit, |_| {
            Ok(world
                .try_create(&super::world::broken("default"))?
                .is_denied(&[])
                .is_ok())
        })
    };
    install(world, helm, &[])?;
    serves(world)?;
    let load = super::load::Load::start(world);
    let upgraded = install(
        world,
        helm,
        &["--set", "replicaCount=3", "--set", "config.log.level=debug"],
    )
    .and_then(|()| {
        let mut arguments = vec!["rollback", RELEASE, "1"];
        arguments.extend(WAIT);
        helm(world, &arguments)?.done()
    });
    let outcome = load.finish()?;
    upgraded?;
    serves(world)?;
    outcome.none_missed()
}

fn uninstalls(world: &mut World, helm: Helm, values: &[&str]) -> Result<()> {
    install(world, helm, values)?;
    world.until_it_refuses()?;
    let load = super::load::Load::start(world);
    remove(world, helm)?;
    let outcome = load.finish()?;
    if !outcome.failed.is_empty() {
        bail!("requests were refused meanwhile: {outcome}");
    }
    let fine = ingress("default", "x", "shop.example.com", "shop");
    world.try_create(&fine)?.is_silent()?;
    let kinds = "all,configmaps,secrets,leases,serviceaccounts,roles,rolebindings,\
                 poddisruptionbudgets,networkpolicies,endpointslices,clusterroles,\
                 clusterrolebindings,validatingwebhookconfigurations";
    let arguments = [
        "get",
        kinds,
        "--all-namespaces",
        "--output=name",
        "--show-kind",
    ];
    let left = world.kubectl(&arguments, "")?.done()?;
    let left: Vec<_> = left
        .lines()
        .filter(|line| line.contains("certlint"))
        .collect();
    if !left.is_empty() {
        bail!("left behind: {left:?}");
    }
    Ok(())
}
