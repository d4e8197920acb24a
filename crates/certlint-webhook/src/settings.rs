//! The settings of the process: one YAML document, as the chart renders it into its ConfigMap.
//!
//! Everything has a default, so that an empty document is a working one. Keys that we do not know
//! are refused: a mistyped `failurPolicy` would otherwise be found during an incident. What the
//! rules are told (`certlint:`) is a whole `certlint.yaml`, read by the same code as in the linter.

mod span;
mod unknown;

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use certlint_core::config::Config;
use certlint_core::source::SourceId;
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

pub(crate) use self::span::Span;

/// All that the process is told.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Settings {
    pub(crate) listen: Listen,
    pub(crate) tls: Tls,
    pub(crate) limits: Limits,
    pub(crate) shutdown: Shutdown,
    pub(crate) webhook: Webhook,
    pub(crate) policy: Policy,
    pub(crate) secret_access: SecretAccess,
    /// The namespaces that are watched; none means all of them.
    pub(crate) namespaces: Vec<String>,
    pub(crate) audit: Audit,
    pub(crate) self_probe: SelfProbe,
    pub(crate) log: Log,
    /// A `certlint.yaml`: levels of rules, exemptions, Ingress classes.
    certlint: Value,
}

/// Where the process listens.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listen {
    /// Admission reviews, over TLS.
    pub(crate) webhook: SocketAddr,
    /// Probes and metrics, without TLS.
    pub(crate) admin: SocketAddr,
}

/// The settings of TLS.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Tls {
    pub(crate) min_version: TlsVersion,
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum TlsVersion {
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// How much the process takes upon itself before it says no.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Limits {
    /// The bytes of one review. An UPDATE carries two objects: at the limits of etcd 5.4 MB.
    pub(crate) body_bytes: usize,
    /// Reviews at once; the next one gets 503.
    pub(crate) in_flight: usize,
    /// Open connections; the next one is closed.
    pub(crate) connections: usize,
    /// For the TLS handshake, and for a request's head from its first byte on.
    pub(crate) header_timeout: Span,
    /// For a request's body.
    pub(crate) body_timeout: Span,
    /// For a connection without requests. More than the 90 s after which the API server closes.
    pub(crate) idle_timeout: Span,
}

/// How the process ends after SIGTERM.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Shutdown {
    /// For how long it goes on serving while the cluster learns that it is leaving.
    pub(crate) delay: Span,
    /// For how long it then waits for answers that are under way.
    pub(crate) drain: Span,
}

/// Our own objects in the cluster.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Webhook {
    /// The name of the ValidatingWebhookConfiguration.
    pub(crate) name: String,
    /// The Service through which the API server comes.
    pub(crate) service: String,
    /// The namespace of the Service; empty is the namespace of the Pod.
    pub(crate) namespace: String,
    pub(crate) certificate: Certificate,
}

/// Where the serving certificate comes from.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Certificate {
    pub(crate) mode: CertificateMode,
    /// Mode `self`: the Secret of our CA, in the namespace of the Service.
    pub(crate) secret: String,
    /// Mode `files`: the directory of `tls.crt` and `tls.key`.
    pub(crate) dir: PathBuf,
}

/// Who makes the serving certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CertificateMode {
    /// We do, signed by a CA of our own.
    #[default]
    #[serde(rename = "self")]
    Own,
    /// Somebody else, who puts it into files: cert-manager, or a Secret that is there already.
    Files,
}

/// How findings become answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Policy {
    pub(crate) mode: Mode,
    /// For a Secret that is named and is not there.
    pub(crate) missing_secret: Verdict,
    /// For a Secret whose certificate cannot be read.
    pub(crate) unreadable_secret: Verdict,
    /// For an object that we cannot read ourselves.
    pub(crate) on_unreadable: Verdict,
    /// For a judgement that does not come about, for instance in time.
    pub(crate) on_internal_error: Verdict,
    /// Whether the annotation `certlint.io/mode` of an object may soften the mode.
    pub(crate) allow_object_override: bool,
    /// Users who may take names out of a certificate that is in use, such as the service account
    /// of cert-manager.
    pub(crate) trusted_writers: Vec<String>,
}

/// The consequence of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mode {
    /// Nothing is looked at.
    Off,
    /// Metrics only.
    Audit,
    /// Everything is a warning.
    Warn,
    /// Proven faults are refused, the rest is a warning.
    #[default]
    Enforce,
}

/// The answer in one particular situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Verdict {
    Allow,
    Warn,
    Deny,
}

/// How Secrets may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SecretAccess {
    /// They are watched; needs `list` and `watch`.
    #[default]
    Cache,
    /// Each is fetched when an object names it; needs `get`.
    OnDemand,
    /// Not at all: only what objects say by themselves is judged.
    None,
}

/// The reporting of objects that are in the cluster already.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Audit {
    pub(crate) enabled: bool,
    /// Whether findings become Events.
    pub(crate) events: bool,
    /// The kind of reports that findings become.
    pub(crate) reports: Reports,
    /// Whether the metric of findings has a label with the namespace.
    pub(crate) namespace_label: bool,
}

/// The kinds of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the project is called so")]
pub(crate) enum Reports {
    #[default]
    None,
    /// `wgpolicyk8s.io`.
    PolicyReport,
    /// `openreports.io`.
    OpenReports,
}

/// The dry run through the API server that shows whether it reaches us.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SelfProbe {
    /// Where the Ingress would be made: a namespace that the webhook looks at. Empty is no probe.
    pub(crate) namespace: String,
    /// Between two of them.
    pub(crate) interval: Span,
}

/// The log's settings.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Log {
    /// A level such as `info`, or a filter such as `info,kube=debug`.
    pub(crate) level: String,
    /// Whether the line of a review names its user.
    pub(crate) user: bool,
}

impl Settings {
    /// Reads the document.
    ///
    /// # Errors
    /// All that is wrong with it, one line each.
    pub(crate) fn read(text: &str) -> Result<(Self, Config), Vec<String>> {
        // An empty document is null to YAML.
        let document: Option<Value> = read(text)?;
        let document = document.unwrap_or_else(|| Value::Mapping(serde_yaml::Mapping::new()));
        let settings: Self =
            serde_yaml::from_value(document.clone()).map_err(|it| vec![it.to_string()])?;
        let mut mistakes = Vec::new();
        unknown::keys(&document, &settings, &mut mistakes);
        mistakes.extend(settings.limits.mistakes());
        let config = config(&settings.certlint).unwrap_or_else(|more| {
            mistakes.extend(more);
            Config::default()
        });
        match mistakes.is_empty() {
            true => Ok((settings, config)),
            false => Err(mistakes),
        }
    }
}

fn read(text: &str) -> Result<Option<Value>, Vec<String>> {
    serde_yaml::from_str(text).map_err(|error| vec![error.to_string()])
}

fn config(value: &Value) -> Result<Config, Vec<String>> {
    if value.is_null() {
        return Ok(Config::default());
    }
    let text = serde_yaml::to_string(value).map_err(|error| vec![error.to_string()])?;
    Config::read(SourceId(0), text.as_bytes()).map_err(|findings| {
        let line = |it: &certlint_core::finding::Finding| match &it.help {
            Some(help) => format!("certlint: {}: {help}", it.message),
            None => format!("certlint: {}", it.message),
        };
        findings.iter().map(line).collect()
    })
}

impl Limits {
    fn mistakes(&self) -> Vec<String> {
        let numbers = [
            ("bodyBytes", self.body_bytes),
            ("inFlight", self.in_flight),
            ("connections", self.connections),
        ];
        let zero = numbers.iter().filter(|(_, number)| *number == 0);
        zero.map(|(key, _)| format!("`limits.{key}` is more than 0"))
            .collect()
    }
}

impl Default for Listen {
    fn default() -> Self {
        let any = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        Self {
            webhook: any(8443),
            admin: any(8080),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            in_flight: 256,
            connections: 2048,
            header_timeout: Span::seconds(5),
            body_timeout: Span::seconds(5),
            idle_timeout: Span::seconds(120),
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            delay: Span::seconds(10),
            drain: Span::seconds(15),
        }
    }
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            name: "certlint".to_owned(),
            service: "certlint".to_owned(),
            namespace: String::new(),
            certificate: Certificate::default(),
        }
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self {
            mode: CertificateMode::default(),
            secret: "certlint-ca".to_owned(),
            dir: PathBuf::from("/etc/certlint/tls"),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            missing_secret: Verdict::Warn,
            unreadable_secret: Verdict::Warn,
            on_unreadable: Verdict::Warn,
            on_internal_error: Verdict::Allow,
            allow_object_override: false,
            trusted_writers: vec!["system:serviceaccount:cert-manager:cert-manager".to_owned()],
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            enabled: true,
            events: false,
            reports: Reports::None,
            namespace_label: false,
        }
    }
}

impl Default for SelfProbe {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            interval: Span::seconds(60),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            user: true,
        }
    }
}

#[cfg(test)]
mod tests;
