//! The Secret with our CA.
//!
//! The chart makes it, empty, so that it goes with the release; where there is none it is created.
//! `tls.crt` and `tls.key` are the CA that signs, `ca.crt` are all that may be trusted.
//! It is written only in the version that was read, so that of two replicas one wins.

use std::collections::BTreeMap;

use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Builder;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use k8s_openapi::api::core::v1::Secret;
use kube::{Client, Resource as _};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::authority::Authority;
use super::bundle::Bundle;

/// Where the CA is kept.
pub(super) struct CaSecret {
    client: Client,
    namespace: String,
    name: String,
}

/// Its content.
pub(super) struct Stored {
    pub(super) version: String,
    /// It has neither certificate nor key, as the chart makes it.
    pub(super) is_empty: bool,
    /// `None` where there is none that can be used.
    pub(super) authority: Option<Authority>,
    pub(super) bundle: Bundle,
    /// `ca.crt` is exactly the bundle.
    pub(super) is_tidy: bool,
}

/// Whether something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    /// Somebody else was faster.
    Conflict,
}

#[derive(Deserialize)]
struct Read<'a> {
    metadata: Metadata,
    /// Base64, which needs no escapes: nothing is copied.
    #[serde(borrow)]
    data: Option<BTreeMap<&'a str, &'a str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

impl CaSecret {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Its content now; `None` where there is no Secret.
    pub(super) async fn read(&self, now: i64) -> kube::Result<Option<Stored>> {
        let request = Request::get(self.url());
        let text = match self.send(request, Vec::new()).await {
            Ok(text) => text,
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(None),
            Err(error) => return Err(error),
        };
        let read: Read<'_> = serde_json::from_str(&text).map_err(kube::Error::SerdeError)?;
        let field = |name: &str| {
            let text = read.data.as_ref().and_then(|data| data.get(name)).copied();
            Zeroizing::new(BASE64.decode(text.unwrap_or_default()).unwrap_or_default())
        };
        let (certificate, key, bundle) = (field("tls.crt"), field("tls.key"), field("ca.crt"));
        let authority = Authority::read(&certificate, &key).filter(|it| it.is_valid(now));
        let mut held = Bundle::read(&bundle, now);
        if let Some(authority) = &authority {
            held.add(&authority.certificate, &authority.pem, now);
        }
        Ok(Some(Stored {
            version: read.metadata.resource_version,
            is_empty: certificate.is_empty() && key.is_empty(),
            authority,
            is_tidy: held.pem().as_bytes() == &**bundle,
            bundle: held,
        }))
    }

    /// Creates it.
    pub(super) async fn create(
        &self,
        authority: &Authority,
        bundle: &Bundle,
    ) -> kube::Result<Written> {
        let body = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": self.name, "namespace": self.namespace },
            "type": "Opaque",
        });
        let url = Secret::url_path(&(), Some(&self.namespace));
        let request = Request::post(url).header(CONTENT_TYPE, "application/json");
        self.write(request, body, authority, bundle).await
    }

    /// Changes it, unless somebody else did since it was read. Labels and the like stay.
    pub(super) async fn replace(
        &self,
        version: &str,
        authority: &Authority,
        bundle: &Bundle,
    ) -> kube::Result<Written> {
        let request =
            Request::patch(self.url()).header(CONTENT_TYPE, "application/merge-patch+json");
        let body = json!({ "metadata": { "resourceVersion": version } });
        self.write(request, body, authority, bundle).await
    }

    async fn write(
        &self,
        request: Builder,
        body: serde_json::Value,
        authority: &Authority,
        bundle: &Bundle,
    ) -> kube::Result<Written> {
        let key = Zeroizing::new(BASE64.encode(authority.key_pem().as_bytes()));
        // By hand, because a JSON value cannot be wiped.
        let data = format!(
            r#""data":{{"tls.crt":"{}","tls.key":"{}","ca.crt":"{}"}}"#,
            BASE64.encode(&authority.pem),
            *key,
            BASE64.encode(bundle.pem()),
        );
        let data = Zeroizing::new(data);
        let mut text = body.to_string();
        text.pop();
        let text = format!("{text},{}}}", *data);
        match self.send(request, text.into_bytes()).await {
            Ok(_) => Ok(Written::Yes),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Written::Conflict),
            Err(error) => Err(error),
        }
    }

    /// Not through kube's typed calls: those log what they cannot decode.
    async fn send(&self, request: Builder, body: Vec<u8>) -> kube::Result<Zeroizing<String>> {
        let request = request.body(body).map_err(kube::Error::HttpError)?;
        self.client.request_text(request).await.map(Zeroizing::new)
    }

    fn url(&self) -> String {
        let url = Secret::url_path(&(), Some(&self.namespace));
        format!("{url}/{}", self.name)
    }
}
