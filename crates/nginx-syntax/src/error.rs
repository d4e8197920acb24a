//! Errors of the grammar, which nginx refuses before it looks at the meaning of a directive.
//!
//! Every error has a span for our own message, and the text and the line that nginx would print:
//! nginx reports the line that it has read up to, not the one with the culprit.

use std::fmt::Write as _;

use crate::Span;
use crate::lua::long_bracket_close;

/// One thing that nginx refuses, or that is beyond the limits of this crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SyntaxError {
    /// The bytes to point at.
    pub span: Span,
    /// The fault there.
    pub kind: SyntaxErrorKind,
    /// Offset up to which nginx has counted lines.
    pub(crate) read: u32,
    /// Offset up to which directives are complete.
    pub(crate) seen: u32,
}

/// The kinds of [`SyntaxError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// A `;` with no word before it.
    #[error("unexpected `;`, there is no directive before it")]
    UnexpectedSemicolon,
    /// A `{` with no word before it.
    #[error("unexpected `{{`, the block has no name")]
    UnexpectedOpen,
    /// A `}` that closes nothing.
    #[error("unexpected `}}`, no block is open")]
    UnexpectedClose,
    /// A `}` after words.
    #[error("unexpected `}}`, a `;` is missing before it")]
    MissingSemicolon,
    /// Something other than a blank, `;`, `{` or `)` after a closing quote.
    #[error("unexpected `{}` after a closing quote", byte.escape_ascii())]
    AfterQuote {
        /// The first byte after the quote.
        byte: u8,
    },
    /// A block inside a block that holds data.
    #[error("unexpected `{{`, `{block}` holds entries without blocks")]
    BlockInData {
        /// The name of the data block.
        block: String,
    },
    /// A `{` after a directive that has no block; mostly a `;` is missing before.
    #[error("directive `{directive}` is not terminated by `;`")]
    NotTerminated {
        /// The directive's name.
        directive: String,
    },
    /// The quantifier of a regex, as in `~^x{2}$`, in a word without quotes.
    #[error("unexpected `{{`, a word that contains it needs quotes")]
    UnquotedBrace {
        /// The text that nginx prints, which depends on the directive.
        nginx: String,
    },
    /// The source ends before the `;` of a directive.
    #[error("unexpected end of file, a `;` is missing")]
    EndInDirective,
    /// The source ends inside a quoted word.
    #[error("unexpected end of file, a closing `{}` is missing", char::from(*quote))]
    EndInQuote {
        /// The quote, `"` or `'`.
        quote: u8,
    },
    /// The source ends before the `}` of a block.
    #[error("unexpected end of file, the `}}` of `{block}` is missing")]
    EndInBlock {
        /// The name of the innermost block that is open; empty for a block without a name.
        block: String,
    },
    /// A word or a comment that does not fit nginx's buffer.
    #[error("{} is longer than nginx reads, its buffer has 4096 bytes", if *comment { "comment" } else { "word" })]
    TooLong {
        /// True for a comment.
        comment: bool,
        /// The first ten bytes, which nginx prints.
        start: [u8; 10],
    },
    /// A quoted word that does not end within nginx's buffer.
    #[error("quoted word is longer than nginx reads, probably a closing `{}` is missing", char::from(*quote))]
    QuoteTooLong {
        /// The quote, `"` or `'`.
        quote: u8,
    },
    /// Blocks nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH). nginx has no such limit.
    #[error("blocks are nested deeper than {} levels", crate::MAX_DEPTH)]
    TooDeep,
    /// The file begins with a byte order mark, which nginx takes for a part of the first word.
    #[error("file begins with a byte order mark, nginx reads it as part of the first word")]
    ByteOrderMark {
        /// The text that nginx prints, mostly that it does not know the directive.
        nginx: String,
    },
    /// The source ends inside a Lua block.
    #[error("unexpected end of file, the `}}` of `{block}` is missing")]
    EndInLua {
        /// The name of the Lua block.
        block: String,
    },
    /// A long bracket of Lua code that is never closed.
    #[error("Lua code has no closing `{}`", long_bracket_close(*level))]
    LuaBracket {
        /// How many `=` the bracket has.
        level: usize,
    },
}

impl SyntaxError {
    /// The text that nginx prints for this, without the ` in FILE:LINE` after it.
    ///
    /// Empty for [`SyntaxErrorKind::TooDeep`], a limit of ours.
    #[must_use]
    pub fn nginx(&self) -> String {
        self.kind.nginx()
    }

    /// Up to here nginx has taken whole directives before it comes to this error.
    ///
    /// A refusal of a directive that ends before is reported instead of this error; the rest that
    /// the tree holds after the first error is read on by guess.
    #[must_use]
    pub fn nginx_seen(&self) -> usize {
        self.seen as usize
    }

    /// The line, from 1, that nginx prints after its message.
    #[must_use]
    pub fn nginx_line(&self, source: &[u8]) -> usize {
        let read = &source[..source.len().min(self.read as usize)];
        memchr::memchr_iter(b'\n', read).count() + 1
    }
}

impl SyntaxErrorKind {
    /// See [`SyntaxError::nginx`].
    pub(crate) fn nginx(&self) -> String {
        let unexpected = |byte: u8| {
            let text = [byte];
            format!("unexpected \"{}\"", String::from_utf8_lossy(&text))
        };
        match self {
            Self::UnexpectedSemicolon => unexpected(b';'),
            Self::UnexpectedOpen | Self::BlockInData { .. } => unexpected(b'{'),
            Self::UnexpectedClose | Self::MissingSemicolon => unexpected(b'}'),
            Self::AfterQuote { byte } => unexpected(*byte),
            Self::NotTerminated { directive } => {
                format!("directive \"{directive}\" is not terminated by \";\"")
            }
            Self::UnquotedBrace { nginx } | Self::ByteOrderMark { nginx } => nginx.clone(),
            Self::EndInDirective | Self::EndInQuote { .. } => {
                "unexpected end of file, expecting \";\" or \"}\"".to_owned()
            }
            Self::EndInBlock { .. } => "unexpected end of file, expecting \"}\"".to_owned(),
            Self::TooLong { start, .. } => {
                let start = String::from_utf8_lossy(start);
                format!("too long parameter \"{start}...\" started")
            }
            Self::QuoteTooLong { quote } => {
                let mut text = "too long parameter, probably missing terminating ".to_owned();
                let _ = write!(text, "\"{}\" character", char::from(*quote));
                text
            }
            Self::TooDeep => String::new(),
            Self::EndInLua { .. } => {
                "unexpected end of file, expecting terminating characters for lua code block"
                    .to_owned()
            }
            Self::LuaBracket { level } => {
                let close = long_bracket_close(*level);
                format!(
                    "Lua code block missing the closing long bracket \"{close}\", \
                     the inlined Lua code may be too long"
                )
            }
        }
    }
}
