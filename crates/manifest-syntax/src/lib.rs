//! YAML streams and JSON texts to one kind of tree, read as kubectl reads them.
//!
//! ```text
//! bytes ─ sections at `---` ─┬─ block YAML ──┐
//!                            ├─ any YAML ────┼─▶ Document { Tree of Nodes, comments }
//!                            └─ JSON ────────┘
//! ```
//!
//! Every [`Node`] knows its bytes and its field path. A document that cannot be read does not hide
//! the others. Nothing here knows what a field means, and nothing reads a file.
//!
//! ```
//! let text = b"spec:\n  tls:\n  - hosts: [a.example, b.example]\n---\nx: [\n";
//! let documents = manifest_syntax::read(text);
//! let root = documents[0].tree().expect("it can be read").root();
//! let tls = root.get("spec").and_then(|spec| spec.get("tls"));
//! let entry = tls.and_then(|tls| tls.items().next()).expect("there is one");
//! let hosts = entry.get("hosts").expect("it has hosts");
//!
//! let host = hosts.items().nth(1).expect("there are two");
//! assert_eq!(host.str(), Some("b.example"));
//! assert_eq!(host.span().of(text), b"b.example");
//! assert_eq!(host.path().as_str(), "spec.tls[0].hosts[1]");
//! assert!(documents[1].tree().is_none());
//! ```
//!
//! Spans are the [`Span`] of the crate `text-span`, which `nginx-syntax` uses, too: a configuration
//! in a ConfigMap has places in both texts, and [`TextMap`] leads from one to the other.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod block;
mod build;
mod expand;
mod field_path;
mod json;
mod node;
mod scalar;
mod stream;
mod syntax_error;
mod text_map;
mod yaml;

pub use build::MAX_DEPTH;
pub use field_path::FieldPath;
pub use node::{Duplicate, Key, Node, Style, Tree, Value};
pub use stream::{PARALLEL_BYTES, read, read_with, sections};
pub use syntax_error::SyntaxError;
pub use text_map::TextMap;
pub use text_span::Span;

/// One document of a stream.
#[derive(Debug)]
pub struct Document<'t> {
    /// The data, or why there is none.
    pub body: Body<'t>,
    /// Its comments with their `#`, in the order of writing.
    pub comments: Vec<Span>,
}

/// The content of a document.
#[derive(Debug)]
pub enum Body<'t> {
    /// Nothing but comments, or an explicit `null`.
    Empty,
    /// Data.
    Tree(Tree<'t>),
    /// A template that was not rendered; the span is the first mark of it.
    Template(Span),
    /// Neither YAML nor JSON.
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
