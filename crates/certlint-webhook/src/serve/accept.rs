//! From a listening socket to requests: connections, their limits, and their end.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::patience::{Activity, Patient};
use crate::settings::Limits;

/// More than any client of ours sends.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// After an error of the system, such as too many open files, which will not pass at once.
const AFTER_AN_ERROR: Duration = Duration::from_millis(50);

/// Where the process stands between start and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// Everything is answered, and every answer asks to use another connection next time.
    Leaving,
    /// No new connections.
    Closing,
}

/// A socket with everything that is needed to answer on it.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    /// None on the admin port.
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) phase: watch::Receiver<Phase>,
}

/// Opens a socket. Where the system has no IPv6, "all addresses" are those of IPv4.
pub(super) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    match (bound, address.ip()) {
        (Err(error), IpAddr::V6(ip))
            if ip.is_unspecified() && error.kind() != io::ErrorKind::AddrInUse =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        (bound, _) => bound,
    }
}

impl Listener {
    /// Accepts until the task is aborted.
    pub(super) async fn run_for_ever(self) {
        let (_never, phase) = watch::channel(Phase::Serving);
        Self { phase, ..self }.run(Duration::ZERO).await;
    }

    /// Accepts until `Phase::Closing`, then waits for what is open, but not longer than `drain`.
    pub(super) async fn run(self, drain: Duration) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let mut phase = self.phase.clone();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = phase.wait_for(|phase| *phase == Phase::Closing) => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(AFTER_AN_ERROR).await;
                    continue;
                }
            };
            // Closed at once, so that the other side knows; in a queue it would wait in vain.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!("too many connections");
                continue;
            };
            let connection = Connection {
                tls: self.tls.clone(),
                router: self.router.clone(),
                limits: self.limits,
                phase: self.phase.clone(),
                watcher: graceful.watcher(),
            };
            tokio::spawn(async move {
                connection.serve(stream).await;
                drop(place);
            });
        }
        drop(self.socket);
        if tokio::time::timeout(drain, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("connections were cut off");
        }
    }
}

struct Connection {
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    phase: watch::Receiver<Phase>,
    watcher: Watcher,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // Otherwise the second segment of an answer waits for the acknowledgement of the first one,
        // which the other side delays by 40 ms.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let Some(tls) = self.tls.clone() else {
            return self.requests(stream).await;
        };
        let limit = self.limits.header_timeout.0;
        match tokio::time::timeout(limit, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.requests(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn requests(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let activity = Activity::default();
        let stream = Patient::new(stream, activity.clone(), self.limits.header_timeout.0);
        let (router, phase) = (self.router, self.phase);
        let service = service_fn(move |request: Request<Incoming>| {
            activity.turn();
            let (activity, phase) = (activity.clone(), phase.clone());
            let answer = router.clone().call(request.map(Body::new));
            async move {
                let Ok::<_, Infallible>(mut response) = answer.await;
                if *phase.borrow() != Phase::Serving {
                    let headers = Response::headers_mut(&mut response);
                    headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
                activity.turn();
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.idle_timeout.0)
            .max_header_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "connection ended");
        }
    }
}
