//! The two text formats that are spoken about metrics.
//!
//! The library writes OpenMetrics. The older format of Prometheus calls a counter by its name with
//! `_total` in the lines about it too, and knows neither units nor the type `info`.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `text/plain; version=0.0.4`.
    Prometheus,
    /// `application/openmetrics-text`.
    OpenMetrics,
}

impl Format {
    /// The format that a client with this header `Accept` wants.
    pub(crate) fn accepted(accept: &str) -> Self {
        match accept.contains("application/openmetrics-text") {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    /// The header `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// All metrics of the registry.
pub(super) fn write(registry: &Registry, format: Format) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("text grows");
    match format {
        Format::OpenMetrics => text,
        Format::Prometheus => older(&text),
    }
}

fn older(text: &str) -> String {
    let types: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let mut older = String::with_capacity(text.len());
    for line in text.lines() {
        let about = line.strip_prefix("# ");
        let parts = about.and_then(|it| it.split_once(' '));
        let Some((keyword, rest)) = parts else {
            if about.is_none() {
                older.extend([line, "\n"]);
            }
            continue;
        };
        let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let (suffix, of_type) = match types.get(name) {
            Some(&"counter") => ("_total", "counter"),
            Some(&"info") => ("_info", "gauge"),
            Some(&"unknown") => ("", "untyped"),
            other => ("", other.copied().unwrap_or_default()),
        };
        match keyword {
            "HELP" => older.extend(["# HELP ", name, suffix, " ", value, "\n"]),
            "TYPE" => older.extend(["# TYPE ", name, suffix, " ", of_type, "\n"]),
            _ => {}
        }
    }
    older
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_names_counters_by_their_whole_name() {
        let text = "# HELP a Why.\n# TYPE a counter\n# UNIT a seconds\na_total{b=\"# x\"} 1\n\
                    # HELP c Info.\n# TYPE c info\nc_info{} 1\n# HELP d D.\n# TYPE d gauge\nd 2\n# EOF\n";
        assert_eq!(
            older(text),
            "# HELP a_total Why.\n# TYPE a_total counter\na_total{b=\"# x\"} 1\n\
             # HELP c_info Info.\n# TYPE c_info gauge\nc_info{} 1\n# HELP d D.\n# TYPE d gauge\nd 2\n"
        );
    }

    #[test]
    fn openmetrics_is_for_those_who_ask_for_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        assert_eq!(Format::accepted("*/*"), Format::Prometheus);
        assert_eq!(Format::accepted(""), Format::Prometheus);
    }
}
