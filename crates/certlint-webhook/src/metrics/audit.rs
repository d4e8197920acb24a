//! The findings of audits, read whenever metrics are scraped.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::audit::Table;

/// Reads the table.
#[derive(Debug)]
pub(crate) struct Audit {
    pub(crate) table: Arc<Table>,
    /// Whether findings have a label with the namespace.
    pub(crate) by_namespace: bool,
}

impl Collector for Audit {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Before the first pass no finding would mean nothing.
        let Some(pass) = self.table.pass() else {
            return Ok(());
        };
        let gauge = MetricType::Gauge;
        let help = "Findings of level warning or error in objects that are in the cluster.";
        let mut family = encoder.encode_descriptor("certlint_audit_findings", help, None, gauge)?;
        for ((rule, severity, namespace), count) in self.table.counts(self.by_namespace) {
            let mut labels = vec![("rule", rule), ("severity", severity)];
            labels.extend(namespace.as_deref().map(|name| ("namespace", name)));
            ConstGauge::new(i64::from(count)).encode(family.encode_family(&labels)?)?;
        }
        let help = "How long it took to look at everything.";
        let duration =
            encoder.encode_descriptor("certlint_audit_duration_seconds", help, None, gauge)?;
        ConstGauge::new(pass.took.as_secs_f64()).encode(duration)?;
        let help = "When everything was last looked at.";
        let name = "certlint_audit_last_success_timestamp_seconds";
        ConstGauge::new(pass.ended).encode(encoder.encode_descriptor(name, help, None, gauge)?)
    }
}
