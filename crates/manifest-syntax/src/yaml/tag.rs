//! Explicit tags of scalars, as kubectl reads them (measured on sigs.k8s.io/yaml 1.6.0).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::Tag;

use crate::Span;
use crate::node::Style;
use crate::scalar::{Word, resolve};
use crate::syntax_error::SyntaxError;

/// Where the tags of YAML's own types live; `!!str` is short for it.
const CORE: &str = "tag:yaml.org,2002:";

/// The tag says that the key `<<` is a merge key, even in quotes.
pub(super) fn is_merge(tag: &Tag) -> bool {
    core(tag).as_deref() == Some("merge")
}

/// Style and text of a tagged scalar. Numbers and booleans go on as bare words, which they must be;
/// with any other tag the scalar is a text.
pub(super) fn apply(tag: &Tag, text: &str, span: Span) -> Result<(Style, String), SyntaxError> {
    let Some(name) = core(tag) else {
        return Ok((Style::Tagged, text.to_owned()));
    };
    let word = resolve(text);
    let fits = match name.as_ref() {
        "bool" => matches!(word, Word::Bool(_)),
        "int" => matches!(word, Word::Integer(_)),
        "float" => matches!(word, Word::Integer(_) | Word::Float(_)),
        "null" => word == Word::Null,
        "binary" => return Ok((Style::Tagged, binary(text, span)?)),
        _ => return Ok((Style::Tagged, text.to_owned())),
    };
    if fits {
        return Ok((Style::Plain, text.to_owned()));
    }
    Err(SyntaxError::new(
        span,
        format!("`{text}` is not what its tag `!!{name}` says"),
    ))
}

/// The name of a tag of YAML itself.
fn core(tag: &Tag) -> Option<String> {
    let full = format!("{}{}", tag.handle(), tag.suffix());
    full.strip_prefix(CORE).map(str::to_owned)
}

/// kubectl decodes the base64 and, as JSON has only texts, replaces what is no UTF-8.
fn binary(text: &str, span: Span) -> Result<String, SyntaxError> {
    let compact: String = text.split_ascii_whitespace().collect();
    match STANDARD.decode(compact) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(
            SyntaxError::new(span, "the value of `!!binary` is no base64")
                .with_help("without the tag, `data` of a Secret takes the base64 as it is"),
        ),
    }
}
