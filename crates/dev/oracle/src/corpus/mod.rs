//! Reads configurations that others have published, and random words, as the real nginx reads them.
//!
//! A file is included in every context in turn until nginx accepts it; what nginx says each time
//! is compared with the parser, and with the findings of `certlint check`. There is no list of
//! expectations: truth is what nginx says at run time.

mod lexer;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nginx_syntax::parse;
use tools::shell::Profile;
use tools::{say, shell};

use crate::nginx::{self, Error, Verdict};
use crate::program::Program;

/// The surroundings of the included file: the text before it and after it.
const CONTEXTS: [(&str, &str, &str); 7] = [
    ("main", "", ""),
    ("http", "events {} http {", "}"),
    ("server", "events {} http { server {", "} }"),
    (
        "location",
        "events {} http { server { location / {",
        "} } }",
    ),
    ("upstream", "events {} http { upstream u {", "} }"),
    ("stream", "events {} stream {", "}"),
    ("mail", "events {} mail { auth_http 127.0.0.1:1;", "}"),
];

/// Modules of Debian's nginx, for the directives in them.
const MODULES: [&str; 2] = ["ngx_stream_module", "ngx_mail_module"];

/// The verdict of nginx before it looks at the meaning of a directive.
const SYNTAX: [&str; 3] = [
    "unexpected \"",
    "unexpected end of file",
    "too long parameter",
];

/// The verdict of nginx on the places of directives and their number of words.
const PLACEMENT: [&str; 5] = [
    "directive is not allowed here",
    "is not terminated by \";\"",
    "has no opening \"{\"",
    "invalid number of arguments in",
    "directive is duplicate",
];

/// This one is our own doing: there is a `pid` in front of each configuration already.
const OURS: &str = "\"pid\" directive is duplicate";

/// Compares everything; any difference is an error.
pub(crate) fn run() -> Result<()> {
    let mut corpus = Corpus {
        program: Program {
            path: shell::certlint(Profile::Dev)?,
            nginx_version: shell::nginx_version()?,
        },
        differences: Vec::new(),
    };
    for (name, folder) in tools::corpora()? {
        corpus.folder(&name, &folder)?;
    }
    let words = lexer::run(&mut corpus.differences)?;
    say::line(format!("corpus: {words} random words"));
    for difference in &corpus.differences {
        say::line(format!("  {difference}"));
    }
    if !corpus.differences.is_empty() {
        bail!("{} differences from nginx", corpus.differences.len());
    }
    Ok(())
}

struct Corpus {
    program: Program,
    differences: Vec<String>,
}

/// How far nginx got with a file in the context that suits it best.
enum Reach {
    /// To the end, or to a mistake in the grammar.
    Read,
    /// To a directive that this nginx does not know or does not like.
    Stopped,
}

impl Corpus {
    fn folder(&mut self, name: &str, folder: &Path) -> Result<()> {
        if !folder.is_dir() {
            bail!("{} is not there; run `cargo xtask tools`", folder.display());
        }
        let mut files = Vec::new();
        configurations(folder, &mut files)?;
        files.sort();
        let (mut read, mut stopped) = (0, 0);
        for file in &files {
            match self.file(file)? {
                Reach::Read => read += 1,
                Reach::Stopped => stopped += 1,
            }
        }
        say::line(format!(
            "corpus: {name}: {} files, nginx read {read} of them to the end or to a mistake in the \
             grammar, {stopped} to a directive that it does not accept",
            files.len(),
        ));
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<Reach> {
        let folder = tempfile::Builder::new().prefix("certlint-").tempdir()?;
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        // Main files name what they need by relative names, so they stay where they are.
        let shown = path.display();
        let mut reach = Reach::Stopped;
        for (context, before, behind) in CONTEXTS {
            let main = format!("{}{before}\ninclude '{shown}';\n{behind}\n", modules());
            fs::write(folder.path().join("nginx.conf"), main)?;
            let verdict = nginx::verdict(folder.path())?;
            let place = format!("{shown} in {context}");
            if self.compare(path, &text, &verdict, &place) {
                reach = Reach::Read;
            }
            self.findings(folder.path(), &verdict, &place)?;
            if verdict.accepted {
                break;
            }
        }
        Ok(reach)
    }

    /// The parser against nginx; true when nginx read all that can be read.
    fn compare(&mut self, path: &Path, text: &[u8], nginx: &Verdict, place: &str) -> bool {
        let tree = parse(text);
        let first = tree.errors().first();
        let ours = first.map(|error| (error.nginx(), error.nginx_line(text)));
        let theirs = match &nginx.error {
            Some(Error {
                message,
                place: Some((file, line)),
            }) if file == path => Some((String::from_utf8_lossy(message).into_owned(), *line)),
            // An error in a file that this one includes, or at the very end.
            Some(_) => return false,
            None => None,
        };
        match (theirs, ours) {
            (None, None) => true,
            (None, Some((message, line))) => {
                self.differences.push(format!(
                    "{place}: nginx accepts, we say line {line}: {message}"
                ));
                true
            }
            (Some((message, line)), ours) if SYNTAX.iter().any(|part| message.contains(part)) => {
                if ours.as_ref() != Some(&(message.clone(), line)) {
                    self.differences.push(format!(
                        "{place}: nginx says line {line}: {message}, we say {ours:?}"
                    ));
                }
                true
            }
            (Some((message, line)), Some((our_message, our_line))) => {
                if our_line < line {
                    self.differences.push(format!(
                        "{place}: nginx reads on to line {line} ({message}), we say line \
                         {our_line}: {our_message}"
                    ));
                }
                false
            }
            (Some(_), None) => false,
        }
    }

    /// The findings of `certlint check` against nginx.
    fn findings(&mut self, folder: &Path, nginx: &Verdict, place: &str) -> Result<()> {
        // The wrapper is a configuration for sure.
        let findings = self.program.check(folder)?.map_err(anyhow::Error::msg)?;
        let mut errors = findings
            .iter()
            .filter(|finding| finding.rule == "nginx-syntax" && finding.level == "error");
        if nginx.accepted {
            if let Some(error) = errors.next() {
                self.differences.push(format!(
                    "{place}: nginx accepts, certlint reports {} line {}: {}",
                    error.location.file,
                    error.line(),
                    error.message
                ));
            }
        } else if PLACEMENT.iter().any(|part| nginx.text.contains(part))
            && !nginx.text.contains(OURS)
            && errors.next().is_none()
        {
            self.differences.push(format!(
                "{place}: certlint reports nothing, nginx says: {}",
                nginx.text.trim()
            ));
        }
        Ok(())
    }
}

/// Lines that load what Debian's nginx has in modules.
fn modules() -> String {
    MODULES
        .iter()
        .map(|module| format!("load_module /usr/lib/nginx/modules/{module}.so;\n"))
        .collect()
}

/// Every file in `folder` that is a configuration of nginx by its name or its place.
fn configurations(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            configurations(&path, files)?;
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_named = matches!(extension, Some("conf" | "inc" | "nginx"));
        let is_placed = path.to_string_lossy().contains("/etc/nginx/");
        if kind.is_file() && (is_named || is_placed) {
            files.push(path);
        }
    }
    Ok(())
}
