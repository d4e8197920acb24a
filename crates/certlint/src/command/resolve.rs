//! `certlint resolve`: which server or Ingress answers a name, and with which certificate.

use std::io::{self, Write};

use certlint_core::model::{Diagnosis, MatchedBy, Model, UnverifiableKind};
use certlint_core::resolve::{Answer, AnswerCertificate, Outcome, resolve};
use serde::Serialize;

use crate::args::{ResolveArgs, TableFormat};
use crate::config;
use crate::console::Console;
use crate::load::{Loaded, Purpose, load};
use crate::output::{Exit, deliver};
use crate::report::printable;

/// Answers for every name.
pub(crate) fn run(args: &ResolveArgs) -> Exit {
    let console = Console::new(&args.console);
    let purpose = Purpose {
        names: &args.names,
        ..Purpose::default()
    };
    let settings = match config::find(&args.input, &console) {
        Ok(settings) => settings,
        Err(wrong) => {
            wrong.tell(&console);
            return Exit::Failure;
        }
    };
    let loaded = load(&settings, &purpose, &console);
    if let Some(nothing) = loaded.nothing().filter(|_| !console.has_failed()) {
        console.error(nothing);
    }
    tell_refusals(&loaded, &console);
    let class = args.class.as_ref();
    let listener = class.map(|class| format!("ingress/{class}"));
    let mut items = Vec::new();
    if !console.has_failed() {
        for name in &args.names {
            for model in &loaded.models {
                for fragment in &model.fragments {
                    let mut answers = resolve(model, fragment, name, args.connect);
                    if let Some(listener) = &listener {
                        answers.retain(|answer| answer.listen == *listener);
                    }
                    items.extend(answers.into_iter().map(|answer| Item::new(model, answer)));
                }
            }
        }
    }
    let unread = unread_includes(&loaded);
    if !unread.is_empty() && !console.has_failed() {
        let shown: Vec<String> = unread
            .iter()
            .take(SHOWN)
            .map(|it| format!("`{}`", it.what))
            .collect();
        let more = match unread.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        console.note(format!(
            "not read, so that servers in it are not known: {}{more} (`--map-path FROM=TO` says \
             where it is)",
            shown.join(", ")
        ));
    }
    if items.is_empty() && !console.has_failed() {
        match unread
            .first()
            .filter(|_| args.class.is_none() && args.connect.is_none())
        {
            Some(include) => {
                let names = args.names.iter();
                items.extend(names.map(|name| Item::unread(include, name)));
            }
            None => console.note("no listener answers"),
        }
    }
    let exit = match console.has_failed() {
        true => Exit::Failure,
        false => Exit::Clean,
    };
    deliver(None, &console, exit, |out| match args.format {
        TableFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &items)?;
            writeln!(out)
        }
        TableFormat::Text => table(&items, out),
    })
}

/// Includes shown that were not read.
const SHOWN: usize = 3;

/// An include that may hold servers and was not read.
struct Unread<'m> {
    what: &'m str,
    file: &'m str,
    line: u32,
}

fn unread_includes(loaded: &Loaded) -> Vec<Unread<'_>> {
    let mut unread = Vec::new();
    for model in &loaded.models {
        let fragments = model.fragments.iter().filter(|it| it.open_ended);
        for problem in fragments.flat_map(|it| &it.diagnoses) {
            if let Diagnosis::Unverifiable {
                at,
                kind: UnverifiableKind::Include,
                what,
                ..
            } = problem
            {
                let source = model.sources.get(at.source);
                unread.push(Unread {
                    what,
                    file: source.name(),
                    line: source.position(at.start()).line,
                });
            }
        }
    }
    unread
}

/// A configuration with which the real program does not start serves nothing.
fn tell_refusals(loaded: &Loaded, console: &Console) {
    for model in &loaded.models {
        for refusal in model.fragments.iter().flat_map(|it| &it.refusals) {
            let source = model.sources.get(refusal.at.source);
            let at = source.position(refusal.at.start());
            let (name, reason) = (source.name(), &refusal.reason);
            let (line, column) = (at.line, at.column);
            console.error(format!(
                "{name}:{line}:{column}: nginx refuses this: {reason}"
            ));
        }
    }
}

/// One answer, as in JSON.
#[derive(Serialize)]
struct Item {
    name: String,
    listen: String,
    /// `served`, `rejected`, `plain`, `no-certificate`, `pending`, `placeholder` or `unknown`.
    outcome: &'static str,
    server: ServerItem,
    /// `exact`, `leading-wildcard`, `trailing-wildcard`, `regex` or `default`.
    matched_by: &'static str,
    certificates: Vec<CertificateItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// What will write the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    /// Whether what is asked for covers the name: `covered` or `not-covered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
struct ServerItem {
    file: String,
    line: u32,
    server_name: String,
}

#[derive(Serialize)]
struct CertificateItem {
    file: String,
    /// `NAMESPACE/NAME` of the Secret in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    sha256: String,
    key_type: &'static str,
    /// Sorted.
    names: Vec<String>,
    /// `covered`, `not-covered`, `partial`, `not-applicable` or `unknown`.
    verdict: &'static str,
}

impl Item {
    /// What is known where no listener was read and an include may hold one.
    fn unread(include: &Unread<'_>, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            listen: "*".to_owned(),
            outcome: Outcome::Unknown.as_str(),
            server: ServerItem {
                file: include.file.to_owned(),
                line: include.line,
                server_name: String::new(),
            },
            matched_by: MatchedBy::Default.as_str(),
            certificates: Vec::new(),
            why: Some(format!("`{}` was not read", include.what)),
            supplier: None,
            verdict: None,
        }
    }

    fn new(model: &Model, answer: Answer) -> Self {
        let source = model.sources.get(answer.server.source);
        let certificates = answer.certificates.iter();
        Self {
            listen: answer.listen,
            outcome: answer.outcome.as_str(),
            server: ServerItem {
                file: source.name().to_owned(),
                line: source.position(answer.server.start()).line,
                server_name: answer.server_name,
            },
            matched_by: answer.matched_by.as_str(),
            certificates: certificates
                .filter_map(|it| CertificateItem::new(model, it))
                .collect(),
            why: answer.why,
            verdict: answer.pending.as_ref().map(|pending| pending.verdict),
            supplier: answer.pending.map(|pending| pending.supplier),
            name: answer.name,
        }
    }
}

impl CertificateItem {
    fn new(model: &Model, answer: &AnswerCertificate) -> Option<Self> {
        let bundle = model.bundle(answer.bundle);
        let leaf = bundle.leaf()?;
        Some(Self {
            file: model.sources.get(bundle.source).name().to_owned(),
            secret: bundle.secret.as_deref().map(str::to_owned),
            sha256: leaf.sha256_hex(),
            key_type: leaf.public_key.key_type().as_str(),
            names: leaf.names.names(),
            verdict: answer.verdict,
        })
    }

    /// `deploy.yaml (shop/tls)`, or the file alone.
    fn place(&self) -> String {
        match &self.secret {
            Some(secret) => format!("{} ({secret})", self.file),
            None => self.file.clone(),
        }
    }
}

/// A table with as many lines as there are certificates, one at least for each answer.
fn table(items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    const HEAD: [&str; 6] = [
        "name",
        "listen",
        "server",
        "matched by",
        "certificate",
        "verdict",
    ];
    let mut rows = vec![HEAD.map(str::to_owned)];
    for item in items {
        let name = match item.name.is_empty() {
            true => "(no SNI)",
            false => &item.name,
        };
        let server = format!("{}:{}", item.server.file, item.server.line);
        let row = |certificate: String, verdict: &str| {
            [
                name.to_owned(),
                item.listen.clone(),
                server.clone(),
                item.matched_by.to_owned(),
                certificate,
                verdict.to_owned(),
            ]
        };
        match &item.certificates[..] {
            [] => {
                let supplier = item.supplier.as_ref();
                let supplier = supplier.map(|supplier| format!("{supplier} will write it"));
                let why = item.why.as_ref().or(supplier.as_ref());
                let why = why.map(|why| format!(" ({why})"));
                let verdict = item.verdict.map(|verdict| format!(", {verdict}"));
                let outcome = [
                    item.outcome,
                    &verdict.unwrap_or_default(),
                    &why.unwrap_or_default(),
                ]
                .concat();
                rows.push(row("-".to_owned(), &outcome));
            }
            all => rows.extend(all.iter().map(|it| row(it.place(), it.verdict))),
        }
    }
    if rows.len() == 1 {
        return Ok(());
    }
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line += &format!("{:width$}  ", printable(cell));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
