//! The port for those who watch the process: probes and metrics, without TLS.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::watch;

use super::accept::Phase;
use super::health::Health;
use crate::metrics::{Format, Metrics};

/// The state that the endpoints report.
pub(super) struct Admin {
    pub(super) health: Health,
    pub(super) metrics: Arc<Metrics>,
    pub(super) phase: watch::Receiver<Phase>,
}

/// The paths of the port.
pub(super) fn router(admin: Admin) -> Router {
    Router::new()
        // That this is answered at all is the news: it depends on nothing but ourselves, so that an
        // outage of the API server does not restart us.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(admin))
}

async fn readyz(State(admin): State<Arc<Admin>>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let (mut ready, mut text) = admin.health.report();
    if *admin.phase.borrow() != Phase::Serving {
        ready = false;
        text.push_str("[-]shutdown failed: process is shutting down\n");
    }
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    // Anyone who finds us not ready wants to know why.
    if ready && !query.is_some_and(|it| it.split('&').any(|it| it.starts_with("verbose"))) {
        "ok\n".clone_into(&mut text);
    }
    (status, text)
}

async fn metrics(State(admin): State<Arc<Admin>>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|it| it.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let text = admin.metrics.text(format);
    ([(CONTENT_TYPE, format.content_type())], text)
}
