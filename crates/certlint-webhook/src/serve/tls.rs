//! TLS of the webhook port: the certificate can be exchanged at any time, HTTP/1.1 is all there is.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use crate::certificate::Current;
use crate::settings::TlsVersion;

/// How connections are accepted.
///
/// # Errors
/// Never with the provider that is used here.
pub(crate) fn config(current: Current, oldest: TlsVersion) -> Result<ServerConfig, rustls::Error> {
    let versions: &[&SupportedProtocolVersion] = match oldest {
        TlsVersion::Tls12 => &[&TLS13, &TLS12],
        TlsVersion::Tls13 => &[&TLS13],
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Resolver(current)));
    // The API server offers nothing else to a Service, see kubernetes/kubernetes#75791; and without
    // HTTP/2 there are no streams to flood.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug)]
struct Resolver(Current);

impl ResolvesServerCert for Resolver {
    // One certificate for every name: a caller that expects another one says so itself.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}
