//! As much of an API server as the webhook needs: lists in pages, and watches in which nothing
//! happens. Objects are written when they are asked for, so that they take no memory.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::Result;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::cluster::{Cluster, Size};
use super::pki::Pki;
use super::tls;

/// The version of everything.
const VERSION: &str = "900000";

/// Begins to serve a cluster, for as long as the runtime lives.
pub(super) async fn serve(pki: Arc<Pki>, size: Size) -> Result<SocketAddr> {
    let acceptor = TlsAcceptor::from(Arc::new(tls::server(&pki)?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, pki) = (acceptor.clone(), pki.clone());
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                // Clients come and go; what is amiss is seen where the program is not ready.
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let answer = service_fn(move |request| {
                    let answer = answer(&request, &Cluster { pki: &pki, size });
                    std::future::ready(Ok::<_, std::convert::Infallible>(answer))
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                let _ = connection.await;
            });
        }
    });
    Ok(address)
}

fn answer(request: &Request<Incoming>, cluster: &Cluster<'_>) -> Response<Answer> {
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let number = |name: &str| parameter(name).and_then(|value| value.parse().ok());
    if path == "/apis" {
        let groups = r#"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#;
        return json(groups.to_owned());
    }
    let resource = match path.strip_prefix("/api/v1/") {
        Some(resource) => resource,
        None => path
            .strip_prefix("/apis/networking.k8s.io/v1/")
            .unwrap_or_default(),
    };
    let from = number("continue").unwrap_or(0);
    let limit = number("limit").unwrap_or(usize::MAX);
    if parameter("watch").is_some() {
        return Response::new(Answer::Never);
    }
    let Some(page) = cluster.page(resource, from, limit) else {
        let mut response = json(
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}"#
                .to_owned(),
        );
        *response.status_mut() = hyper::StatusCode::NOT_FOUND;
        return response;
    };
    let token = match page.rest {
        0 => String::new(),
        _ => (from + page.items.len()).to_string(),
    };
    json(format!(
        r#"{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"{VERSION}","continue":"{token}"}},"items":[{}]}}"#,
        page.items.join(",")
    ))
}

fn json(text: String) -> Response<Answer> {
    Response::new(Answer::Text(Some(text.into())))
}

enum Answer {
    Text(Option<Bytes>),
    /// A watch: nothing comes, and it does not end.
    Never,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Never => Poll::Pending,
        }
    }
}
