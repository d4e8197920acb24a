//! The state of the store, read whenever metrics are scraped.

use certlint_core::kubernetes::kinds::SECRET;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::clock::Clock;
use crate::store::Store;
use crate::watch::{Lookups, State};

const DAY: i64 = 24 * 60 * 60;
/// How far ahead certificates are counted that end; each window has the one before it in it.
const WINDOWS: [(&str, i64); 3] = [("expired", 0), ("7d", 7 * DAY), ("30d", 30 * DAY)];

/// Reads store, informers and look-ups.
pub(crate) struct Cluster {
    pub(crate) store: Arc<Store>,
    pub(crate) state: Arc<State>,
    pub(crate) lookups: Arc<Lookups>,
    pub(crate) clock: Clock,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cluster")
    }
}

impl Collector for Cluster {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let kinds = self.state.kinds();
        let gauge = |number: usize| ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
        let objects = kinds
            .iter()
            .map(|(&kind, it)| (it.name, gauge(self.store.count(kind))));
        by_kind(
            &mut encoder,
            "certlint_cache_objects",
            "Objects that are known.",
            MetricType::Gauge,
            objects,
        )?;
        let synced = kinds
            .values()
            .map(|it| (it.name, gauge(usize::from(it.synced))));
        by_kind(
            &mut encoder,
            "certlint_cache_synced",
            "Whether a kind was read as a whole.",
            MetricType::Gauge,
            synced,
        )?;
        let stale = kinds
            .values()
            .filter_map(|it| Some((it.name, ConstGauge::new(it.stale?.as_secs_f64()))));
        by_kind(
            &mut encoder,
            "certlint_cache_stale_seconds",
            "Time since the API server was last heard of.",
            MetricType::Gauge,
            stale,
        )?;
        let restarts = kinds
            .values()
            .map(|it| (it.name, ConstCounter::new(it.restarts)));
        by_kind(
            &mut encoder,
            "certlint_watch_restarts",
            "Watches that broke.",
            MetricType::Counter,
            restarts,
        )?;
        let too_large = gauge(self.store.too_large());
        let help = "Objects that are too large to be known.";
        let name = "certlint_cache_too_large";
        too_large.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        self.lookups(&mut encoder)?;
        if kinds.contains_key(&SECRET) {
            self.expiring(&mut encoder)?;
        }
        Ok(())
    }
}

impl Cluster {
    fn lookups(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor(
            "certlint_live_lookups",
            "Objects that were read from the API server for a review.",
            None,
            MetricType::Counter,
        )?;
        for (looked, count) in self.lookups.counts() {
            let labels = [("kind", "Secret"), ("result", looked.as_str())];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn expiring(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.clock.seconds();
        let mut counts = [0_i64; WINDOWS.len()];
        for secret in self.store.secrets() {
            let Some((_, not_after)) = secret.validity() else {
                continue;
            };
            for ((_, ahead), count) in WINDOWS.iter().zip(&mut counts) {
                *count += i64::from(not_after < now + ahead);
            }
        }
        let mut family = encoder.encode_descriptor(
            "certlint_certificate_expiring",
            "Secrets whose certificate ends within the time, or has.",
            None,
            MetricType::Gauge,
        )?;
        for ((window, _), count) in WINDOWS.into_iter().zip(counts) {
            ConstGauge::new(count).encode(family.encode_family(&[("window", window)])?)?;
        }
        Ok(())
    }
}

fn by_kind(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    of_type: MetricType,
    values: impl Iterator<Item = (&'static str, impl EncodeMetric)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, of_type)?;
    for (kind, value) in values {
        value.encode(family.encode_family(&[("kind", kind)])?)?;
    }
    Ok(())
}
