//! `certlint resolve`: which server or Ingress answers a name, and with which certificate.

mod table;

use certlint_core::model::{Diagnosis, MatchedBy, Model, UnverifiableKind};
use certlint_core::resolve::{Answer, AnswerCertificate, Outcome, resolve};
use serde::Serialize;
use table::Table;

use crate::args::{ResolveArgs, TableFormat};
use crate::config;
use crate::console::Console;
use crate::load::{Loaded, Purpose, load};
use crate::output::{Exit, Screen, deliver};

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
            let models = loaded.models.iter();
            let fragments =
                models.flat_map(|model| model.fragments.iter().map(move |it| (model, it)));
            for (number, (model, fragment)) in fragments.enumerate() {
                let mut answers = resolve(model, fragment, name, args.connect);
                if let Some(listener) = &listener {
                    answers.retain(|answer| answer.listen == *listener);
                }
                let item = |answer| Item::new(model, number, answer);
                items.extend(answers.into_iter().map(item));
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
    let table = Table::new(&items);
    if args.format == TableFormat::Text && table.left_out > 0 {
        console.note(match table.left_out {
            1 => "1 listener that does not know the name is left out".to_owned(),
            more => format!("{more} answers of listeners that do not know the name are left out"),
        });
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
        TableFormat::Text => table.write(Screen::stdout(args.console.color), out),
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
    #[serde(skip)]
    place: Place,
}

/// What tells which answers people want to see.
struct Place {
    /// The configuration, by its place among all.
    fragment: usize,
    port: Option<u16>,
    /// The listener knows the name.
    is_match: bool,
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
            place: Place {
                fragment: 0,
                port: None,
                is_match: false,
            },
        }
    }

    fn new(model: &Model, fragment: usize, answer: Answer) -> Self {
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
            place: Place {
                fragment,
                port: answer.port,
                is_match: answer.matched_by != MatchedBy::Default,
            },
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
