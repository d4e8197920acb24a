//! The whole process but the cluster, over real sockets.

mod client;
mod connections;
mod renewal;
mod reviews;
mod shutdown;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::client::Client;
use super::*;
use crate::clock::Clock;
use crate::judge::{Decision, DecisionKind};
use crate::settings::{Mode, Span};

/// The name in all certificates here.
const HOST: &str = "certlint.ns.svc";

/// Does what the uid of the review says.
struct Puppet {
    /// Whether a review that works is not done yet.
    works: AtomicBool,
    /// Lets all waiting reviews go on.
    gate: Notify,
    /// Told for each review that waits.
    waiting: Notify,
}

impl Judge for Puppet {
    fn judge<'a>(&'a self, review: &'a Review<'a>, deadline: Instant) -> BoxFuture<'a, Decision> {
        async move {
            let uid = &*review.uid;
            if uid.starts_with("panic") {
                panic!("told to");
            }
            if uid.starts_with("sleep") {
                tokio::time::sleep_until(deadline + Duration::from_secs(60)).await;
            }
            while uid.starts_with("work") && self.works.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if uid.starts_with("wait") {
                let open = self.gate.notified();
                self.waiting.notify_one();
                open.await;
            }
            let kind = match uid.starts_with("deny") {
                true => DecisionKind::Deny,
                false => DecisionKind::Allow,
            };
            Decision::new(kind, Mode::Enforce, Vec::new())
        }
        .boxed()
    }
}

/// A process that serves.
struct Running {
    webhook: SocketAddr,
    admin: SocketAddr,
    puppet: Arc<Puppet>,
    certificate: Current,
    /// The CA that clients trust.
    root: CertificateDer<'static>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<anyhow::Result<()>>,
}

/// Settings on free ports, with limits as in production.
fn settings() -> Settings {
    let mut settings = Settings::default();
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    settings.listen.webhook = local;
    settings.listen.admin = local;
    settings.shutdown.delay = Span(Duration::from_millis(300));
    settings.shutdown.drain = Span::seconds(5);
    settings
}

fn made() -> Made<KeyPair> {
    generate_simple_self_signed([HOST.to_owned()]).unwrap()
}

fn certified(made: &Made<KeyPair>) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let chain = vec![made.cert.der().clone()];
    Arc::new(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).unwrap())
}

impl Running {
    async fn start(settings: Settings) -> Self {
        let server = Server::bind(&settings).await.unwrap();
        let webhook = server.webhook.local_addr().unwrap();
        let admin = server.admin.local_addr().unwrap();
        let puppet = Arc::new(Puppet {
            works: AtomicBool::new(true),
            gate: Notify::new(),
            waiting: Notify::new(),
        });
        let made = made();
        let certificate = Current::default();
        certificate.store(Some(certified(&made)));
        let parts = Parts {
            judge: puppet.clone(),
            certificate: certificate.clone(),
            health: Health::default(),
            metrics: Arc::new(Metrics::new(&Clock::system(), Vec::new())),
        };
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(async move {
            let stop = async { stopped.await.unwrap_or_default() };
            server.run(&settings, parts, stop).await
        });
        Self {
            webhook,
            admin,
            puppet,
            certificate,
            root: made.cert.der().clone(),
            stop,
            ended,
        }
    }

    /// A new connection to the webhook port.
    async fn connect(&self) -> Client {
        Client::tls(self.webhook, &self.root).await.unwrap()
    }

    /// A GET on the admin port: status and body.
    async fn get(&self, path: &str) -> (u16, String) {
        let mut client = Client::plain(self.admin).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        client.send(request.as_bytes()).await;
        let answer = client.answer().await.unwrap();
        (answer.status, answer.body)
    }

    /// The value of a line of the metrics, 0 where there is none.
    async fn metric(&self, line: &str) -> f64 {
        let (_, text) = self.get("/metrics").await;
        let mut values = text.lines().filter_map(|it| it.strip_prefix(line));
        values.next().map_or(0.0, |it| it.trim().parse().unwrap())
    }
}

/// A review with an object of about so many bytes.
fn review(uid: &str, size: usize) -> String {
    let filler = "x".repeat(size);
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"{uid}",
        "kind":{{"group":"networking.k8s.io","version":"v1","kind":"Ingress"}},
        "resource":{{"resource":"ingresses"}},"operation":"CREATE","name":"n","namespace":"ns",
        "object":{{"filler":"{filler}"}}}}}}"#
    )
}
