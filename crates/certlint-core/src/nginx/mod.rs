//! nginx configurations, lowered: who answers which name, with which certificate.
//!
//! ```text
//! walk      main file and includes → Config       (what is written)
//! tls       inherited lists → files → served       (which certificates a server has)
//! groups    listen directives → addresses          (which servers share an address)
//! names     server names → tables                  (which server answers a name)
//! assemble  all of it → Fragment                   (what rules see)
//! ```
//!
//! Semantics follow the nginx manual pages and, where these are silent, what nginx 1.22.1 and
//! 1.31.5 do when they are started and asked.

mod addresses;
mod assemble;
mod config;
pub mod dump;
mod glob;
mod groups;
mod include;
mod listen;
mod map;
mod names;
mod serving;
mod sniff;
mod tls;
mod unended;
mod variable;
mod walk;

pub(crate) use nginx_syntax::directive::Context;
pub use nginx_syntax::directive::Version;
pub use sniff::{only_includes, sniff};

use crate::files::{File, FileError};
use crate::loader::Loader;
use crate::model::suppression::Suppression;
use crate::model::{Diagnosis, Fragment, UnverifiableKind};
use crate::source::{Location, SourceId};
use crate::text::Text;

use assemble::{Assembled, Assembler};
use listen::Protocol;
use walk::{Top, Walker};

/// How a configuration is to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The nginx whose behaviour counts.
    pub version: Version,
    /// The directory that relative names start from; by default the directory of the main file.
    pub conf_prefix: Option<Vec<u8>>,
    /// Names that will be asked about with [`resolve`](crate::resolve::resolve), the empty one for
    /// a client without SNI: variables in certificate paths are evaluated for these.
    pub names: Vec<String>,
    /// nginx is started with this very file, whatever it is called.
    pub is_started: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::LATEST,
            conf_prefix: None,
            names: Vec::new(),
            is_started: false,
        }
    }
}

/// The kind of text that sniffing finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A piece: `server`, `upstream`, `location` … at its top.
    Fragment,
    /// A whole configuration, with `events` at its top.
    Main,
    /// A piece of the outermost level: `http`, `stream` or `mail` without `events`.
    MainPiece,
    /// Not nginx, as far as its words tell.
    Other,
    /// A template that must be rendered first.
    Template,
}

/// A configuration that was lowered.
#[derive(Debug)]
pub struct Lowered {
    /// The facts.
    pub fragment: Fragment,
    /// Report names of all files that were read as configuration, the main one first.
    pub files: Vec<String>,
}

/// Lowers the configuration that starts from the logical path `main`.
///
/// # Errors
/// When `main` itself cannot be read.
pub fn lower(loader: &Loader<'_>, main: &[u8], options: &Options) -> Result<Lowered, FileError> {
    let text = loader.text(main)?;
    let source = text.source;
    let prefix = conf_prefix(main, options);
    let mut walker = Walker::new(loader, options, prefix);
    let top = walker.run(main, text);
    Ok(lower_walked(walker, top, source, options))
}

/// Lowers the files that the `http` block of an unknown main file includes; that file is at
/// `main`.
pub(crate) fn lower_pieces(
    loader: &Loader<'_>,
    main: &[u8],
    pieces: &[Vec<u8>],
    options: &Options,
) -> Option<Lowered> {
    let mut walker = Walker::new(loader, options, conf_prefix(main, options));
    walker.run_pieces(pieces);
    let source = *walker.sources.first()?;
    Some(lower_walked(walker, Top::Http, source, options))
}

/// Lowers the site files of a directory whose main file is not here, as an `http` block that
/// includes all of them; what cannot be in such a block is lowered by itself.
///
/// # Errors
/// When a file cannot be read, with its path.
pub fn lower_sites(
    loader: &Loader<'_>,
    paths: &[Vec<u8>],
    options: &Options,
) -> Result<Vec<Lowered>, (Vec<u8>, FileError)> {
    let Some(first) = paths.first() else {
        return Ok(Vec::new());
    };
    let mut walker = Walker::new(loader, options, conf_prefix(first, options));
    let (together, alone): (Vec<_>, Vec<_>) = paths
        .iter()
        .cloned()
        .partition(|path| walker.top(path) == Some(Top::Http));
    let mut lowered = Vec::new();
    for path in alone {
        lowered.push(lower(loader, &path, options).map_err(|error| (path, error))?);
    }
    match together.as_slice() {
        [] => {}
        [path] => {
            lowered.push(lower(loader, path, options).map_err(|error| (path.clone(), error))?)
        }
        [_, _, ..] => {
            walker.guessed_together = true;
            walker.run_pieces(&together);
            if let Some(&source) = walker.sources.first() {
                lowered.push(lower_walked(walker, Top::Http, source, options));
            }
        }
    }
    Ok(lowered)
}

/// What is said about sites that are not enabled, and so not checked.
#[must_use]
pub fn not_enabled(loader: &Loader<'_>, sites: Vec<File>) -> Option<Fragment> {
    const SHOWN: usize = 3;
    let names: Vec<String> = sites
        .iter()
        .map(|site| format!("`{}`", site.name))
        .collect();
    let shown = names[..names.len().min(SHOWN)].join(", ");
    let what = match names.len() {
        0 => return None,
        1 => format!("{shown} is"),
        count if count > SHOWN => format!("{shown} and {} more are", count - SHOWN),
        _ => format!("{shown} are"),
    };
    let count = names.len();
    let first = sites.into_iter().next()?;
    let source = loader.keep_shown(first);
    let mut fragment = Fragment::empty(source);
    fragment.diagnoses.push(Diagnosis::Unverifiable {
        at: Location::whole(source),
        kind: UnverifiableKind::NotEnabled,
        what,
        count,
    });
    Some(fragment)
}

/// Faults that nginx refuses in a piece of a `context`, by itself.
pub(crate) fn judge_snippet(
    loader: &Loader<'_>,
    text: Text,
    context: Context,
    options: &Options,
) -> (Vec<Diagnosis>, Vec<Suppression>) {
    let mut walker = Walker::new(loader, options, Vec::new());
    walker.run_snippet(text, context);
    // Where includes of a piece lead is not known.
    let is_its_own = |diagnosis: &Diagnosis| {
        matches!(
            diagnosis,
            Diagnosis::Syntax { .. } | Diagnosis::Template { .. }
        )
    };
    walker.diagnoses.retain(is_its_own);
    (walker.diagnoses, walker.suppressions)
}

fn lower_walked(
    mut walker: Walker<'_, '_>,
    top: Top,
    source: SourceId,
    options: &Options,
) -> Lowered {
    let loader = walker.loader;
    let prefix = walker.prefix.clone();
    let config = std::mem::take(&mut walker.config);
    let mut complete = top == Top::Main;
    let mut parts = Vec::new();
    for (block, protocol) in [
        (&config.http, Protocol::Http),
        (&config.mail, Protocol::Mail),
        (&config.stream, Protocol::Stream),
    ] {
        let is_known = complete && !block.scope.open_ended;
        if !block.servers.is_empty() {
            complete &= is_known;
        }
        let mut assembler = Assembler {
            walker: &mut walker,
            loader,
            options,
            prefix: &prefix,
            protocol,
            complete: is_known,
        };
        parts.push(assembler.run(block, &config.variables));
    }
    let assembled = join(parts);
    let unverifiable = std::mem::take(&mut walker.unverifiable);
    for ((kind, what), (at, count)) in unverifiable {
        walker.diagnoses.push(Diagnosis::Unverifiable {
            at,
            kind,
            what,
            count,
        });
    }
    let files = loader.names_of(&walker.sources);
    Lowered {
        fragment: Fragment {
            complete,
            open_ended: walker.main_open_ended
                || [&config.http, &config.mail, &config.stream]
                    .iter()
                    .any(|block| block.is_open_ended()),
            servers: assembled.servers,
            listeners: assembled.listeners,
            rows: assembled.rows,
            outcomes: assembled.outcomes,
            diagnoses: walker.diagnoses,
            suppressions: walker.suppressions,
            // A piece by itself is never started.
            refusals: match top {
                Top::Main => walker.refusals,
                _ => Vec::new(),
            },
            ..Fragment::empty(source)
        },
        files,
    }
}

/// `http`, `mail` and `stream` side by side: the ids of later parts move up.
fn join(parts: Vec<Assembled>) -> Assembled {
    let mut all = Assembled::default();
    for part in parts {
        all.append(part);
    }
    all
}

/// The directory of the main file, or the one that was given, with a final `/`.
fn conf_prefix(main: &[u8], options: &Options) -> Vec<u8> {
    match &options.conf_prefix {
        Some(prefix) if prefix.last() == Some(&b'/') => prefix.clone(),
        Some(prefix) => [prefix, b"/".as_slice()].concat(),
        None => match memchr::memrchr(b'/', main) {
            Some(slash) => main[..=slash].to_vec(),
            None => Vec::new(),
        },
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
