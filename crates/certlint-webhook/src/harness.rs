//! The parts of this program that fuzz targets and benchmarks use; nothing else may.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use certlint_core::config::Config;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::certificate::Current;
use crate::clock::Clock;
use crate::judge::{Decision, DecisionKind, Live, LiveSecret, Policy};
use crate::metrics::Metrics;
use crate::reviewer::Reviewer;
use crate::serve::{self, Health, Judge, Parts, Review, Server, files};
use crate::settings::{Mode, Settings};
use crate::store::{Kind, Store};

/// Serves as the program does, with a judge that allows everything: what remains is the price of
/// the exchange itself. Ends with an error only.
///
/// # Errors
/// The addresses cannot be had.
pub async fn serve_allowing(
    webhook: SocketAddr,
    admin: SocketAddr,
    certificates: PathBuf,
) -> anyhow::Result<()> {
    let mut settings = Settings::default();
    settings.listen.webhook = webhook;
    settings.listen.admin = admin;
    let server = Server::bind(&settings).await?;
    let metrics = Arc::new(Metrics::new(&Clock::system(), Vec::new()));
    let certificate = Current::default();
    let files = files::keep(
        certificates,
        certificate.clone(),
        metrics.clone(),
        files::INTERVAL,
    );
    tokio::spawn(files);
    let parts = Parts {
        judge: Arc::new(Allowing),
        certificate,
        health: Health::default(),
        metrics,
    };
    server.run(&settings, parts, std::future::pending()).await
}

struct Allowing;

impl Judge for Allowing {
    fn judge<'a>(&'a self, _: &'a Review<'a>, _: Instant) -> BoxFuture<'a, Decision> {
        let decision = Decision::new(DecisionKind::Allow, Mode::Enforce, Vec::new());
        std::future::ready(decision).boxed()
    }
}

/// Judges the body of a request in an empty cluster: the uid that was read, and the answer as JSON.
///
/// # Errors
/// The body is no review.
pub async fn review(body: &[u8]) -> Result<(String, Vec<u8>), String> {
    let review = Review::read(body)?;
    let reviewer = Reviewer {
        store: Arc::new(Store::default()),
        live: Arc::new(Empty),
        policy: Policy::new(&Settings::default(), Config::default()),
        clock: Clock::of_fixtures(),
    };
    let deadline = Instant::now() + std::time::Duration::from_secs(1);
    let decision = reviewer.judge(&review, deadline).await;
    let answer = serve::answer(&review.uid, &decision);
    Ok((review.uid.into_owned(), answer))
}

struct Empty;

impl Live for Empty {
    fn knows(&self, _: &Kind, _: &str) -> bool {
        true
    }

    async fn secret(&self, _: &str, _: &str) -> LiveSecret {
        LiveSecret::Missing
    }
}
