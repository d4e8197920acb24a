//! How long a real API server waits for the webhook, as it measures that itself.
//!
//! All of it shares the machine: etcd, API server, `kubectl proxy`, two replicas, and the clients.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cluster::api::Api;
use serde_json::{Value, json};
use tools::histogram::Histogram;
use tools::say;
use tools::shell::Profile;
use tools::target::at_most;

use super::objects::{collection, ingress_of, rule};
use super::world::World;

/// Requests a second, each with one review.
const RATE: u32 = 300;
/// Of all but a hundredth of the reviews, in ms.
const SLOWEST_TARGET: f64 = 10.0;
/// The time by which half of the requests may take longer for their review, in ms.
const ADDED_TARGET: f64 = 2.0;
const CLIENTS: u32 = 12;
/// Of one turn.
const TURN: Duration = Duration::from_secs(5);
/// Turns with reviews, and as many without.
const TURNS: usize = 4;
const METRIC: &str = "apiserver_admission_webhook_admission_duration_seconds";
const INGRESSES: &str = "name=\"ingress.certlint.io\"";
/// A namespace whose objects are reviewed, and one whose are not.
const NAMESPACES: [&str; 2] = ["reviewed", "unreviewed"];

/// Builds what is needed and measures in a cluster.
pub(crate) fn run() -> Result<()> {
    for tool in [&tools::KUBERNETES, &tools::ETCD, &tools::HELM_3] {
        tool.build()?;
    }
    Profile::Dist.build("certlint-webhook", &["--bins"])?;
    cluster::isolate::again(&["--pace", "--inside"])
}

/// The same, in namespaces of its own.
pub(crate) fn inside() -> Result<()> {
    cluster::isolate::is_inside()?;
    let mut world = World::start("dist")?;
    world.install(&["webhook.failurePolicy=Fail"])?;
    for (name, labels) in NAMESPACES
        .into_iter()
        .zip([json!({}), json!({"certlint.io/mode": "off"})])
    {
        world.namespace(name, labels)?;
        world.shop(name)?;
    }
    let api = world.cluster.api.clone();
    let seen = || {
        anyhow::Ok(Histogram::read(
            &api.text("/metrics")?,
            METRIC,
            &[INGRESSES],
        ))
    };
    let mut handled = Histogram::default();
    let mut took = [Vec::new(), Vec::new()];
    for turn in 0..=TURNS {
        for (namespace, took) in NAMESPACES.into_iter().zip(&mut took) {
            let before = seen()?;
            let times = requests(&api, namespace)?;
            // The first turn opens the connections.
            if turn > 0 {
                handled.add_between(&before, &seen()?);
                took.extend(times);
            }
        }
    }
    let [reviewed, unreviewed] = took.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    });
    let slowest = handled.quantile(0.99) * 1000.0;
    say::line(format!(
        "a real API server, {RATE} dry runs a second: {:.0} reviews, half of them within {:.1} ms, {:.2} % within 5 ms; \
         half of the requests take {reviewed:.2} ms, {unreviewed:.2} ms without a review",
        handled.count(),
        handled.quantile(0.5) * 1000.0,
        handled.share_up_to(0.005) * 100.0,
    ));
    at_most(
        "p99 as the API server sees it",
        slowest,
        SLOWEST_TARGET,
        " ms",
    );
    at_most(
        "added to half of the requests",
        reviewed - unreviewed,
        ADDED_TARGET,
        " ms",
    );
    Ok(())
}

/// Creates Ingresses at an even pace, without anything coming of it: how long each took.
fn requests(api: &Api, namespace: &'static str) -> Result<Vec<Duration>> {
    let interval = Duration::from_secs(1) / RATE;
    let rounds = u32::try_from(TURN.as_millis())? * RATE / 1000 / CLIENTS;
    let start = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let api = api.clone();
            thread::spawn(move || {
                let object = good(namespace);
                let path = format!("{}?dryRun=All", collection(&object));
                let mut times = Vec::new();
                for round in 0..rounds {
                    let due = start + interval * (round * CLIENTS + client);
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    let sent = Instant::now();
                    api.post(&path, &object)?.is_allowed()?;
                    times.push(sent.elapsed());
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.join().ok().context("a client panicked")??);
    }
    Ok(all)
}

/// An Ingress whose host its Secret covers.
fn good(namespace: &str) -> Value {
    let host = "shop.example.com";
    let tls = json!([{"hosts": [host], "secretName": "shop"}]);
    ingress_of(
        namespace,
        "paced",
        json!({"tls": tls, "rules": [rule(host)]}),
    )
}
