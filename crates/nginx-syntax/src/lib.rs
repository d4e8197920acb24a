//! nginx configuration text to a syntax tree, as nginx itself reads it.
//!
//! The grammar is the one of `ngx_conf_file.c`: bytes in, words with their spans out, and the
//! errors that nginx would print, each at the word that causes it. Nothing here knows what a
//! directive means beyond where it may stand; nothing reads a file.

mod span;

pub use span::Span;
