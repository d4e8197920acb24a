//! The figures that every process exports about itself, as the client libraries of Prometheus do.
//! <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>

use std::fmt;

use jiff::Timestamp;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// The figures of this process, read whenever they are asked for.
#[derive(Debug)]
pub(super) struct Process {
    start_seconds: f64,
}

impl Process {
    /// The figures of a process that started at this moment.
    pub(super) fn started_at(moment: Timestamp) -> Self {
        Self {
            start_seconds: moment.as_duration().as_secs_f64(),
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let start = ConstGauge::new(self.start_seconds);
        write(
            &mut encoder,
            "process_start_time",
            "Unix time of the start",
            Some(&Unit::Seconds),
            &start,
        )?;
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            let seconds = |it: nix::sys::time::TimeVal| {
                it.tv_sec() as f64 + it.tv_usec() as f64 / 1_000_000.0
            };
            let cpu = ConstCounter::new(seconds(usage.user_time()) + seconds(usage.system_time()));
            write(
                &mut encoder,
                "process_cpu",
                "Time on a processor",
                Some(&Unit::Seconds),
                &cpu,
            )?;
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let memory = [
            ("VmRSS:", "process_resident_memory", "Memory in use"),
            ("VmSize:", "process_virtual_memory", "Address space in use"),
        ];
        for (key, name, help) in memory {
            if let Some(bytes) = bytes(&status, key) {
                let gauge = ConstGauge::new(bytes);
                write(&mut encoder, name, help, Some(&Unit::Bytes), &gauge)?;
            }
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            let open = ConstGauge::new(files.count() as i64);
            write(&mut encoder, "process_open_fds", "Open files", None, &open)?;
        }
        if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            let most = ConstGauge::new(soft as f64);
            write(
                &mut encoder,
                "process_max_fds",
                "Files that may be open",
                None,
                &most,
            )?;
        }
        Ok(())
    }
}

fn write(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    let help = format!("{help}.");
    metric.encode(encoder.encode_descriptor(name, &help, unit, metric.metric_type())?)
}

/// The value of a line such as `VmRSS: 5120 kB` of proc(5), in bytes.
fn bytes(status: &str, key: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: i64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_in_bytes() {
        assert_eq!(
            bytes("Name:\tx\nVmRSS:\t    5120 kB\n", "VmRSS:"),
            Some(5_242_880)
        );
        assert_eq!(bytes("", "VmRSS:"), None);
    }
}
