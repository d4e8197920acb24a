//! Whether the API server reaches us, tried in earnest: by the dry run of an Ingress that this
//! webhook refuses.
//!
//! That proves name resolution, Service, `caBundle` and serving certificate at once. With the
//! failure policy `Ignore` nothing else would tell: admissions just pass.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{Api, PostParams};
use kube::{Client, Error};
use serde_json::json;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, timeout};

use crate::metrics::Metrics;
use crate::reviewer::{SELF_TEST_ANSWER, SELF_TEST_LABEL};

/// More than the longest time that a webhook is waited for.
const LIMIT: Duration = Duration::from_secs(35);
/// For how long a certificate that was just made may be unknown.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(2);

/// Tries it now and then, for the metric.
pub(crate) struct Probe {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) every: Duration,
    pub(crate) metrics: Arc<Metrics>,
}

impl Probe {
    /// Goes on for ever; one replica does for all, as any of them may be asked.
    pub(crate) async fn run(self, leads: Receiver<bool>) {
        let mut before = None;
        loop {
            sleep(self.every).await;
            let is_ours = *leads.borrow();
            let tried = match is_ours {
                true => Some(once(&self.client, &self.namespace).await),
                false => None,
            };
            let worked = tried.as_ref().map(Result::is_ok);
            let figure = worked.map_or(f64::NAN, |it| f64::from(u8::from(it)));
            self.metrics.path_ok.set(figure);
            match tried {
                Some(Ok(())) if before != worked => {
                    tracing::info!("the API server reaches this webhook");
                }
                Some(Err(why)) if before != worked => {
                    tracing::error!(why, "the API server does not reach this webhook");
                }
                _ => {}
            }
            before = worked;
        }
    }
}

/// Tries it until it works, for half a minute.
///
/// # Errors
/// The failure of the last try.
pub(crate) async fn patiently(client: &Client, namespace: &str) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
        match once(client, namespace).await {
            Err(_) if Instant::now() < end => sleep(PAUSE).await,
            result => return result,
        }
    }
}

async fn once(client: &Client, namespace: &str) -> Result<(), String> {
    let api: Api<Ingress> = Api::namespaced(client.clone(), namespace);
    let only_try = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let ingress = ingress()?;
    let created = timeout(LIMIT, api.create(&only_try, &ingress)).await;
    match created.map_err(|_| "the API server did not answer".to_owned())? {
        Ok(_) => Err("an Ingress that this webhook refuses was admitted".to_owned()),
        Err(Error::Api(status)) if status.message.contains(SELF_TEST_ANSWER) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn ingress() -> Result<Ingress, String> {
    // Of a class that no controller has, so that nobody else has an opinion about it.
    let object = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": { "name": "certlint-self-test", "labels": { SELF_TEST_LABEL: "true" } },
        "spec": {
            "ingressClassName": "certlint-self-test",
            "defaultBackend": { "service": { "name": "certlint-self-test", "port": { "number": 443 } } }
        }
    });
    serde_json::from_value(object).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::http::{Request, Response};
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use tower::service_fn;

    use super::*;

    /// An API server that gives one answer, and what it was asked.
    async fn asked(status: u16, answer: Value) -> (Result<(), String>, String) {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let server = service_fn(move |request: Request<kube::client::Body>| {
            let (tell, answer) = (tell.clone(), answer.to_string());
            async move {
                let query = request.uri().to_string();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                tell.send(query + " " + str::from_utf8(&body).unwrap())
                    .unwrap();
                let response = Response::builder().status(status);
                Ok::<_, Infallible>(response.body(Body::from(answer)).unwrap())
            }
        });
        let result = once(&Client::new(server, "default"), "ns").await;
        (result, told.recv().await.unwrap())
    }

    fn refusal(message: &str) -> Value {
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": "Forbidden", "code": 403 })
    }

    #[tokio::test]
    async fn our_own_refusal_is_what_is_wanted() {
        let message = format!("admission webhook \"x\" denied the request: {SELF_TEST_ANSWER}");
        let (result, request) = asked(403, refusal(&message)).await;
        assert_eq!(result, Ok(()));
        assert!(request.starts_with("/apis/networking.k8s.io/v1/namespaces/ns/ingresses?"));
        assert!(request.contains("dryRun=All"));
        assert!(request.contains(SELF_TEST_LABEL));
    }

    #[tokio::test]
    async fn a_refusal_by_somebody_else_is_none_of_ours() {
        let message = "ingresses is forbidden: User \"x\" cannot create resource";
        let (result, _) = asked(403, refusal(message)).await;
        assert!(result.unwrap_err().contains("cannot create"));
    }

    #[tokio::test]
    async fn an_admission_means_that_nobody_asked_us() {
        let (result, _) = asked(201, json!(ingress().unwrap())).await;
        assert_eq!(
            result.unwrap_err(),
            "an Ingress that this webhook refuses was admitted"
        );
    }
}
