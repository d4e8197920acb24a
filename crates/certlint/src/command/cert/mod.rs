//! `certlint cert`: what is in certificate and key files, and whether they cover a name.

mod json;
mod text;

use std::fs;
use std::path::Path;

use certlint_core::name::{HostPattern, SanSet, Verdict, covers, hints};
use certlint_core::source::{Position, Sources};
use certlint_core::x509::{
    CertificateFile, KeyFile, KeyOutcome, Pair, Refusal, RefusalKind, pair, read_certificates,
    read_key,
};
use jiff::Timestamp;

use crate::args::{CertArgs, Syntax, TableFormat};
use crate::console::Console;
use crate::files::{of_io, read_regular};
use crate::output::{self, Exit, deliver};

/// Tells what is in the files.
pub(crate) fn run(args: &CertArgs) -> Exit {
    let console = Console::new(&args.console);
    let mut items = Vec::new();
    for path in &args.files {
        match Item::read(path) {
            Ok(item) => items.push(item),
            Err(error) => console.error(format!("cannot read `{}`: {error}", path.display())),
        }
    }
    let keys = pairs(&items);
    for (item, key) in items.iter_mut().zip(keys) {
        item.pair = key;
        item.judge(&args.names, args.syntax);
        if let Some(refusal) = item.refusal() {
            let (line, column) = (refusal.at.line, refusal.at.column);
            let message = format!("{}:{line}:{column}: {}", item.name, refusal.message);
            match refusal.help {
                Some(help) => console.error(format!("{message}; {help}")),
                None => console.error(message),
            }
        }
    }
    let is_covered =
        |judged: &Judged| !matches!(judged.verdict, Verdict::NotCovered | Verdict::Partial(_));
    let exit = match items.iter().flat_map(|item| &item.judged).all(is_covered) {
        _ if console.has_failed() => Exit::Failure,
        true => Exit::Clean,
        false => Exit::Findings,
    };
    let now = args.now.unwrap_or_else(Timestamp::now).as_second();
    let is_colored = output::is_colored(args.console.color);
    deliver(None, &console, exit, |out| match args.format {
        TableFormat::Json => json::write(&items, out),
        TableFormat::Text => text::write(&items, now, is_colored, out),
    })
}

/// A file and what it holds.
struct Item {
    name: String,
    certificates: CertificateFile,
    key: KeyFile,
    /// Whether the key belongs to the leaf, of this file or else of another one; `None` without a
    /// key or without any leaf.
    pair: Option<Pair>,
    /// One for each name that was asked for, if there is a leaf.
    judged: Vec<Judged>,
    refused_at: Position,
}

/// What a leaf says to a name.
struct Judged {
    name: String,
    verdict: Verdict,
    /// Words of the hints.
    hints: Vec<&'static str>,
    /// The hints as sentences.
    sentences: Vec<String>,
}

/// Why nothing in a file can be used.
struct Refused {
    at: Position,
    message: String,
    help: Option<String>,
}

impl Item {
    fn read(path: &Path) -> Result<Self, certlint_core::files::FileError> {
        let metadata = fs::metadata(path).map_err(|error| of_io(&error))?;
        let bytes = read_regular(path, &metadata)?;
        let certificates = read_certificates(&bytes);
        let key = read_key(&bytes);
        let refused = certificates.refused.as_ref();
        let refused_at = refused.map_or(0, |refusal| refusal.at.start);
        let mut sources = Sources::default();
        let source = sources.add(String::new(), Some(bytes.into()));
        Ok(Self {
            name: path.to_string_lossy().into_owned(),
            certificates,
            key,
            pair: None,
            judged: Vec::new(),
            refused_at: sources.get(source).position(refused_at),
        })
    }

    /// There is a key, be it one that is encrypted.
    fn has_key(&self) -> bool {
        !matches!(self.key.outcome, KeyOutcome::Refused(_))
    }

    /// The leaf's names; `None` without a usable leaf.
    fn names(&self) -> Option<&SanSet> {
        match self.certificates.refused {
            None => Some(&self.certificates.certificates.first()?.names),
            Some(_) => None,
        }
    }

    fn judge(&mut self, names: &[String], syntax: Syntax) {
        let Some(san) = self.names() else {
            return;
        };
        let judge = |name: &String| {
            let pattern = match syntax {
                Syntax::Gateway => HostPattern::gateway(name),
                Syntax::Ingress => HostPattern::ingress(name),
                Syntax::Nginx => HostPattern::nginx(name.as_bytes()),
            };
            let verdict = covers(san, &pattern);
            let near = match verdict {
                Verdict::NotCovered | Verdict::Partial(_) => hints(san, &pattern, &|_| false),
                _ => Vec::new(),
            };
            Judged {
                name: name.clone(),
                verdict,
                hints: near.iter().map(|hint| hint.as_str()).collect(),
                sentences: near.iter().map(|it| it.sentence(san, &pattern)).collect(),
            }
        };
        self.judged = names.iter().map(judge).collect();
    }

    /// Why the file is of no use, unless it is: a file with nothing but a key is fine.
    fn refusal(&self) -> Option<Refused> {
        let refused = self.certificates.refused.as_ref()?;
        let broken_key = match &self.key.outcome {
            KeyOutcome::Refused(Refusal {
                kind: RefusalKind::NotAKey,
                ..
            }) => true,
            KeyOutcome::Refused(_) => false,
            KeyOutcome::Encrypted { .. } | KeyOutcome::Found(_)
                if matches!(
                    refused.kind,
                    RefusalKind::KeyOnly | RefusalKind::Der { key: true }
                ) =>
            {
                return None;
            }
            KeyOutcome::Encrypted { .. } | KeyOutcome::Found(_) => false,
        };
        Some(Refused {
            at: self.refused_at,
            message: match broken_key {
                true => RefusalKind::NotAKey.to_string(),
                false => refused.to_string(),
            },
            help: refused.help(&self.name),
        })
    }
}

/// For each file with a key, whether that belongs to the leaf of the file, or where the file has
/// no certificate, to the leaf of any other file.
fn pairs(items: &[Item]) -> Vec<Option<Pair>> {
    let leaf = |item: &Item| match item.certificates.refused {
        None => item.certificates.certificates.first().cloned(),
        Some(_) => None,
    };
    let of = |item: &Item| {
        if !item.has_key() {
            return None;
        }
        if let Some(own) = leaf(item) {
            return Some(pair(&own, &item.key));
        }
        let others = items.iter().filter_map(leaf);
        let pairs: Vec<Pair> = others.map(|other| pair(&other, &item.key)).collect();
        let matching = pairs.iter().find(|&&pair| pair == Pair::Match);
        matching.or_else(|| pairs.first()).copied()
    };
    items.iter().map(of).collect()
}
