//! TLS of both ends, as the API server and the webhook speak it.

use std::sync::Arc;

use anyhow::Result;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::pki::Pki;

pub(super) fn server(pki: &Pki) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(pki.serving.join("tls.crt"))?;
    let key = PrivateKeyDer::from_pem_file(pki.serving.join("tls.key"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
    Ok(config)
}

pub(super) fn client(pki: &Pki) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pki.authority())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
