//! When the API server was last heard of, for each list and watch.
//!
//! kube keeps bookmarks to itself, so that a watch without changes looks like a dead one from
//! outside. Here each piece of each answer is noted on its way in; an API server sends bookmarks
//! about once a minute.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use http_body_util::combinators::MapFrame;
use hyper::body::{Body, Frame};
use tokio::time::Instant;
use tower::{Layer, Service};

/// The last contact of each path; a clone sees the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    paths: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl Heard {
    /// When the last piece of an answer for this path came in.
    pub(super) fn last(&self, path: &str) -> Option<Instant> {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.get(path).copied()
    }

    /// From now on this path is noted.
    pub(super) fn listen(&self, path: &str) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.entry(path.to_owned()).or_insert_with(Instant::now);
    }

    fn note(&self, path: &str) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = paths.get_mut(path) {
            *last = Instant::now();
        }
    }
}

impl<S> Layer<S> for Heard {
    type Service = Hearing<S>;

    fn layer(&self, inner: S) -> Hearing<S> {
        Hearing {
            inner,
            heard: self.clone(),
        }
    }
}

/// A client that notes what it hears.
#[derive(Clone, Debug)]
pub(crate) struct Hearing<S> {
    inner: S,
    heard: Heard,
}

type Noting<B> =
    MapFrame<B, Box<dyn FnMut(Frame<<B as Body>::Data>) -> Frame<<B as Body>::Data> + Send>>;

impl<S, Q, B> Service<Request<Q>> for Hearing<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: Body + 'static,
{
    type Response = Response<Noting<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let heard = self.heard.clone();
        let path = request.uri().path().to_owned();
        let reads = request.method() == Method::GET;
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let counts = reads && response.status().is_success();
            if counts {
                heard.note(&path);
            }
            Ok(response.map(|body| {
                let note: Box<dyn FnMut(_) -> _ + Send> = Box::new(move |frame| {
                    if counts {
                        heard.note(&path);
                    }
                    frame
                });
                body.map_frame(note)
            }))
        })
    }
}
