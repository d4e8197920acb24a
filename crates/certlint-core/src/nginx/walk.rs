//! Reads a configuration as nginx does: from the main file, through every include, in context.
//!
//! ```text
//! main file ─ parse ─▶ tree ─ walk ─▶ Config (servers, scopes, maps)
//!                        └ include ─▶ parse ─▶ walk in the same context
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use nginx_syntax::directive::{self, Context, Judgement, judge};
use nginx_syntax::{Body, Directive, Directives, Tree, Word};

use crate::loader::Loader;
use crate::model::suppression::Suppression;
use crate::model::{Diagnosis, Refusal, SnippetKind, UnverifiableKind};
use crate::source::{Location, SourceId};
use crate::text::Text;

use super::config::{Argument, Block, Config, Scope, Server, ServerListen};
use super::listen::{self, Protocol};
use super::{Options, lossy, unended};

/// Blocks inside blocks, over all includes: nginx recurses without a limit.
const MAX_DEPTH: usize = 400;
/// Syntax errors shown for one file.
const MAX_ERRORS: usize = 20;

/// Collects a [`Config`] and everything that is wrong on the way.
pub(super) struct Walker<'l, 'f> {
    pub(super) loader: &'l Loader<'f>,
    options: &'l Options,
    /// The directory that relative names are joined to, with its final `/`.
    pub(super) prefix: Vec<u8>,
    pub(super) parsed: HashMap<Vec<u8>, Arc<Parsed>>,
    /// The files that are being read, each included by the one before it.
    pub(super) stack: Vec<Vec<u8>>,
    pub(super) inclusions: usize,
    depth: usize,
    /// Something at the top was included from outside the tree.
    pub(super) main_open_ended: bool,
    /// The files are taken together by guess, so that conflicts between them prove nothing.
    pub(super) guessed_together: bool,
    pub(super) config: Config,
    pub(super) diagnoses: Vec<Diagnosis>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) suppressions: Vec<Suppression>,
    /// Every configuration text, in the order of reading.
    pub(super) sources: Vec<SourceId>,
    /// The texts that were walked, by their places.
    seen: HashSet<Location>,
    /// Unknown facts: first place and count.
    pub(super) unverifiable: BTreeMap<(UnverifiableKind, String), (Location, usize)>,
}

pub(super) struct Parsed {
    pub(super) text: Text,
    pub(super) tree: Tree,
}

impl Parsed {
    pub(super) fn at(&self, word: &Word) -> Location {
        self.text.at(word.span())
    }

    /// The words of the directive are not what was meant: an error is among them.
    fn is_broken(&self, directive: Directive<'_>) -> bool {
        let whole = directive.span();
        let end = directive.open().map_or(whole.end, |open| open.start);
        let mut errors = self.tree.errors().iter();
        errors.any(|error| whole.start <= error.span.start && error.span.start < end)
    }

    fn argument(&self, word: &Word) -> Argument {
        Argument {
            text: word.text(&self.text.bytes).into(),
            at: self.at(word),
        }
    }
}

/// The block that is being read.
pub(super) struct Frame {
    /// `None` inside a block that nginx knows nothing about: its directives are not judged.
    pub(super) context: Option<Context>,
    pub(super) place: Place,
    /// Directives seen so far that may be written only once.
    seen: Vec<Vec<u8>>,
    /// The block is known only by guess (the top of a fragment): its directives may well belong
    /// elsewhere.
    guessed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Elsewhere,
    Http,
    HttpServer(usize),
    Mail,
    MailServer(usize),
    Stream,
    StreamServer(usize),
}

impl Frame {
    fn new(context: Option<Context>, place: Place) -> Self {
        Self {
            context,
            place,
            seen: Vec::new(),
            guessed: false,
        }
    }
}

/// The level at which a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    Main,
    Http,
    Server,
    Stream,
    StreamServer,
}

impl<'l, 'f> Walker<'l, 'f> {
    pub(super) fn new(loader: &'l Loader<'f>, options: &'l Options, prefix: Vec<u8>) -> Self {
        Self {
            loader,
            options,
            prefix,
            parsed: HashMap::new(),
            stack: Vec::new(),
            inclusions: 0,
            depth: 0,
            main_open_ended: false,
            guessed_together: false,
            config: Config::default(),
            diagnoses: Vec::new(),
            refusals: Vec::new(),
            suppressions: Vec::new(),
            sources: Vec::new(),
            seen: HashSet::new(),
            unverifiable: BTreeMap::new(),
        }
    }

    /// Reads everything from the main file on.
    pub(super) fn run(&mut self, main: &[u8], text: Text) -> Top {
        let parsed = Arc::new(Parsed {
            tree: nginx_syntax::parse(&text.bytes),
            text,
        });
        let top = super::sniff::top(&parsed.tree, &parsed.text.bytes);
        let mut frame = match top {
            Top::Main => Frame::new(Some(Context::Main), Place::Elsewhere),
            Top::Http => Frame::new(Some(Context::Http), Place::Http),
            Top::Stream => Frame::new(Some(Context::Stream), Place::Stream),
            Top::Server | Top::StreamServer => {
                let at = parsed
                    .tree
                    .directives()
                    .next()
                    .map_or_else(|| parsed.text.whole(), |first| parsed.at(first.name()));
                let block = match top {
                    Top::StreamServer => &mut self.config.stream,
                    _ => &mut self.config.http,
                };
                let index = block.open_server(at);
                match top {
                    Top::StreamServer => {
                        Frame::new(Some(Context::StreamServer), Place::StreamServer(index))
                    }
                    _ => Frame::new(Some(Context::Server), Place::HttpServer(index)),
                }
            }
        };
        frame.guessed = top != Top::Main;
        self.stack.push(main.to_vec());
        self.enter(&parsed, &mut frame);
        self.stack.pop();
        let is_started = self.options.is_started || is_main_by_name(main);
        if top == Top::Main && is_started && !self.config.has_events && !self.main_open_ended {
            let at = parsed.text.whole();
            self.refuse(
                at,
                "no `events` block in the configuration".to_owned(),
                None,
            );
        }
        top
    }

    /// What the top of a file is taken for; `None` where it cannot be read.
    pub(super) fn top(&mut self, path: &[u8]) -> Option<Top> {
        let parsed = self.parse(path).ok()?;
        Some(super::sniff::top(&parsed.tree, &parsed.text.bytes))
    }

    /// Reads files that some `http` block includes, as if they were all that it holds.
    pub(super) fn run_pieces(&mut self, paths: &[Vec<u8>]) {
        let mut frame = Frame::new(Some(Context::Http), Place::Http);
        for path in paths {
            if let Ok(parsed) = self.parse(path) {
                self.stack.push(path.clone());
                self.enter(&parsed, &mut frame);
                self.stack.pop();
            }
        }
    }

    /// Reads a piece of a `context` that is not here.
    pub(super) fn run_snippet(&mut self, text: Text, context: Context) {
        let tree = nginx_syntax::parse(&text.bytes);
        let parsed = Arc::new(Parsed { text, tree });
        let mut frame = Frame::new(Some(context), Place::Elsewhere);
        self.enter(&parsed, &mut frame);
    }

    /// Walks one inclusion of a file.
    pub(super) fn enter(&mut self, parsed: &Arc<Parsed>, frame: &mut Frame) {
        let text = &parsed.text;
        let first_time = self.seen.insert(text.whole());
        if first_time {
            self.sources.push(text.source);
        }
        let template = parsed
            .tree
            .template()
            .map(|span| (span, SnippetKind::Template));
        let envsubst = || {
            let span = super::sniff::placeholder(&parsed.text.bytes)?;
            Some((span, SnippetKind::Envsubst))
        };
        if let Some((span, kind)) = template.or_else(envsubst) {
            if first_time {
                let at = text.at(span);
                self.diagnoses.push(Diagnosis::Template { at, kind });
            }
            self.open_ended(frame);
            return;
        }
        if first_time {
            let comments = parsed.tree.comments();
            self.suppressions.extend(text.suppressions(comments));
            for error in parsed.tree.errors().iter().take(MAX_ERRORS) {
                self.refuse(text.at(error.span), error.to_string(), None);
            }
        }
        self.walk(parsed, parsed.tree.directives(), frame);
    }

    fn walk(&mut self, parsed: &Arc<Parsed>, directives: Directives<'_>, frame: &mut Frame) {
        for directive in directives {
            self.directive(parsed, directive, frame);
        }
    }

    fn directive(&mut self, parsed: &Arc<Parsed>, directive: Directive<'_>, frame: &mut Frame) {
        let bytes = &parsed.text.bytes;
        let name = directive.name().text(bytes);
        let inner = match self.judge(parsed, directive, frame) {
            Verdict::Skip => return,
            Verdict::Inner(context) => context,
        };
        let place = match (frame.place, name) {
            (_, b"include") => return self.include(parsed, directive, frame),
            (Place::Elsewhere, b"events") if frame.context == Some(Context::Main) => {
                self.config.has_events = true;
                Place::Elsewhere
            }
            (Place::Elsewhere, b"http") if frame.context == Some(Context::Main) => Place::Http,
            (Place::Elsewhere, b"mail") if frame.context == Some(Context::Main) => Place::Mail,
            (Place::Elsewhere, b"stream") if frame.context == Some(Context::Main) => Place::Stream,
            (Place::Http, b"server") => {
                Place::HttpServer(self.config.http.open_server(parsed.at(directive.name())))
            }
            (Place::Mail, b"server") => {
                Place::MailServer(self.config.mail.open_server(parsed.at(directive.name())))
            }
            (Place::Stream, b"server") => {
                Place::StreamServer(self.config.stream.open_server(parsed.at(directive.name())))
            }
            (Place::Http | Place::Stream, b"map") => return self.map(parsed, directive),
            (_, b"set") => {
                // In `location` and `if` too: none of them has run when the handshake does.
                if let [name, ..] = directive.arguments()
                    && let Some(name) = name.text(bytes).strip_prefix(b"$")
                {
                    self.config.variables.empty.insert(name.to_vec());
                }
                Place::Elsewhere
            }
            (place, _) => {
                self.server_directive(parsed, directive, name, place);
                Place::Elsewhere
            }
        };
        // Below `location`, `if`, `upstream` … only what nginx refuses, `set` and `include` matter.
        if directive.open().is_some() && directive.body() == Body::Block {
            if self.depth == MAX_DEPTH {
                let message = format!("blocks nest deeper than {MAX_DEPTH}, the rest is not read");
                let at = parsed.at(directive.name());
                return self.diagnoses.push(syntax(at, message, None));
            }
            let mut inner = Frame::new(inner, place);
            self.depth += 1;
            self.walk(parsed, directive.children(), &mut inner);
            self.depth -= 1;
        } else if directive.open().is_some() && directive.body() == Body::Data {
            self.data_includes(parsed, directive, frame);
        }
    }

    /// What nginx's table of directives says; diagnoses are pushed here.
    fn judge(&mut self, parsed: &Parsed, directive: Directive<'_>, frame: &mut Frame) -> Verdict {
        let Some(context) = frame.context.filter(|_| !parsed.is_broken(directive)) else {
            return Verdict::Inner(None);
        };
        let version = self.options.version;
        let bytes = &parsed.text.bytes;
        let name = directive.name().text(bytes);
        let arguments = directive.arguments();
        let has_block = directive.open().is_some();
        match judge(name, context, arguments, bytes, has_block, version) {
            Judgement::Unknown => Verdict::Inner(None),
            Judgement::Accepted { block, once } => {
                if once {
                    if frame.seen.iter().any(|seen| seen == name) {
                        let message = format!("`{}` directive is duplicate", lossy(name));
                        self.refuse(parsed.at(directive.name()), message, None);
                        return Verdict::Skip;
                    }
                    frame.seen.push(name.to_vec());
                }
                Verdict::Inner(block)
            }
            Judgement::Refused(_) if frame.guessed => Verdict::Inner(None),
            Judgement::Refused(refusal) => {
                let word = match arguments.first() {
                    Some(first) if refusal.is_about_value() => first,
                    _ => directive.name(),
                };
                let message = format!("`{}`: {refusal}", lossy(name));
                let help = match refusal {
                    directive::Refusal::Removed { .. } => {
                        Some("tell the version that you run with `--nginx-version`".to_owned())
                    }
                    _ => unended::cure(directive, bytes),
                };
                self.refuse(parsed.at(word), message, help);
                Verdict::Skip
            }
        }
    }

    /// The directives that say which certificate is served.
    fn server_directive(
        &mut self,
        parsed: &Parsed,
        directive: Directive<'_>,
        name: &[u8],
        place: Place,
    ) {
        let bytes = &parsed.text.bytes;
        let arguments = directive.arguments();
        let (protocol, server) = match place {
            Place::Elsewhere => return,
            Place::Http => (Protocol::Http, None),
            Place::HttpServer(index) => (Protocol::Http, Some(index)),
            Place::Mail => (Protocol::Mail, None),
            Place::MailServer(index) => (Protocol::Mail, Some(index)),
            Place::Stream => (Protocol::Stream, None),
            Place::StreamServer(index) => (Protocol::Stream, Some(index)),
        };
        match (name, server) {
            (b"listen", Some(_)) => return self.listen(parsed, directive, protocol, place),
            (b"server_name", Some(_)) if protocol != Protocol::Mail => {
                for word in arguments {
                    if let Some(regex) = word.text(bytes).strip_prefix(b"~") {
                        let names = capture_names(regex);
                        self.config.variables.empty.extend(names);
                    }
                }
            }
            _ => {}
        }
        let first = arguments.first().map(|word| parsed.argument(word));
        let flag = arguments
            .first()
            .map(|word| word.text(bytes).eq_ignore_ascii_case(b"on"));
        if let Some(values) = known_values(name) {
            let unknown = arguments.iter().find(|word| {
                let text = word.text(bytes);
                !values
                    .iter()
                    .any(|value| value.as_bytes().eq_ignore_ascii_case(text))
            });
            if let Some(word) = unknown {
                let message = format!("invalid value `{}`", lossy(word.text(bytes)));
                let help = format!("`{}` takes {}", lossy(name), values.join(", "));
                return self.refuse(parsed.at(word), message, Some(help));
            }
        }
        let Some((scope, names)) = self.scope(place) else {
            return;
        };
        match name {
            b"server_name" => {
                if let Some(names) = names {
                    names.extend(arguments.iter().map(|word| parsed.argument(word)));
                }
            }
            b"ssl_certificate" => scope.certificates.extend(first),
            b"ssl_certificate_key" => scope.keys.extend(first),
            b"ssl_trusted_certificate" => scope.trusted = first,
            b"ssl_password_file" => scope.has_password_file = true,
            b"ssl_reject_handshake" => scope.reject_handshake = flag,
            b"ssl" => scope.ssl_on = flag,
            b"starttls" => {
                let value = first.as_ref().map(|argument| &*argument.text);
                scope.starttls = value.map(|value| !value.eq_ignore_ascii_case(b"off"));
            }
            b"ssl_conf_command" => {
                let command = first.as_ref().map(|argument| &*argument.text);
                if matches!(command, Some(b"Certificate" | b"PrivateKey")) {
                    scope.replaced_by = first;
                }
            }
            b"ssl_certificate_by_lua_block"
            | b"ssl_certificate_by_lua_file"
            | b"ssl_client_hello_by_lua_block"
            | b"ssl_client_hello_by_lua_file"
            | b"js_ssl_certificate" => {
                scope.replaced_by = Some(parsed.argument(directive.name()));
            }
            _ => {}
        }
    }

    fn scope(&mut self, place: Place) -> Option<(&mut Scope, Option<&mut Vec<Argument>>)> {
        let (block, server) = match place {
            Place::Elsewhere => return None,
            Place::Http => (&mut self.config.http, None),
            Place::HttpServer(index) => (&mut self.config.http, Some(index)),
            Place::Mail => (&mut self.config.mail, None),
            Place::MailServer(index) => (&mut self.config.mail, Some(index)),
            Place::Stream => (&mut self.config.stream, None),
            Place::StreamServer(index) => (&mut self.config.stream, Some(index)),
        };
        match server {
            None => Some((&mut block.scope, None)),
            Some(index) => {
                let server = block.servers.get_mut(index)?;
                Some((&mut server.scope, Some(&mut server.names)))
            }
        }
    }

    fn listen(
        &mut self,
        parsed: &Parsed,
        directive: Directive<'_>,
        protocol: Protocol,
        place: Place,
    ) {
        let words = directive.arguments();
        let bytes = &parsed.text.bytes;
        let texts: Vec<_> = words.iter().map(|word| word.text(bytes)).collect();
        let version = self.options.version;
        let listen = match listen::parse(&texts, protocol, version) {
            Ok(listen) => listen,
            Err(refused) => {
                let word = words.get(refused.argument);
                let at = parsed.at(word.unwrap_or_else(|| directive.name()));
                self.refuse(at, refused.message, unended::cure(directive, bytes));
                // The text before the fault may well be meant as it is.
                let before = &texts[..refused.argument];
                match listen::parse(before, protocol, version) {
                    Ok(listen) if listen.tls => listen,
                    _ => return,
                }
            }
        };
        let at = parsed.at(words.first().unwrap_or_else(|| directive.name()));
        let server = match place {
            Place::HttpServer(index) => self.config.http.servers.get_mut(index),
            Place::MailServer(index) => self.config.mail.servers.get_mut(index),
            Place::StreamServer(index) => self.config.stream.servers.get_mut(index),
            _ => None,
        };
        if let Some(server) = server {
            server.listens.push(ServerListen { listen, at });
        }
    }

    pub(super) fn note_unverifiable(
        &mut self,
        kind: UnverifiableKind,
        what: String,
        at: &Location,
    ) {
        let entry = self.unverifiable.entry((kind, what));
        entry.or_insert_with(|| (at.clone(), 0)).1 += 1;
    }

    /// One cause with one cure, however many files it is about.
    pub(super) fn note_denied(&mut self, at: &Location) {
        self.note_unverifiable(UnverifiableKind::Denied, String::new(), at);
    }

    /// More may follow here that is not known. Inside a `location` or at the top it changes nothing:
    /// servers are in the one `http` block only.
    pub(super) fn open_ended(&mut self, frame: &Frame) {
        if let Some((scope, _)) = self.scope(frame.place) {
            scope.open_ended = true;
        } else if frame.context == Some(Context::Main) {
            self.main_open_ended = true;
        }
    }

    /// Records a refusal of nginx because of another place.
    pub(super) fn refuse_beside(&mut self, at: Location, message: String, other: (Location, &str)) {
        self.refusals.push(Refusal {
            at: at.clone(),
            reason: message.clone(),
        });
        self.diagnoses.push(Diagnosis::Syntax {
            at,
            message,
            help: None,
            related: Some((other.0, other.1.to_owned())),
        });
    }

    /// Records a diagnosis whose refusal is recorded elsewhere.
    pub(super) fn problem_syntax(&mut self, at: Location, message: String, help: Option<&str>) {
        let help = help.map(str::to_owned);
        self.diagnoses.push(syntax(at, message, help));
    }

    /// Records what nginx refuses.
    pub(super) fn refuse(&mut self, at: Location, message: String, help: Option<String>) {
        self.refusals.push(Refusal {
            at: at.clone(),
            reason: message.clone(),
        });
        self.diagnoses.push(syntax(at, message, help));
    }
}

/// nginx looks for a main file of this name; any other is one for those who start it with `-c`.
fn is_main_by_name(path: &[u8]) -> bool {
    path.rsplit(|&byte| byte == b'/').next() == Some(b"nginx.conf")
}

enum Verdict {
    Skip,
    Inner(Option<Context>),
}

impl Block {
    fn open_server(&mut self, at: Location) -> usize {
        self.servers.push(Server {
            at,
            scope: Scope::default(),
            names: Vec::new(),
            listens: Vec::new(),
        });
        self.servers.len() - 1
    }
}

pub(super) fn syntax(at: Location, message: String, help: Option<String>) -> Diagnosis {
    Diagnosis::Syntax {
        at,
        message,
        help,
        related: None,
    }
}

/// The values of the TLS directives that take words from a list, compared without case.
fn known_values(directive: &[u8]) -> Option<&'static [&'static str]> {
    match directive {
        b"ssl_protocols" => Some(&["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
        b"ssl_verify_client" => Some(&["off", "on", "optional", "optional_no_ca"]),
        _ => None,
    }
}

/// Names of the groups `(?<name>…)`, `(?P<name>…)` and `(?'name'…)`.
fn capture_names(regex: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    for start in memchr::memmem::find_iter(regex, b"(?") {
        let rest = &regex[start + 2..];
        let rest = rest.strip_prefix(b"P").unwrap_or(rest);
        let close = match rest.first() {
            Some(b'<') => b'>',
            Some(b'\'') => b'\'',
            _ => continue,
        };
        let name: Vec<u8> = rest[1..]
            .iter()
            .copied()
            .take_while(|&byte| byte != close)
            .collect();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if !name.is_empty() && name.iter().all(is_name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_found_by_their_names() {
        let names = capture_names(br"^(?<sub>.+)\.(?P<dom>x)(?'q'y)(?=z)(?<!n)$");
        assert_eq!(names, [b"sub".to_vec(), b"dom".to_vec(), b"q".to_vec()]);
    }
}
