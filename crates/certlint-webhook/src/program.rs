//! The program: from the command line to its parts, and their end.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use certlint_core::config::Config;

use crate::args::{Cli, Command};
use crate::judge::{Live, LiveSecret, Policy};
use crate::metrics::Metrics;
use crate::reviewer::Reviewer;
use crate::serve::{Current, Health, Parts, Server, files};
use crate::settings::Settings;
use crate::store::Store;
use crate::{log, process};

/// More threads than this only cost memory: a verdict takes a fraction of a millisecond.
const MAX_THREADS: usize = 8;
/// For files, and for large reviews, of which there are few.
const BLOCKING_THREADS: usize = 8;

/// Runs what the command line says.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Before the settings are read, nothing logs.
            tracing::error!("{error:#}");
            complain(&error);
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
        Command::Selftest | Command::Remove => anyhow::bail!("not there yet"),
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

struct NotYet;

impl Live for NotYet {
    async fn secret(&self, _: &str, _: &str) -> LiveSecret {
        LiveSecret::Unknown("not there yet".to_owned())
    }
}

async fn serve(settings: Settings, config: Config) -> anyhow::Result<()> {
    let stop = process::told_to_stop()?;
    let server = Server::bind(&settings).await?;
    let metrics = Arc::new(Metrics::new(Vec::new()));
    let certificate = Current::default();
    let dir = settings.webhook.certificate.dir.clone();
    tokio::spawn(files::keep(
        dir,
        certificate.clone(),
        metrics.clone(),
        files::INTERVAL,
    ));
    let judge = Arc::new(Reviewer {
        store: Arc::new(Store::default()),
        live: NotYet,
        policy: Policy::new(&settings, config),
    });
    let parts = Parts {
        judge,
        certificate,
        health: Health::default(),
        metrics,
    };
    server.run(&settings, parts, stop).await
}
