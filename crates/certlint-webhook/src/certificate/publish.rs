//! The `caBundle` of our ValidatingWebhookConfiguration: what the API server trusts.
//!
//! Only this one field of each entry is ours, by server-side apply with a field manager of our own.
//! Nothing else renders it, so nobody fights over it; where it is dropped it is put back.

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use super::bundle::Bundle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

const FIELD_MANAGER: &str = "certlint-webhook";

/// Our ValidatingWebhookConfiguration.
pub(super) struct Configuration {
    api: Api<ValidatingWebhookConfiguration>,
    name: String,
}

/// The CAs that the API server trusts, entry by entry.
pub(super) struct Trusted(Vec<(String, Vec<u8>)>);

impl Configuration {
    pub(super) fn new(client: Client, name: &str) -> Self {
        Self {
            api: Api::all(client),
            name: name.to_owned(),
        }
    }

    /// The CAs trusted now; nothing where there is no configuration yet.
    pub(super) async fn read(&self) -> kube::Result<Trusted> {
        let configuration = self.api.get_opt(&self.name).await?.unwrap_or_default();
        let webhooks = configuration.webhooks.unwrap_or_default();
        let bundle = webhooks.into_iter().map(|webhook| {
            let bundle = webhook.client_config.ca_bundle.unwrap_or_default();
            (webhook.name, bundle.0)
        });
        Ok(Trusted(bundle.collect()))
    }

    /// Makes the API server trust this bundle in each entry that is there.
    pub(super) async fn publish(&self, trusted: &Trusted, bundle: &Bundle) -> kube::Result<()> {
        let bundle = BASE64.encode(bundle.pem());
        let entries = trusted
            .0
            .iter()
            .map(|(name, _)| json!({ "name": name, "clientConfig": { "caBundle": bundle } }));
        let patch = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": { "name": self.name },
            "webhooks": entries.collect::<Vec<Value>>(),
        });
        // A bundle that somebody else put in is wrong, as only we know the CA.
        let params = PatchParams::apply(FIELD_MANAGER).force();
        self.api
            .patch(&self.name, &params, &Patch::Apply(&patch))
            .await
            .map(drop)
    }
}

impl Trusted {
    /// Each entry trusts exactly this bundle.
    pub(super) fn is(&self, bundle: &Bundle) -> bool {
        let pem = bundle.pem();
        self.0.iter().all(|(_, own)| *own == pem.as_bytes())
    }

    /// There are entries, and each trusts this CA.
    pub(super) fn contains(&self, sha256: &[u8; 32]) -> bool {
        let trusts = |(_, own): &(String, Vec<u8>)| Bundle::read(own, i64::MIN).contains(sha256);
        !self.0.is_empty() && self.0.iter().all(trusts)
    }
}
