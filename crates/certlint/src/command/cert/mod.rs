//! `certlint cert`: what is in certificate and key files, and whether they cover a name.

mod json;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use certlint_core::files::FileError;
use certlint_core::name::{
    Hint, HintKind, HostPattern, SanSet, UnknownReason, Verdict, covers, hints,
};
use certlint_core::source::{Position, Sources};
use certlint_core::x509::{
    Certificate, CertificateFile, KeyFile, KeyOutcome, Pair, Placeholder, Refusal, RefusalKind,
    pair, read_certificates, read_key,
};
use jiff::Timestamp;

use crate::args::{CertArgs, Syntax, TableFormat};
use crate::console::Console;
use crate::files::{SIZE_LIMIT, of_io, read_regular};
use crate::output::{Exit, Screen, deliver};

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
    let names: Vec<Asked> = args
        .names
        .iter()
        .map(|name| Asked::new(name, args.syntax))
        .collect();
    for name in &names {
        if let Some(fault) = name.fault(args.syntax) {
            console.error(fault);
        }
    }
    let keys = pairs(&items);
    for (item, key) in items.iter_mut().zip(keys) {
        item.pair = key;
        item.judge(&names);
        if let Some(refusal) = item.refusal() {
            let (line, column) = (refusal.at.line, refusal.at.column);
            let message = format!("{}:{line}:{column}: {}", item.name, refusal.message);
            match refusal.help {
                Some(help) => console.error(format!("{message}; {help}")),
                None => console.error(message),
            }
        }
    }
    report_undecided(&items, &names, &console);
    let is_covered =
        |judged: &Judged| !matches!(judged.verdict, Verdict::NotCovered | Verdict::Partial(_));
    let exit = match items.iter().flat_map(|item| &item.judged).all(is_covered) {
        _ if console.has_failed() => Exit::Failure,
        true => Exit::Clean,
        false => Exit::Findings,
    };
    let now = args.now.unwrap_or_else(Timestamp::now).as_second();
    let screen = Screen::stdout(args.console.color);
    deliver(None, &console, exit, |out| match args.format {
        TableFormat::Json => json::write(&items, out),
        TableFormat::Text => text::write(&items, now, screen, out),
    })
}

/// A name that was asked for.
struct Asked {
    text: String,
    pattern: HostPattern,
}

impl Asked {
    fn new(text: &str, syntax: Option<Syntax>) -> Self {
        let pattern = match syntax {
            None => HostPattern::typed(text),
            Some(Syntax::Gateway) => HostPattern::gateway(text),
            Some(Syntax::Ingress) => HostPattern::ingress(text),
            Some(Syntax::Nginx) => HostPattern::nginx(text.as_bytes()),
        };
        Self {
            text: text.to_owned(),
            pattern,
        }
    }

    /// Why no certificate can be judged for it, unless one can.
    fn fault(&self, syntax: Option<Syntax>) -> Option<String> {
        let text = &self.text;
        match &self.pattern {
            HostPattern::CatchAll => Some(format!(
                "`--name {text}` is every host, and no certificate covers every host"
            )),
            HostPattern::Invalid(_) if syntax.is_none() && is_pattern(text) => Some(format!(
                "`{text}` is a pattern, not a host; \
                 add `--syntax nginx`, `ingress` or `gateway` for where it is written"
            )),
            HostPattern::Invalid(reason) => Some(format!("`{text}` {}", reason.explanation())),
            _ => None,
        }
    }
}

/// The text is written as a configuration writes several hosts.
fn is_pattern(text: &str) -> bool {
    text.contains('*') || text.starts_with(['.', '~']) || text == "_"
}

/// Reports each valid name about which nothing can be said: where no file has a certificate, or
/// where the pattern does not allow it.
fn report_undecided(items: &[Item], names: &[Asked], console: &Console) {
    if !names.is_empty() && !console.has_failed() && items.iter().all(|it| it.names().is_none()) {
        console.error("no certificate in these files, so no name can be judged");
    }
    let mut reported = BTreeSet::new();
    for item in items {
        for judged in &item.judged {
            if let Verdict::Unknown(reason) = judged.verdict
                && reason != UnknownReason::InvalidName
                && reported.insert(&judged.name)
            {
                console.error(format!(
                    "`{}` cannot be judged: {}",
                    judged.name,
                    because(reason)
                ));
            }
        }
    }
}

/// Why a pattern cannot be judged.
fn because(reason: UnknownReason) -> &'static str {
    match reason {
        UnknownReason::InvalidName => "nothing can ever match it",
        UnknownReason::Placeholder => "it is to be replaced by a name first",
        UnknownReason::RegexInvalid => "the regular expression does not compile",
        UnknownReason::RegexTooCostly => "the regular expression takes too much work to match",
        UnknownReason::RegexUndecided => {
            "the regular expression matches more names than can be listed"
        }
        UnknownReason::RegexUnsupported => {
            "certlint does not look into this form of regular expression"
        }
        UnknownReason::Variable => "only the running server knows the value of the variable",
    }
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

/// The verdict of a leaf on a name.
struct Judged {
    /// As it was typed.
    name: String,
    /// As it was understood.
    host: String,
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
    fn read(path: &Path) -> Result<Self, FileError> {
        let is_stdin = path.as_os_str() == "-";
        let bytes = if is_stdin {
            read_stdin()?
        } else {
            let metadata = fs::metadata(path).map_err(|error| of_io(&error))?;
            read_regular(path, &metadata)?
        };
        let name = if is_stdin {
            "<stdin>".to_owned()
        } else {
            path.to_string_lossy().into_owned()
        };
        let certificates = read_certificates(&bytes);
        let key = read_key(&bytes);
        let refused = certificates.refused.as_ref();
        let refused_at = refused.map_or(0, |refusal| refusal.at.start);
        let mut sources = Sources::default();
        let source = sources.add(String::new(), Some(bytes.into()));
        Ok(Self {
            name,
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
        self.leaf().map(|leaf| &leaf.names)
    }

    /// The leaf; `None` without a usable one.
    fn leaf(&self) -> Option<&Certificate> {
        match self.certificates.refused {
            None => self.certificates.certificates.first(),
            Some(_) => None,
        }
    }

    /// Whose placeholder the leaf is, if it is one.
    fn placeholder(&self) -> Option<Placeholder> {
        Placeholder::of(self.leaf()?, &self.name)
    }

    fn judge(&mut self, names: &[Asked]) {
        let Some(san) = self.names() else {
            return;
        };
        let placeholder = self.placeholder();
        let judge = |asked: &Asked| {
            let pattern = &asked.pattern;
            let verdict = covers(san, pattern);
            let near = match verdict {
                Verdict::NotCovered | Verdict::Partial(_) if placeholder.is_some() => vec![Hint {
                    kind: HintKind::DefaultCertificate,
                    entry: String::new(),
                }],
                Verdict::NotCovered | Verdict::Partial(_) => hints(san, pattern, &|_| false),
                _ => Vec::new(),
            };
            Judged {
                name: asked.text.clone(),
                host: pattern.to_string(),
                verdict,
                hints: near.iter().map(|hint| hint.as_str()).collect(),
                sentences: near.iter().map(|it| it.sentence(san, pattern)).collect(),
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
            help: refused.help(&self.name).map(|cure| cure.to_string()),
        })
    }
}

/// Standard input, as far as a file may be large.
fn read_stdin() -> Result<Vec<u8>, FileError> {
    let mut content = Vec::new();
    let mut read = io::stdin().lock().take(SIZE_LIMIT + 1);
    read.read_to_end(&mut content)
        .map_err(|error| of_io(&error))?;
    if content.len() as u64 > SIZE_LIMIT {
        return Err(FileError::TooLarge { limit: SIZE_LIMIT });
    }
    Ok(content)
}

/// For each file with a key, whether that belongs to the leaf of the file, or where the file has
/// no certificate, to the leaf of any other file.
fn pairs(items: &[Item]) -> Vec<Option<Pair>> {
    let leaf = |item: &Item| item.leaf().cloned();
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
