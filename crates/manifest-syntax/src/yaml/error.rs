//! Says what is wrong with a text that the YAML parser refuses, and where.

use granit_parser::{ErrorKind, ScanError};

use crate::Span;
use crate::build::MAX_DEPTH;
use crate::syntax_error::SyntaxError;

/// The parser's error in our words, at the word that starts at `at`.
pub(super) fn explain(error: &ScanError, at: usize, text: &str, base: u32) -> SyntaxError {
    let (message, help) = words(error.kind());
    let explained = SyntaxError::new(word_at(text, base, at), message);
    match help {
        Some(help) => explained.with_help(help),
        None => explained,
    }
}

/// The word that starts at an offset; nothing where the line ends there.
fn word_at(text: &str, base: u32, at: usize) -> Span {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let start = base as usize + at;
    Span::new(start, start + length)
}

/// Message and help for a kind of error.
fn words(kind: &ErrorKind) -> (String, Option<&'static str>) {
    const QUOTE: Option<&str> = Some("write the value in quotes");
    const ALIGN: Option<&str> = Some("start it in the column of its neighbours");
    let fixed = |message: &str, help| (message.to_owned(), help);
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            fixed("a tab indents this line", Some("indent with spaces"))
        }
        ErrorKind::MappingValueNotAllowed => fixed(
            "`:` is not allowed here",
            Some("write a value with `: ` in it in quotes, and nested keys on lines of their own"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            fixed("a `:` is missing behind this key", ALIGN)
        }
        ErrorKind::ExpectedBlockMappingKey => {
            fixed("this line is indented unlike the keys around it", ALIGN)
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            fixed("a `-` is expected here, as in the lines above", ALIGN)
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidFlowScalarIndent => fixed("the indentation is wrong", ALIGN),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::InvalidBlockEntryWhitespace => fixed(
            "a list cannot start here",
            Some("start the list on its own line"),
        ),
        ErrorKind::BlockEntryInFlowCollection => {
            fixed("`- ` is not allowed between brackets", QUOTE)
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            fixed("this quote is not closed", None)
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            fixed("a value ends with its closing quote", QUOTE)
        }
        ErrorKind::UnclosedFlowCollection { open }
        | ErrorKind::MismatchedFlowCollectionEnd { open, .. } => {
            (format!("`{open}` is not closed"), None)
        }
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => fixed("a bracket is not closed", None),
        ErrorKind::MisplacedFlowCollectionEnd => fixed("this bracket closes nothing", None),
        ErrorKind::ExpectedFlowMappingSeparator => fixed("`,` or `}` is missing", None),
        ErrorKind::ExpectedFlowSequenceSeparator => fixed("`,` or `]` is missing", None),
        ErrorKind::InvalidColonPlacement => {
            fixed("`:` is not allowed here, a bracket may be open", None)
        }
        ErrorKind::UnknownAnchor => fixed("this alias has no anchor in its document", QUOTE),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => (
            format!("control character U+{:04X}", u32::from(*character)),
            None,
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("a value cannot start with `{character}`"), QUOTE)
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => fixed(
            "a `\\` escape in this value is wrong",
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        ErrorKind::RecursionLimitExceeded => (
            format!("values are nested deeper than {MAX_DEPTH} levels"),
            None,
        ),
        ErrorKind::CommentNotSeparated => fixed("a comment needs a space before its `#`", None),
        ErrorKind::CommentInterceptedScalar => fixed("a comment cannot stand inside a value", None),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => {
            fixed("the text of a block starts on the next line", None)
        }
        ErrorKind::InvalidDocumentEnd | ErrorKind::ExpectedDocumentStart => fixed(
            "a document ends before this",
            Some("separate documents with `---`"),
        ),
        ErrorKind::UndeclaredTagHandle => fixed("this tag is not declared", QUOTE),
        ErrorKind::UnsupportedYamlMajorVersion => fixed("this version of YAML is not known", None),
        _ => fixed("this is not YAML", None),
    }
}
