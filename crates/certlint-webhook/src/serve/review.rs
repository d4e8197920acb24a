//! One review: from the head of the request to the answer.
//!
//! ```text
//! in flight? ─▶ body ─▶ Review ─▶ Judge ─▶ Decision ─▶ answer
//!    503      408 413     400    panic: 500
//! ```
//!
//! Reviews up to 256 KiB are judged where they were read: as many at once as there are threads of
//! the runtime, which is the number of processors, and the others wait their turn. Larger ones would
//! keep such a thread for long; they go to threads of their own, few at once because of the memory.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::envelope::{self, Review};
use crate::judge::{Decision, DecisionKind};
use crate::log;
use crate::metrics::{Metrics, Subject};
use crate::settings::{Limits, Mode, Span, Verdict};

/// The largest small review; larger ones are rare and take milliseconds.
const SMALL: usize = 256 << 10;
/// Large reviews at once. Each takes some ten times its size while it is judged.
const LARGE_AT_ONCE: usize = 2;
/// For the rest of a request that is turned away.
const SKIPPING: Duration = Duration::from_secs(1);
/// The time that the API server waits if it does not say so.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The most that a webhook configuration can ask for.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// Decides about reviews.
pub(crate) trait Judge: Send + Sync + 'static {
    /// The decision about a review, due at the deadline.
    fn judge<'a>(&'a self, review: &'a Review<'a>, deadline: Instant) -> BoxFuture<'a, Decision>;
}

/// The state that all reviews share.
pub(super) struct Desk {
    judge: Arc<dyn Judge>,
    metrics: Arc<Metrics>,
    limits: Limits,
    on_internal_error: Verdict,
    log_user: bool,
    in_flight: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// How far a review has come, for the thread that judges it and the one that waits for that.
#[derive(Default)]
struct Progress {
    uid: OnceLock<String>,
    is_settled: AtomicBool,
}

/// A request that gets no answer to its review: a status, and one line why.
struct Refusal {
    status: StatusCode,
    /// For the metric.
    reason: &'static str,
    line: String,
}

impl Desk {
    pub(super) fn new(
        judge: Arc<dyn Judge>,
        metrics: Arc<Metrics>,
        limits: Limits,
        on_internal_error: Verdict,
        log_user: bool,
    ) -> Self {
        Self {
            judge,
            metrics,
            limits,
            on_internal_error,
            log_user,
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
        }
    }
}

/// Answers a request, whatever its path.
pub(super) async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let start = Instant::now();
    let Ok(_place) = Arc::clone(&desk.in_flight).try_acquire_owned() else {
        desk.metrics.shed.inc();
        skip(request.into_body()).await;
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many reviews at once");
    };
    let _counted = InFlight::of(&desk.metrics);
    match desk.review(request, start).await {
        Ok(answer) => {
            let json = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, json)], answer).into_response()
        }
        Err(refusal) => {
            desk.metrics.error(refusal.reason);
            tracing::warn!(
                reason = refusal.reason,
                line = refusal.line,
                "request refused"
            );
            refuse(refusal.status, refusal.line)
        }
    }
}

/// Not only is the request over, what follows on the connection may be the rest of its body.
fn refuse(status: StatusCode, line: impl Into<String>) -> Response {
    let close = HeaderValue::from_static("close");
    (status, [(CONNECTION, close)], line.into() + "\n").into_response()
}

impl Desk {
    async fn review(
        self: &Arc<Self>,
        request: Request,
        start: Instant,
    ) -> Result<Vec<u8>, Refusal> {
        if request.method() != Method::POST {
            let line = "reviews are sent with POST";
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", line));
        }
        let deadline = start + budget(request.uri().query().unwrap_or_default());
        let (body, permit) = self.body(request, deadline).await?;
        let progress = Arc::new(Progress::default());
        let done = match permit {
            None => {
                let work = self.decide(&body, start, deadline, &progress);
                AssertUnwindSafe(work).catch_unwind().await
            }
            Some(permit) => {
                let apart = self.apart(body, start, deadline, &progress, permit);
                apart.await
            }
        };
        done.unwrap_or_else(|_| {
            let uid = progress.uid.get().map_or("unknown", String::as_str);
            tracing::error!(uid, "panic while judging");
            let line = "internal error";
            Err(Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "panic",
                line,
            ))
        })
    }

    /// Judges a large review on a thread of its own, where it may take its time.
    async fn apart(
        self: &Arc<Self>,
        body: Bytes,
        start: Instant,
        deadline: Instant,
        progress: &Arc<Progress>,
        permit: OwnedSemaphorePermit,
    ) -> Result<Result<Vec<u8>, Refusal>, Box<dyn Any + Send>> {
        let (desk, shared) = (Arc::clone(self), Arc::clone(progress));
        let runtime = tokio::runtime::Handle::current();
        let mut work = tokio::task::spawn_blocking(move || {
            // Held until the memory is free again, even when nobody waits any more.
            let _permit = permit;
            runtime.block_on(desk.decide(&body, start, deadline, &shared))
        });
        let mut done = timeout_at(deadline, &mut work).await;
        if done.is_err() && !progress.settle() {
            // The decision fell at the same moment, and is only being written.
            done = Ok(work.await);
        }
        match done {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Box::new(error)),
            Err(_) => {
                // The other thread may have to go on for a while to see that itself.
                let Some(uid) = progress.uid.get() else {
                    let line = "no time left to read the review";
                    return Ok(Err(Refusal::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "late",
                        line,
                    )));
                };
                self.metrics.error("late");
                Ok(Ok(envelope::answer(uid, &self.late())))
            }
        }
    }

    async fn decide(
        &self,
        body: &[u8],
        start: Instant,
        deadline: Instant,
        progress: &Progress,
    ) -> Result<Vec<u8>, Refusal> {
        let review = Review::read(body)
            .map_err(|line| Refusal::new(StatusCode::BAD_REQUEST, "envelope", line))?;
        progress.uid.get_or_init(|| review.uid.to_string());
        let judged = timeout_at(deadline, self.judge.judge(&review, deadline)).await;
        let decision = match (progress.settle(), judged) {
            (true, Ok(decision)) => decision,
            (true, Err(_)) => {
                self.metrics.error("late");
                self.late()
            }
            // Who waited has answered, and counted that.
            (false, _) => self.late(),
        };
        let subject = Subject {
            resource: review.resource_label(),
            operation: review.operation_label(),
        };
        let took = start.elapsed();
        self.metrics.answered(subject, &decision, took);
        log::decision(&review, &decision, took, self.log_user);
        Ok(envelope::answer(&review.uid, &decision))
    }

    /// The answer when there is no time left to judge.
    fn late(&self) -> Decision {
        let mut decision = Decision::new(DecisionKind::Error, Mode::default(), Vec::new());
        let words = "certlint: not checked, there was not enough time";
        match self.on_internal_error {
            Verdict::Allow => {}
            Verdict::Warn => decision.warnings.push(words.to_owned()),
            Verdict::Deny => {
                decision.allowed = false;
                words.clone_into(&mut decision.message);
            }
        }
        decision
    }

    /// The whole body; with it a permit where it is a large one.
    async fn body(
        &self,
        request: Request,
        deadline: Instant,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        let announced = announced(request.headers());
        if announced > self.limits.body_bytes {
            return Err(self.too_large());
        }
        let mut permit = None;
        let mut body = Vec::with_capacity(announced.min(SMALL));
        let mut frames = request.into_body();
        let due = deadline.min(Instant::now() + self.limits.body_timeout.0);
        while let Some(chunk) = next(&mut frames, due).await? {
            let size = body.len() + chunk.len();
            if size > self.limits.body_bytes {
                return Err(self.too_large());
            }
            if size > SMALL && permit.is_none() {
                permit = Some(self.permit(due).await?);
                body.reserve_exact(announced.max(size) - body.len());
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body.into(), permit))
    }

    async fn permit(&self, due: Instant) -> Result<OwnedSemaphorePermit, Refusal> {
        let permit = timeout_at(due, Arc::clone(&self.large).acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or_else(|| {
            self.metrics.shed.inc();
            let line = "too many large reviews at once";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "large", line)
        })
    }

    fn too_large(&self) -> Refusal {
        let line = format!("more than {} bytes", self.limits.body_bytes);
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", line)
    }
}

impl Progress {
    /// Whether it is for the caller to say what is answered: only the first one is told so.
    fn settle(&self) -> bool {
        !self.is_settled.swap(true, Ordering::AcqRel)
    }
}

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, line: impl Into<String>) -> Self {
        let line = line.into();
        Self {
            status,
            reason,
            line,
        }
    }
}

fn announced(headers: &HeaderMap) -> usize {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}

async fn next(frames: &mut Body, due: Instant) -> Result<Option<Bytes>, Refusal> {
    let slow = || {
        Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow-body",
            "the body took too long",
        )
    };
    let broken = |_| Refusal::new(StatusCode::BAD_REQUEST, "body", "the body broke off");
    loop {
        let frame = timeout_at(due, frames.frame()).await;
        let Some(frame) = frame.map_err(|_| slow())? else {
            return Ok(None);
        };
        // Trailers say nothing to us.
        if let Ok(data) = frame.map_err(broken)?.into_data() {
            return Ok(Some(data));
        }
    }
}

/// Reads a body away, if it is small and comes soon: a connection that is closed with something
/// unread is reset, and the answer is lost with it.
async fn skip(mut body: Body) {
    let due = Instant::now() + SKIPPING;
    let mut left = SMALL;
    while let Ok(Some(Ok(frame))) = timeout_at(due, body.frame()).await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(size) else {
            return;
        };
        left = rest;
    }
}

/// How long we take at most: four fifths of what the API server waits, as it tells in the query.
fn budget(query: &str) -> Duration {
    let mut pairs = query.split('&');
    let written = pairs.find_map(|pair| pair.strip_prefix("timeout="));
    let timeout = written.and_then(|it| it.parse().ok());
    let timeout = timeout.map_or(DEFAULT_TIMEOUT, |Span(it)| it.min(MAX_TIMEOUT));
    timeout * 4 / 5
}

/// Counts a review as long as it lives, even when its client goes away.
struct InFlight<'a>(&'a Metrics);

impl<'a> InFlight<'a> {
    fn of(metrics: &'a Metrics) -> Self {
        metrics.in_flight.inc();
        Self(metrics)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_fifths_of_the_timeout_are_ours() {
        for (query, millis) in [
            ("timeout=5s", 4_000),
            ("a=b&timeout=1m0s", 24_000),
            ("timeout=500ms", 400),
            ("timeout=", 8_000),
            ("timeout=-5s", 8_000),
            ("", 8_000),
        ] {
            assert_eq!(budget(query), Duration::from_millis(millis), "{query}");
        }
    }
}
