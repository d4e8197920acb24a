//! nginx configuration in annotations of ingress-nginx: pieces that the controller copies into its
//! own, so that one mistake in them breaks the configuration of everybody.

use manifest_syntax::Node;

use crate::kubernetes::reading::path;
use crate::nginx::Context;
use crate::source::{Locate as _, SourceId};
use crate::text::Text;

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// A piece of nginx configuration.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Snippet {
    /// The block that it goes into.
    pub(super) context: Context,
    pub(super) text: Text,
}

/// The snippets among the annotations of an Ingress.
pub(in crate::kubernetes) fn snippets(node: Node<'_>, source: SourceId) -> Vec<Snippet> {
    let annotations = path(node, &["metadata", "annotations"]);
    let entries = annotations.into_iter().flat_map(Node::entries);
    entries
        .filter_map(|(key, value)| {
            let context = match key.text().strip_prefix(PREFIX)? {
                "configuration-snippet" => Context::Location,
                "server-snippet" => Context::Server,
                "stream-snippet" => Context::Stream,
                _ => return None,
            };
            let bytes = value.text()?.as_bytes();
            let text = Text::inside(value.at(source), Some(value.text_map()), bytes.into());
            Some(Snippet { context, text })
        })
        .collect()
}
