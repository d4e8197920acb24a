//! A client that can do what no sane client does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::HOST;

/// Nothing here takes this long but on a machine that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection.
pub(super) struct Client {
    stream: Box<dyn Stream>,
    /// The protocol that was agreed on.
    pub(super) alpn: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Client {
    /// Without TLS.
    pub(super) async fn plain(address: SocketAddr) -> Self {
        Self {
            stream: Box::new(TcpStream::connect(address).await.unwrap()),
            alpn: None,
        }
    }

    /// With TLS, as the API server does it.
    pub(super) async fn tls(
        address: SocketAddr,
        root: &CertificateDer<'static>,
    ) -> io::Result<Self> {
        Self::with(address, root, rustls::ALL_VERSIONS, &["http/1.1"]).await
    }

    /// With TLS of these versions, for these protocols.
    pub(super) async fn with(
        address: SocketAddr,
        root: &CertificateDer<'static>,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[&str],
    ) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|it| it.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(HOST).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = timeout(PATIENCE, connector.connect(name, stream)).await??;
        let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        Ok(Self {
            stream: Box::new(stream),
            alpn,
        })
    }

    /// Sends bytes; that the other side no longer listens is seen when reading.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// Sends a POST with its whole body.
    pub(super) async fn post(&mut self, path: &str, body: &str) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: certlint.ns.svc:443\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.send(format!("{head}{body}").as_bytes()).await;
    }

    /// A POST, and what came of it.
    pub(super) async fn ask(&mut self, body: &str) -> Answer {
        self.post("/validate?timeout=5s", body).await;
        self.answer().await.unwrap()
    }

    /// The next answer; none when the connection ends before.
    pub(super) async fn answer(&mut self) -> Option<Answer> {
        timeout(PATIENCE, self.read())
            .await
            .expect("an answer or the end")
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut bytes).await?;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let length = lines.find_map(|line| line.strip_prefix("content-length: "))?;
        let length: usize = length.parse().ok()?;
        while bytes.len() < end + length {
            self.more(&mut bytes).await?;
        }
        let body = String::from_utf8(bytes[end..].to_vec()).unwrap();
        Some(Answer { status, head, body })
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        let mut buffer = [0; 16 << 10];
        let read = self.stream.read(&mut buffer).await.unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        (read > 0).then_some(())
    }
}

impl Answer {
    /// Whether this is an answer to the review with the uid, and what it says.
    pub(super) fn allowed(&self, uid: &str) -> bool {
        assert_eq!(self.status, 200, "{self:?}");
        let value: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(value["response"]["uid"], uid);
        value["response"]["allowed"].as_bool().unwrap()
    }

    /// Whether the connection ends with it.
    pub(super) fn closes(&self) -> bool {
        self.head.to_lowercase().contains("connection: close")
    }
}
