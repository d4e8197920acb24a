//! The program: from the command line to its parts, and their end.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use certlint_core::config::Config;
use futures::FutureExt as _;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::api::{Api, DeleteParams};
use prometheus_client::collector::Collector;

use crate::args::{Cli, Command};
use crate::audit::{Audit, Publisher, Table};
use crate::certificate::{Current, Keeper, Lease, Names};
use crate::clock::Clock;
use crate::judge::Policy;
use crate::metrics::{self, Metrics};
use crate::reviewer::Reviewer;
use crate::selftest::Probe;
use crate::serve::{Health, Parts, Server, files};
use crate::settings::{CertificateMode, Settings};
use crate::store::Store;
use crate::watch::{Cluster, Lookups, Watch};
use crate::{audit, log, process, selftest};

/// More threads than this only cost memory: a verdict takes a fraction of a millisecond.
const MAX_THREADS: usize = 8;
/// For files, and for large reviews, of which there are few.
const BLOCKING_THREADS: usize = 8;

/// Runs what the command line says.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match tracing::dispatcher::has_been_set() {
                true => tracing::error!("{error:#}"),
                // How to log is in the settings, and they may be what is wrong.
                false => complain(&error),
            }
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last words of the program")]
fn complain(error: &anyhow::Error) {
    eprintln!("certlint-webhook: {error:#}");
}

fn start(cli: &Cli) -> anyhow::Result<()> {
    let (settings, config) = settings(cli)?;
    process::harden()?;
    log::start(&settings.log.level).context("`log.level` is no filter")?;
    // Two providers may be in the graph of dependencies; rustls panics unless one is chosen.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.min(MAX_THREADS))
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .context("cannot start threads")?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => runtime.block_on(serve(settings, config)),
        Command::Selftest => runtime.block_on(try_it(&settings)),
        Command::Remove => runtime.block_on(remove(&settings)),
    }
}

fn settings(cli: &Cli) -> anyhow::Result<(Settings, Config)> {
    let Some(path) = &cli.config else {
        return Ok((Settings::default(), Config::default()));
    };
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    Settings::read(&text).map_err(|mistakes| anyhow::anyhow!("`{name}`: {}", mistakes.join("; ")))
}

async fn serve(settings: Settings, config: Config) -> anyhow::Result<()> {
    let stop = process::told_to_stop()?.shared();
    let server = Server::bind(&settings).await?;
    let cluster = cluster().await?;
    let store = Arc::new(Store::default());
    let access = settings.secret_access;
    let watch = Watch::start(&cluster, &store, &settings.namespaces, access);
    let lookups = Arc::new(Lookups::new(&cluster, access, watch.state().clone()));
    let policy = Policy::new(&settings, config);
    let table = Arc::new(Table::default());
    let clock = Clock::system();
    let collectors: Vec<Box<dyn Collector>> = vec![
        Box::new(metrics::Cluster {
            store: store.clone(),
            state: watch.state().clone(),
            lookups: lookups.clone(),
            clock: clock.clone(),
        }),
        Box::new(metrics::Audit {
            table: table.clone(),
            by_namespace: settings.audit.namespace_label,
        }),
    ];
    let metrics = Arc::new(Metrics::new(&clock, collectors));
    if settings.audit.enabled {
        let audit = Audit {
            store: store.clone(),
            state: watch.state().clone(),
            live: lookups.clone(),
            policy: policy.clone(),
            table: table.clone(),
            clock: clock.clone(),
            interval: audit::INTERVAL,
        };
        tokio::spawn(audit.run());
    }
    let names = names(&settings)?;
    let client = cluster.client();
    let (lease, leads) = Lease::new(
        client.clone(),
        &names.namespace,
        &names.configuration,
        &process::pod_name(),
        clock.clone(),
    );
    let lease = tokio::spawn(lease.run(stop.clone()));
    let publisher = Publisher::new(
        client,
        &settings,
        process::pod_name(),
        clock.clone(),
        &store,
        &table,
        leads.clone(),
    );
    if let Some(publisher) = publisher {
        tokio::spawn(publisher.run());
    }
    let certificate = Current::default();
    match settings.webhook.certificate.mode {
        CertificateMode::Own => {
            let metrics = metrics.clone();
            let tell = move |not_after| metrics.certificate(Ok(not_after));
            let (current, leads) = (certificate.clone(), leads.clone());
            let keeper = Keeper::new(client, &names, current, leads, clock.clone(), tell);
            tokio::spawn(keeper.run());
        }
        CertificateMode::Files => {
            let dir = settings.webhook.certificate.dir.clone();
            let files = files::keep(dir, certificate.clone(), metrics.clone(), files::INTERVAL);
            tokio::spawn(files);
        }
    }
    if !settings.self_probe.namespace.is_empty() {
        let probe = Probe {
            client: client.clone(),
            namespace: settings.self_probe.namespace.clone(),
            every: settings.self_probe.interval.0,
            metrics: metrics.clone(),
        };
        tokio::spawn(probe.run(leads));
    }
    let mut health = Health::default();
    let state = watch.state().clone();
    health.check("caches", move || state.ready());
    let judge = Arc::new(Reviewer {
        store,
        live: lookups,
        policy,
        clock,
    });
    let parts = Parts {
        judge,
        certificate,
        health,
        metrics,
    };
    server.run(&settings, parts, stop).await?;
    // Another replica takes over at once instead of waiting until the Lease has expired.
    lease.await.context("the lease was not kept")
}

fn names(settings: &Settings) -> anyhow::Result<Names> {
    let webhook = &settings.webhook;
    let namespace = match &*webhook.namespace {
        "" => process::namespace()?,
        name => name.to_owned(),
    };
    Ok(Names {
        namespace,
        service: webhook.service.clone(),
        secret: webhook.certificate.secret.clone(),
        configuration: webhook.name.clone(),
    })
}

async fn cluster() -> anyhow::Result<Cluster> {
    let config = kube::Config::infer().await;
    let config = config.context("neither a kubeconfig nor a service account tell the cluster")?;
    Cluster::new(config).context("the API server cannot be asked")
}

async fn try_it(settings: &Settings) -> anyhow::Result<()> {
    let namespace = &settings.self_probe.namespace;
    anyhow::ensure!(
        !namespace.is_empty(),
        "`selfProbe.namespace` does not say where to try it"
    );
    let cluster = cluster().await?;
    let tried = selftest::patiently(cluster.client(), namespace).await;
    tried.map_err(|why| anyhow::anyhow!("the API server does not reach the webhook: {why}"))?;
    tracing::info!("the API server reaches the webhook");
    Ok(())
}

async fn remove(settings: &Settings) -> anyhow::Result<()> {
    let name = &settings.webhook.name;
    let cluster = cluster().await?;
    let api: Api<ValidatingWebhookConfiguration> = Api::all(cluster.client().clone());
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => tracing::info!(name, "webhook configuration removed"),
        Err(kube::Error::Api(status)) if status.code == 404 => {
            tracing::info!(name, "there is no such webhook configuration");
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot remove `{name}`"));
        }
    }
    Ok(())
}
