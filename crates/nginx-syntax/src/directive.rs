//! The table of nginx's directives: all that nginx knows before it looks at a directive's meaning.
//!
//! nginx checks, in this order: is the name known, may it be in this block, does it end with
//! `;` or `{` as it should, is the number of arguments right. Then, for the plain kinds of
//! values, is it `on` or `off`, a number, a size, a time. [`judge`] gives the same answers from
//! one static table, for a given version of nginx. Names that the table does not have are
//! [`Judgement::Unknown`] and no error: they come with modules.

mod context;
mod row;
mod table;
mod value;
mod version;

pub use context::Context;
pub use version::Version;

use crate::Word;
use row::{Row, takes};
use table::TABLE;

/// The verdict of nginx on a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The name is not in the table: a third-party module may know it.
    Unknown,
    /// nginx takes it, as far as the table can tell.
    Accepted {
        /// The context of the directives inside its block, for a directive with a block.
        block: Option<Context>,
        /// A second one in the same block is refused as a duplicate.
        once: bool,
    },
    /// nginx refuses the configuration.
    Refused(Refusal),
}

/// Why nginx refuses a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// This version does not know the directive yet.
    #[error("directive is known since nginx {since}")]
    NotYet {
        /// The first version that knows it.
        since: Version,
    },
    /// This version does not know the directive any more.
    #[error("directive was removed in nginx {removed}")]
    Removed {
        /// The first version without it.
        removed: Version,
    },
    /// The directive is known, but not in this kind of block.
    #[error("directive is not allowed here")]
    NotAllowedHere,
    /// A directive without a block is followed by `{`.
    #[error("directive is not terminated by `;`")]
    NotTerminated,
    /// A directive with a block is followed by `;`.
    #[error("directive has no opening `{{`")]
    NoBlock,
    /// Too few or too many arguments.
    #[error("invalid number of arguments")]
    ArgumentCount,
    /// The argument is neither `on` nor `off`.
    #[error("value must be `on` or `off`")]
    InvalidFlag,
    /// The argument is not a number.
    #[error("value must be a number")]
    InvalidNumber,
    /// The argument is not a size such as `8k`.
    #[error("value must be a size, such as `8k` or `1m`")]
    InvalidSize,
    /// The argument is not a time such as `30s`.
    #[error("value must be a time, such as `30s` or `5m`")]
    InvalidTime,
}

impl Refusal {
    /// The text that nginx prints, without the ` in FILE:LINE` after it.
    #[must_use]
    pub fn nginx(self, name: &str, first_argument: &str) -> String {
        match self {
            Self::NotYet { .. } | Self::Removed { .. } => format!("unknown directive \"{name}\""),
            Self::NotAllowedHere => format!("\"{name}\" directive is not allowed here"),
            Self::NotTerminated => format!("directive \"{name}\" is not terminated by \";\""),
            Self::NoBlock => format!("directive \"{name}\" has no opening \"{{\""),
            Self::ArgumentCount => format!("invalid number of arguments in \"{name}\" directive"),
            Self::InvalidFlag => format!(
                "invalid value \"{first_argument}\" in \"{name}\" directive, it must be \"on\" or \"off\""
            ),
            // Read by a function of its own, with words of its own.
            Self::InvalidNumber if name == "worker_connections" => {
                format!("invalid number \"{first_argument}\"")
            }
            Self::InvalidNumber => format!("\"{name}\" directive invalid number"),
            Self::InvalidSize | Self::InvalidTime => format!("\"{name}\" directive invalid value"),
        }
    }

    /// True when the first argument is at fault, and not the directive as a whole.
    #[must_use]
    pub fn is_about_value(self) -> bool {
        matches!(
            self,
            Self::InvalidFlag | Self::InvalidNumber | Self::InvalidSize | Self::InvalidTime
        )
    }
}

/// The verdict of nginx of that version on the directive `name` in `context`.
///
/// `name` is the unescaped text of the first word; `arguments` are the words after it.
#[must_use]
pub fn judge(
    name: &[u8],
    context: Context,
    arguments: &[Word],
    source: &[u8],
    has_block: bool,
    version: Version,
) -> Judgement {
    // The first words of a data block are no directive names.
    if context == Context::Data {
        return Judgement::Unknown;
    }
    let rows = rows(name);
    if rows.is_empty() {
        return Judgement::Unknown;
    }
    let known = |row: &&Row| row.since <= version && row.removed.is_none_or(|gone| version < gone);
    if !rows.iter().any(|row| known(&row)) {
        return Judgement::Refused(not_in(rows, version));
    }
    let Some(row) = rows
        .iter()
        .filter(known)
        .find(|row| context.is_in(row.contexts))
    else {
        return Judgement::Refused(Refusal::NotAllowedHere);
    };
    match row.refusal(arguments, source, has_block) {
        Some(refusal) => Judgement::Refused(refusal),
        None => Judgement::Accepted {
            block: row.is_block.then(|| context.inside(row.name)),
            once: row.once,
        },
    }
}

/// Whether a directive of this name exists, in whatever context and version.
#[must_use]
pub fn is_known(name: &[u8]) -> bool {
    !rows(name).is_empty()
}

/// Whether the directive of this name has a block, somewhere; none for an unknown name.
pub(crate) fn has_block(name: &[u8]) -> Option<bool> {
    let rows = rows(name);
    (!rows.is_empty()).then(|| rows.iter().any(|row| row.is_block))
}

fn rows(name: &[u8]) -> &'static [Row] {
    let start = TABLE.partition_point(|row| row.name.as_bytes() < name);
    let rest = &TABLE[start..];
    let length = rest.iter().take_while(|row| row.name.as_bytes() == name);
    &rest[..length.count()]
}

/// All rows are of other versions: earlier or later ones.
fn not_in(rows: &[Row], version: Version) -> Refusal {
    let removed = rows.iter().filter_map(|row| row.removed).max();
    match removed {
        Some(removed) if removed <= version => Refusal::Removed { removed },
        _ => Refusal::NotYet {
            since: rows.iter().map(|row| row.since).min().unwrap_or(version),
        },
    }
}

impl Row {
    fn refusal(&self, arguments: &[Word], source: &[u8], has_block: bool) -> Option<Refusal> {
        if has_block && !self.is_block {
            return Some(Refusal::NotTerminated);
        }
        if self.is_block && !has_block {
            return Some(Refusal::NoBlock);
        }
        if !takes(self.arguments, arguments.len()) {
            return Some(Refusal::ArgumentCount);
        }
        self.value.refusal(arguments.first()?.text(source))
    }
}

#[cfg(test)]
mod tests;
