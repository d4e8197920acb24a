//! From a listening socket to requests: connections, their limits, and their end.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
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
use nix::errno::Errno;
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

/// The phase of the process between start and end.
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
    let error = match TcpListener::bind(address).await {
        Ok(socket) => return Ok(socket),
        Err(error) => error,
    };
    let Some(instead) = instead_of(address, &error) else {
        return Err(error);
    };
    let socket = TcpListener::bind(instead).await?;
    tracing::info!(%error, "without IPv6, listening on `{instead}` in place of `{address}`");
    Ok(socket)
}

/// The address to listen on when all were meant and the system has no IPv6: the kernel's switch
/// `ipv6.disable=1` makes it EAFNOSUPPORT. (`net.ipv6.conf.all.disable_ipv6` changes nothing here:
/// `[::]` takes connections of IPv4 then.)
fn instead_of(address: SocketAddr, error: &io::Error) -> Option<SocketAddr> {
    let error = Errno::from_raw(error.raw_os_error()?);
    let is_without_ipv6 = matches!(error, Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL);
    let is_meant = address.is_ipv6() && address.ip().is_unspecified();
    (is_meant && is_without_ipv6).then(|| (Ipv4Addr::UNSPECIFIED, address.port()).into())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn instead(address: &str, errno: Errno) -> Option<String> {
        let error = io::Error::from_raw_os_error(errno as i32);
        let instead = instead_of(address.parse().unwrap(), &error);
        instead.map(|address| address.to_string())
    }

    #[test]
    fn without_ipv6_all_addresses_are_those_of_ipv4() {
        let all = Some("0.0.0.0:8443".to_owned());
        assert_eq!(instead("[::]:8443", Errno::EAFNOSUPPORT), all);
        assert_eq!(instead("[::]:8443", Errno::EADDRNOTAVAIL), all);
    }

    #[test]
    fn one_address_is_not_replaced_by_all() {
        for address in [
            "[::1]:8443",
            "[2001:db8::1]:8443",
            "0.0.0.0:8443",
            "192.0.2.1:8443",
        ] {
            assert_eq!(instead(address, Errno::EADDRNOTAVAIL), None, "{address}");
        }
    }

    #[test]
    fn what_is_not_for_want_of_ipv6_stays_an_error() {
        for errno in [Errno::EADDRINUSE, Errno::EACCES, Errno::EMFILE] {
            assert_eq!(instead("[::]:8443", errno), None, "{errno}");
        }
    }
}
