//! The connection to the API server.

use std::time::Duration;

use axum::http::header::{HeaderValue, USER_AGENT};
use kube::client::ClientBuilder;
use kube::{Client, Config};

use super::heard::Heard;

/// A client, and what it hears.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Client,
    heard: Heard,
}

impl Cluster {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The configuration has certificates or a token that cannot be used.
    pub(crate) fn new(mut config: Config) -> kube::Result<Self> {
        // kube would repeat what got 429 or 503 for many minutes. Informers have a backoff of their
        // own, and lookups no time.
        config.default_retry = false;
        config.connect_timeout = Some(Duration::from_secs(5));
        // A server that is silent for longer than an idle watch may be (290 s) is gone.
        config.read_timeout = Some(Duration::from_secs(300));
        let agent = concat!("certlint-webhook/", env!("CARGO_PKG_VERSION"));
        config
            .headers
            .push((USER_AGENT, HeaderValue::from_static(agent)));
        let heard = Heard::default();
        let client = ClientBuilder::try_from(config)?.with_layer(&heard).build();
        Ok(Self { client, heard })
    }

    /// For whatever else is asked of the API server. It does not retry.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// An API server inside the process.
    #[cfg(test)]
    pub(crate) fn inside(api: super::fake::Fake) -> Self {
        use tower::Layer as _;
        let heard = Heard::default();
        let client = Client::new(heard.layer(api), "default");
        Self { client, heard }
    }
}
