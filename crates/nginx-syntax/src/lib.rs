//! nginx configuration text to a syntax tree, as nginx itself reads it.
//!
//! The grammar is the one of `ngx_conf_file.c`: bytes in, words with their spans out, and the
//! errors that nginx would print, each at the word that causes it. Nothing here knows what a
//! directive means beyond where it may be; nothing reads a file.
//!
//! ```
//! let source = br#"server { listen 443 ssl; server_name "a.example" ~^x\.y$; }"#;
//! let tree = nginx_syntax::parse(source);
//! assert!(tree.errors().is_empty());
//!
//! let server = tree.directives().next().expect("there is one directive");
//! let names = server.children().find(|child| child.name().text(source) == b"server_name");
//! let names = names.expect("it is in the server").arguments();
//! assert_eq!(names[0].text(source), b"a.example");
//! assert_eq!(names[0].raw(source), br#""a.example""#);
//! assert_eq!(names[1].text(source), br"~^x\.y$");
//! ```
//!
//! [`parse`] never fails. What nginx refuses is in [`Tree::errors`], and the rest is read on:
//!
//! ```
//! let source = b"listen 80 }";
//! let tree = nginx_syntax::parse(source);
//! let error = &tree.errors()[0];
//! assert_eq!(error.to_string(), "unexpected `}`, a `;` is missing before it");
//! assert_eq!(error.nginx(), r#"unexpected "}""#);
//! assert_eq!(tree.directives().count(), 1);
//! ```
//!
//! [`directive::judge`] knows where each directive of nginx may be.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod directive;
mod error;
mod lex;
mod lua;
mod parse;
mod recover;
mod tree;
mod word;

pub use error::{SyntaxError, SyntaxErrorKind};
pub use parse::{MAX_DEPTH, MAX_ERRORS, parse};
pub use text_span::Span;
pub use tree::{Body, Directive, Directives, Tree};
pub use word::Word;
