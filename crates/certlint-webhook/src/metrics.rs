//! Counters, under the names that dashboards and alerts use.
//!
//! Labels have few values: never a host, a Secret or a user, and of what a caller writes only the
//! words that we know ourselves.

mod audit;
mod cluster;
mod process;
mod text;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::clock::Clock;
use crate::judge::{Decision, mode_name};

pub(crate) use self::audit::Audit;
pub(crate) use self::cluster::Cluster;
pub(crate) use self::text::Format;

/// Upper bounds in seconds: a verdict takes a fraction of a millisecond and 2 ms at most, a look-up
/// up to 0.5 s.
const BUCKETS: [f64; 13] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

/// All figures of the process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Subject, Histogram, fn() -> Histogram>,
    findings: Family<Rule, Counter>,
    errors: Family<Reason, Counter>,
    reloads: Family<Outcome, Counter>,
    /// Reviews that are being answered.
    pub(crate) in_flight: Gauge,
    /// Reviews that were turned away because there were too many.
    pub(crate) shed: Counter,
    /// Unix time; NaN while there is none.
    serving_not_after: Gauge<f64, AtomicU64>,
    /// Whether the API server reaches us, 1 or 0; NaN where nobody tried.
    pub(crate) path_ok: Gauge<f64, AtomicU64>,
}

/// The subject of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Subject {
    /// `ingresses` and so on, or `other`.
    pub(crate) resource: &'static str,
    /// `CREATE` and so on, or `other`.
    pub(crate) operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    resource: &'static str,
    operation: &'static str,
    decision: &'static str,
    mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Rule {
    rule: &'static str,
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

impl Metrics {
    /// All figures at zero of a process that starts now, beside those that others know when they
    /// are asked.
    pub(crate) fn new(clock: &Clock, collectors: Vec<Box<dyn Collector>>) -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            findings: Family::default(),
            errors: Family::default(),
            reloads: Family::default(),
            in_flight: Gauge::default(),
            shed: Counter::default(),
            serving_not_after: Gauge::default(),
            path_ok: Gauge::default(),
        };
        metrics.serving_not_after.set(f64::NAN);
        metrics.path_ok.set(f64::NAN);
        metrics.register(clock, collectors);
        metrics
    }

    fn register(&mut self, clock: &Clock, collectors: Vec<Box<dyn Collector>>) {
        let registry = &mut self.registry;
        let version = ("version", env!("CARGO_PKG_VERSION"));
        registry.register("certlint_build", "What is running", Info::new([version]));
        registry.register(
            "certlint_admission_requests",
            "Reviews that were answered",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "certlint_admission_duration",
            "From the first byte of a review to its answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "certlint_admission_in_flight",
            "Reviews that are being answered",
            self.in_flight.clone(),
        );
        registry.register(
            "certlint_admission_shed",
            "Reviews that were turned away because there were too many",
            self.shed.clone(),
        );
        registry.register(
            "certlint_admission_errors",
            "Requests that could not be answered as they should be",
            self.errors.clone(),
        );
        registry.register(
            "certlint_rule_findings",
            "Rules that had something to say about a review",
            self.findings.clone(),
        );
        registry.register_with_unit(
            "certlint_serving_certificate_not_after_timestamp",
            "When the serving certificate ends",
            Unit::Seconds,
            self.serving_not_after.clone(),
        );
        registry.register(
            "certlint_serving_certificate_reloads",
            "Attempts to take up another serving certificate",
            self.reloads.clone(),
        );
        registry.register(
            "certlint_webhook_path_ok",
            "Whether the API server reaches this webhook",
            self.path_ok.clone(),
        );
        let process = process::Process::started_at(clock.now());
        registry.register_collector(Box::new(process));
        for collector in collectors {
            registry.register_collector(collector);
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, subject: Subject, decision: &Decision, took: Duration) {
        let Subject {
            resource,
            operation,
        } = subject;
        let word = decision.kind.as_str();
        let mode = mode_name(decision.mode);
        let request = Request {
            resource,
            operation,
            decision: word,
            mode,
        };
        self.requests.get_or_create(&request).inc();
        let duration = self.durations.get_or_create(&subject);
        duration.observe(took.as_secs_f64());
        for rule in &decision.rules {
            let rule = Rule {
                rule,
                decision: word,
            };
            self.findings.get_or_create(&rule).inc();
        }
    }

    /// Counts what went wrong with a request, in one or two words.
    pub(crate) fn error(&self, reason: &'static str) {
        self.errors.get_or_create(&Reason { reason }).inc();
    }

    /// Counts an attempt to take up another serving certificate, and when that ends (Unix time).
    pub(crate) fn certificate(&self, not_after: Result<i64, ()>) {
        if let Ok(seconds) = not_after {
            self.serving_not_after.set(seconds as f64);
        }
        let result = if not_after.is_ok() { "ok" } else { "error" };
        self.reloads.get_or_create(&Outcome { result }).inc();
    }

    /// Everything as text.
    pub(crate) fn text(&self, format: Format) -> String {
        text::write(&self.registry, format)
    }
}
