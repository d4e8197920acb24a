//! The two ports of the process, from the first connection to the last.
//!
//! ```text
//! webhook: accept ─ TLS ─ review ─▶ Judge        admin: accept ─ livez, readyz, metrics
//!
//! SIGTERM ─▶ not ready, still serving ─ delay ─▶ no new connections ─ drain ─▶ end
//! ```

mod accept;
mod admin;
mod envelope;
pub(crate) mod files;
mod health;
mod patience;
mod review;
#[cfg(test)]
mod tests;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

pub(crate) use self::envelope::{Review, answer};
pub(crate) use self::health::Health;
pub(crate) use self::review::Judge;

use self::accept::{Listener, Phase};
use self::admin::Admin;
use self::review::Desk;
use crate::certificate::Current;
use crate::metrics::Metrics;
use crate::settings::Settings;

/// Both ports, opened.
pub(crate) struct Server {
    webhook: TcpListener,
    admin: TcpListener,
}

/// The services of the ports.
pub(crate) struct Parts {
    pub(crate) judge: Arc<dyn Judge>,
    pub(crate) certificate: Current,
    /// Checks of readiness beyond our own.
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
}

impl Server {
    /// Opens both ports.
    ///
    /// # Errors
    /// The system does not let us have one of them.
    pub(crate) async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let open = async |address: SocketAddr| {
            let bound = accept::bind(address).await;
            bound.with_context(|| format!("cannot listen on `{address}`"))
        };
        Ok(Self {
            webhook: open(settings.listen.webhook).await?,
            admin: open(settings.listen.admin).await?,
        })
    }

    /// Serves until `stop`, and then as long as the shutdown takes.
    ///
    /// # Errors
    /// The settings of TLS do not work.
    pub(crate) async fn run(
        self,
        settings: &Settings,
        parts: Parts,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let Parts {
            judge,
            certificate,
            mut health,
            metrics,
        } = parts;
        let (phases, phase) = watch::channel(Phase::Serving);
        let (limits, drain) = (settings.limits, settings.shutdown.drain.0);
        let tls = tls::config(Current::clone(&certificate), settings.tls.min_version)?;
        let on_error = settings.policy.on_internal_error;
        let desk = Desk::new(judge, metrics.clone(), limits, on_error, settings.log.user);
        let webhook = Listener {
            socket: self.webhook,
            tls: Some(TlsAcceptor::from(Arc::new(tls))),
            router: Router::new()
                .fallback(review::answer)
                .with_state(Arc::new(desk)),
            limits,
            phase: phase.clone(),
        };
        health.check("certificate", move || match certificate.load().is_some() {
            true => Ok(()),
            false => Err("there is no serving certificate yet".to_owned()),
        });
        let admin = Listener {
            socket: self.admin,
            tls: None,
            router: admin::router(Admin {
                health,
                metrics,
                phase: phase.clone(),
            }),
            limits,
            phase,
        };
        let webhook = tokio::spawn(webhook.run(drain));
        // Probes are answered to the very end.
        let admin = tokio::spawn(admin.run_for_ever());
        stop.await;
        tracing::info!("shutting down");
        phases.send_replace(Phase::Leaving);
        tokio::time::sleep(settings.shutdown.delay.0).await;
        phases.send_replace(Phase::Closing);
        webhook.await.context("the webhook port broke down")?;
        admin.abort();
        Ok(())
    }
}
