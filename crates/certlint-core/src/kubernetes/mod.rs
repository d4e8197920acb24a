//! Kubernetes manifests: YAML streams and JSON texts, read into one kind of tree.
//!
//! ```text
//! bytes ─ sections at `---` ─┬─ block YAML ──┐
//!                            ├─ any YAML ────┼─▶ Document { Tree of Nodes, comments } ─▶ objects
//!                            └─ JSON ────────┘
//! ```
//!
//! Every [`Node`] knows its bytes and its field path. A document that cannot be read does not hide
//! the others.
//!
//! ```
//! use certlint_core::kubernetes::{objects, read};
//!
//! let text = b"kind: Ingress\nspec:\n  tls:\n  - hosts: [a.example, b.example]\n---\nx: [\n";
//! let documents = read(text);
//! let ingress = objects(documents[0].tree().expect("it can be read"))[0];
//! let tls = ingress.node.get("spec").and_then(|spec| spec.get("tls"));
//! let entry = tls.and_then(|tls| tls.items().next()).expect("there is one");
//! let hosts = entry.get("hosts").expect("it has hosts");
//!
//! let host = hosts.items().nth(1).expect("there are two");
//! assert_eq!(host.str(), Some("b.example"));
//! assert_eq!(host.span().of(text), b"b.example");
//! assert_eq!(host.path().as_str(), "spec.tls[0].hosts[1]");
//! assert!(documents[1].tree().is_none());
//! ```

mod assemble;
mod block;
mod build;
mod cluster;
mod controller;
mod expand;
mod facts;
mod gateway;
mod host_index;
mod ingress_nginx;
mod json;
mod list;
mod lower;
mod mounts;
mod nginx_hosts;
mod node;
mod object;
mod pool;
mod public;
mod scalar;
mod secret_use;
mod secrets;
mod shim;
mod sniff;
mod stream;
mod summary;
mod syntax_error;
mod upstream;
mod verification;
mod yaml;

pub use build::MAX_DEPTH;
pub use controller::Choice;
pub use list::{Object, objects};
pub use lower::{Lowered, Options, is_namespace, lower, lower_beside};
pub use node::{Duplicate, Key, Node, Style, Tree, Value};
pub use sniff::looks_like_manifest;
pub use stream::{read, read_with, sections};
pub use summary::{KeyState, OwnFinding, SecretSummary, Shared};
pub(crate) use summary::{LATER, summarise};
pub use syntax_error::SyntaxError;

use crate::source::Span;
pub use crate::text_map::TextMap;

/// One document of a stream.
#[derive(Debug)]
pub struct Document<'t> {
    /// What was read.
    pub body: Body<'t>,
    /// Its comments with their `#`, in the order of writing.
    pub comments: Vec<Span>,
}

/// What a document turned out to be.
#[derive(Debug)]
pub enum Body<'t> {
    /// Nothing but comments, or an explicit `null`.
    Empty,
    /// Data.
    Tree(Tree<'t>),
    /// A template that was not rendered; the span is the first mark of it.
    Template(Span),
    /// No YAML and no JSON.
    Broken(SyntaxError),
}

impl<'t> Document<'t> {
    fn new(body: Body<'t>, mut comments: Vec<Span>) -> Self {
        comments.sort_unstable();
        Self { body, comments }
    }

    /// The data, where there is any.
    #[must_use]
    pub fn tree(&self) -> Option<&Tree<'t>> {
        match &self.body {
            Body::Tree(tree) => Some(tree),
            _ => None,
        }
    }
}
