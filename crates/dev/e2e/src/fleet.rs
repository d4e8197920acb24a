//! Two replicas with `failurePolicy: Fail` and otherwise default values, while things go wrong: no
//! request may be refused for want of an answer, but for the moment after a replica was killed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::direct;
use super::load::Load;
use super::objects::{path, secret, secret_of};
use super::world::{RELEASE, World, broken};

const NAMESPACE: &str = "fleet";

pub(super) fn suite() -> Suite {
    Suite {
        name: "fleet",
        prepares: "two replicas with `failurePolicy: Fail`, and a namespace",
        prepare: |world| {
            world.install(&["webhook.failurePolicy=Fail"])?;
            world.shop(NAMESPACE)
        },
        cases: vec![
            Case::new(
                "a rolling restart under load fails no request",
                rolling_restart,
            ),
            Case::new(
                "a Pod that is deleted under load fails no request",
                deleted_pod,
            ),
            Case::new(
                "a replica that is killed is missed for three seconds at most",
                |world| killed(world, false),
            ),
            Case::new("a killed replica refuses nothing with `Ignore`", |world| {
                killed(world, true)
            }),
            Case::new(
                "the watches go on after the API server was restarted",
                api_server_restart,
            ),
            Case::new("reviews are answered in time while etcd is gone", etcd_stop),
            Case::new(
                "the CA is renewed under load without a gap",
                renewed_authority,
            ),
            Case::new("certlint knows that its own path works", |world| {
                // One replica tries it every minute.
                let limit = Duration::from_secs(70);
                world.cluster.wait("a try", limit, |_| {
                    Ok(world.own_metric("certlint_webhook_path_ok", &[])? >= 1.0)
                })
            }),
            Case::new(
                "only what was killed was started again, and none is larger than it may be",
                health,
            ),
        ],
    }
}

fn rolling_restart(world: &mut World) -> Result<()> {
    let before = world.cluster.kubelet.running(RELEASE);
    let load = Load::start(world);
    world
        .kubectl(
            &["rollout", "restart", "-n", RELEASE, "deployment/certlint"],
            "",
        )?
        .done()?;
    let is_new = || {
        let now = world.cluster.kubelet.running(RELEASE);
        now.len() == 2
            && now
                .iter()
                .all(|pod| before.iter().all(|old| old.name != pod.name))
    };
    let done = world
        .cluster
        .wait("new replicas", Duration::from_secs(60), |_| Ok(is_new()));
    let outcome = load.finish()?;
    done?;
    outcome.all_judged()
}

fn deleted_pod(world: &mut World) -> Result<()> {
    let before = world.cluster.kubelet.running(RELEASE);
    let victim = before.first().context("no replica")?;
    let load = Load::start(world);
    world
        .kubectl(&["delete", "pod", "-n", RELEASE, &victim.name], "")?
        .done()?;
    let outcome = load.finish()?;
    world.until_two_run()?;
    outcome.all_judged()
}

fn killed(world: &World, ignored: bool) -> Result<()> {
    let policy = |value: &str| {
        let manifest = format!(
            "[{{\"op\": \"replace\", \"path\": \"/webhooks/0/failurePolicy\", \"value\": \"{value}\"}}]"
        );
        let name = "validatingwebhookconfiguration/certlint";
        world
            .kubectl(&["patch", name, "--type=json", "-p", &manifest], "")?
            .done()
    };
    if ignored {
        policy("Ignore")?;
        std::thread::sleep(Duration::from_secs(1));
    }
    let victim = world.cluster.kubelet.running(RELEASE);
    let victim = victim.first().context("no replica")?;
    let load = Load::start(world);
    std::thread::sleep(Duration::from_millis(500));
    let at = Instant::now();
    world.cluster.kubelet.kill(victim)?;
    std::thread::sleep(Duration::from_secs(5));
    let outcome = load.finish()?;
    if ignored {
        policy("Fail")?;
    }
    world.until_two_run()?;
    let late = |(when, _): &&(Instant, String)| when.duration_since(at) > Duration::from_secs(3);
    let late = outcome.failed.iter().filter(late).count();
    let refused = ignored && !outcome.failed.is_empty();
    if late > 0 || refused || (!ignored && outcome.unchecked > 0) {
        bail!("{late} failed after three seconds: {outcome}");
    }
    Ok(())
}

fn api_server_restart(world: &mut World) -> Result<()> {
    let load = Load::start(world);
    let pods = world.cluster.kubelet.running(RELEASE);
    world.cluster.control_plane.stop_api_server()?;
    std::thread::sleep(Duration::from_secs(1));
    world.cluster.control_plane.start_api_server()?;
    world.cluster.control_plane.wait_until_ready()?;
    let known = || world.own_metric("certlint_cache_objects", &["kind=\"Secret\""]);
    let before = known()?;
    let shop = world.authority.issue(&["shop.example.com"])?;
    world
        .create(&secret(NAMESPACE, "after", &shop))?
        .is_allowed()?;
    world
        .cluster
        .wait("news by the watches", Duration::from_secs(30), |_| {
            Ok(known()? >= before + 2.0)
        })?;
    world
        .delete(&secret(NAMESPACE, "after", &shop))?
        .is_allowed()?;
    let outcome = load.finish()?;
    let now = world.cluster.kubelet.running(RELEASE);
    if now.len() != pods.len()
        || now
            .iter()
            .zip(&pods)
            .any(|(now, old)| now.process != old.process)
    {
        bail!("not the replicas from before: {now:?}");
    }
    // At its start it knows no rights yet.
    world.forget_forbidden()?;
    // While the API server goes, it can be asked for verdicts and not for Secrets.
    outcome.none_missed()
}

fn etcd_stop(world: &mut World) -> Result<()> {
    let pods = world.cluster.kubelet.running(RELEASE);
    world.cluster.control_plane.stop_etcd()?;
    let mut asked = Ok(());
    for (secret, is_known) in [("shop", true), ("unheard-of", false)] {
        asked = asked.and_then(|()| answered_in_time(world, secret, is_known));
    }
    for pod in &pods {
        let ready = format!("http://{}:8080/readyz", pod.address);
        asked = asked.and_then(|()| world.cluster.api.text_of(&ready).map(drop));
    }
    world.cluster.control_plane.start_etcd()?;
    world.cluster.control_plane.wait_until_ready()?;
    asked?;
    world.until_it_refuses()?;
    world.until_two_run()
}

/// A look-up that hangs costs the verdict, not the time of the client that waits.
fn answered_in_time(world: &World, secret: &str, is_known: bool) -> Result<()> {
    let mut object = broken(NAMESPACE);
    object["spec"]["tls"][0]["secretName"] = secret.into();
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "without-etcd", "operation": "CREATE", "name": "x", "namespace": NAMESPACE,
            "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
            "resource": {"group": "networking.k8s.io", "version": "v1", "resource": "ingresses"},
            "userInfo": {"username": "e2e"}, "object": object, "oldObject": null, "dryRun": true,
        },
    });
    let replica = world.cluster.kubelet.running(RELEASE);
    let replica = replica.first().context("no replica")?;
    let reply = direct::post(
        replica.address,
        "/validate?timeout=5s",
        review.to_string().as_bytes(),
    )?;
    let response = reply.response()?;
    let warned = response["warnings"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    // Nothing is refused on the word of a store that cannot be asked again.
    if response["uid"] != "without-etcd"
        || reply.took > Duration::from_secs(4)
        || (!is_known && (response["allowed"] != true || !warned))
    {
        bail!("{response} after {:?}", reply.took);
    }
    Ok(())
}

/// A CA two thirds of whose time are over, put beside the one that is there, is replaced.
fn renewed_authority(world: &mut World) -> Result<()> {
    use super::certificate::Authority;
    let authority = format!("/api/v1/namespaces/{RELEASE}/secrets/certlint-ca");
    let old = world.cluster.api.get(&authority)?.ok()?;
    let aged = Authority::aged()?;
    let bundle = super::objects::decoded(&old["data"]["ca.crt"])?;
    let bundle = format!("{}{bundle}", aged.certificate);
    let data: [(&str, &[u8]); 3] = [
        ("tls.crt", aged.certificate.as_bytes()),
        ("tls.key", aged.key.as_bytes()),
        ("ca.crt", bundle.as_bytes()),
    ];
    let data = secret_of(RELEASE, "certlint-ca", "", &data)["data"].take();
    let load = Load::start(world);
    world
        .cluster
        .api
        .patch(&authority, &json!({ "data": data }))?
        .is_allowed()?;
    let renewed = world
        .cluster
        .wait("a new CA", Duration::from_secs(40), |api| {
            let now = api.get(&authority)?.ok()?;
            let is_new = now["data"]["tls.crt"] != data["tls.crt"];
            let configuration = api.get(
                "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/certlint",
            )?;
            let trusted = configuration.ok()?["webhooks"][0]["clientConfig"]["caBundle"].take();
            let trusted = super::objects::decoded(&trusted)?;
            let new = super::objects::decoded(&now["data"]["tls.crt"])?;
            Ok(is_new && trusted.contains(new.trim()))
        });
    // The leaf changes last; a gap would be now.
    std::thread::sleep(Duration::from_secs(3));
    let outcome = load.finish()?;
    renewed?;
    outcome.all_judged()
}

fn health(world: &mut World) -> Result<()> {
    let pods = world
        .cluster
        .api
        .get(&format!("/api/v1/namespaces/{RELEASE}/pods"))?
        .ok()?;
    for pod in pods["items"].as_array().context("no Pods")? {
        let status: &Value = &pod["status"]["containerStatuses"][0];
        // The two that were killed on purpose, at most.
        if status["restartCount"]
            .as_u64()
            .is_none_or(|count| count > 2)
        {
            bail!("{}: {status}", path(pod));
        }
    }
    let peak = world.cluster.kubelet.peak_memory();
    if peak > 256 << 20 {
        bail!("a process had {} MiB, and its limit is 256 MiB", peak >> 20);
    }
    Ok(())
}
