//! Any YAML: the events of `granit-parser`, put together into trees.
//!
//! After a syntax error reading goes on at the next document. Tags mean what they mean to kubectl:
//! those of YAML's own types are obeyed, any other makes a scalar a text.

mod error;
mod lenient;
mod tag;
mod template;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, StrInput, StructureStyle, Tag};

use lenient::Shifts;

use crate::Span;
use crate::build::{Builder, MAX_DEPTH};
use crate::node::Style;
use crate::syntax_error::SyntaxError;
use crate::{Body, Document};

/// Every document of a section, which starts at `base` in the source.
pub(crate) fn read(text: &str, base: u32) -> Vec<Document<'_>> {
    let (documents, has_error) = read_as(text, &Shifts::default(), text, base);
    if !has_error {
        return documents;
    }
    match lenient::patch(text) {
        Some(patched) => read_as(&patched.text, &patched.shifts, text, base).0,
        None => documents,
    }
}

/// Reads `input`, which is `text` with spaces put in; also tells whether something in it is no YAML.
fn read_as<'t>(
    input: &str,
    shifts: &Shifts,
    text: &'t str,
    base: u32,
) -> (Vec<Document<'t>>, bool) {
    let mut options = Options::default();
    // A comment is kept as a span only, so a long run of them costs little.
    options.max_buffered_comment_events = usize::MAX;
    options.flow_nesting_limit = MAX_DEPTH + 1;
    options.block_nesting_limit = MAX_DEPTH + 1;
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(input, options),
        shifts,
        text,
        base,
        has_error: false,
        builder: None,
        anchors: HashMap::new(),
        comments: Vec::new(),
        start: 0,
        documents: Vec::new(),
    };
    while reader.read_document() {
        // The rest of the section is part of the template.
        let last = reader.documents.last();
        if last.is_some_and(|last| matches!(last.body, Body::Template(_))) {
            break;
        }
    }
    (reader.documents, reader.has_error)
}

struct Reader<'p, 't> {
    parser: Parser<'p, StrInput<'p>>,
    shifts: &'p Shifts,
    text: &'t str,
    base: u32,
    /// See [`read_as`].
    has_error: bool,
    builder: Option<Builder<'t>>,
    /// Anchors of this document and the entries they name.
    anchors: HashMap<usize, u32>,
    comments: Vec<Span>,
    /// Where the document starts, in the section; more or less.
    start: usize,
    documents: Vec<Document<'t>>,
}

impl<'p, 't> Reader<'p, 't> {
    /// Reads one document, whole or broken; `false` at the end of the section.
    fn read_document(&mut self) -> bool {
        self.builder = None;
        self.anchors.clear();
        loop {
            let body = match self.parser.next_event() {
                None | Some(Ok((Event::StreamEnd, _))) => {
                    self.leave_comments();
                    return false;
                }
                Some(Ok((Event::DocumentEnd, span))) => {
                    let body = self.finish();
                    self.start = self.bytes(&span).end;
                    body
                }
                Some(Ok((event, span))) => {
                    let at = self.bytes(&span);
                    match self.event(event, at) {
                        Ok(()) => continue,
                        Err(error) => self.broken(error),
                    }
                }
                Some(Err(error)) => {
                    self.has_error = true;
                    let at = error.marker().byte_offset().unwrap_or(0);
                    let at = self.shifts.written(at).min(self.text.len());
                    let error = error::explain(&error, at, self.text, self.base);
                    self.broken(error)
                }
            };
            let goes_on = !matches!(body, Body::Broken(_) | Body::Template(_))
                || matches!(self.parser.proceed_next_document(), Ok(true));
            let comments = std::mem::take(&mut self.comments);
            self.documents.push(Document::new(body, comments));
            return goes_on;
        }
    }

    fn event(&mut self, event: Event<'p>, at: Range<usize>) -> Result<(), SyntaxError> {
        if let Event::DocumentStart(..) = event {
            self.builder = Some(Builder::new(self.text, self.base));
            return Ok(());
        }
        if let Event::Comment(..) = event {
            let base = self.base as usize;
            self.comments
                .push(Span::new(base + at.start, base + at.end));
            return Ok(());
        }
        let Some(builder) = &mut self.builder else {
            return Ok(());
        };
        let span = builder.span(at.start, at.end);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if anchor > 0 {
                    self.anchors.insert(anchor, builder.next_index());
                }
                scalar(builder, text, style, tag.as_deref(), span)
            }
            Event::SequenceStart(style, anchor, _) => {
                if anchor > 0 {
                    self.anchors.insert(anchor, builder.next_index());
                }
                builder.begin(false, content_start(style, span))
            }
            Event::MappingStart(style, anchor, _) => {
                if anchor > 0 {
                    self.anchors.insert(anchor, builder.next_index());
                }
                builder.begin(true, content_start(style, span))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                builder.end((span.end > span.start).then_some(span.end));
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(&target) => builder.alias(span, target),
                None => Err(SyntaxError::new(span, "this alias has no anchor")),
            },
            _ => Ok(()),
        }
    }

    /// The body of a document that was read to its end.
    fn finish(&mut self) -> Body<'t> {
        let tree = self.builder.take().map_or(Ok(None), Builder::finish);
        match tree {
            Ok(Some(tree)) if !tree.root().is_null() => Body::Tree(tree),
            Ok(_) => Body::Empty,
            Err(error) => self.broken(error),
        }
    }

    /// The body of a document with an error: a template that was not rendered, where the error comes
    /// from one.
    fn broken(&mut self, error: SyntaxError) -> Body<'t> {
        let at = (error.span.start - self.base) as usize;
        let scalars = self.builder.iter().flat_map(Builder::scalars);
        let found = template::find(self.text, self.base, self.start, at, scalars);
        self.start = at;
        self.builder = None;
        match found {
            Some(span) => Body::Template(span),
            None => Body::Broken(error),
        }
    }

    /// The bytes of an event in the text as it is written. All events of a text have them.
    fn bytes(&self, span: &granit_parser::Span) -> Range<usize> {
        let Range { start, end } = span.byte_range().unwrap_or_default();
        self.shifts.written(start)..self.shifts.written(end)
    }

    /// Comments after the last document belong to it.
    fn leave_comments(&mut self) {
        let comments = std::mem::take(&mut self.comments);
        match self.documents.last_mut() {
            Some(last) => last.comments.extend(comments),
            None if comments.is_empty() => {}
            None => self.documents.push(Document::new(Body::Empty, comments)),
        }
    }
}

/// A block has no bracket: it starts with its first child.
fn content_start(style: StructureStyle, span: Span) -> Span {
    match style {
        StructureStyle::Flow => span,
        StructureStyle::Block => Span {
            start: span.start,
            end: span.start,
        },
    }
}

/// Adds a scalar that may be a merge key, tagged, or not there at all.
fn scalar(
    builder: &mut Builder<'_>,
    text: Cow<'_, str>,
    written: ScalarStyle,
    tag: Option<&Tag>,
    span: Span,
) -> Result<(), SyntaxError> {
    let is_plain = written == ScalarStyle::Plain;
    // The parser reports a value that is not there as an empty `~`.
    let is_absent = is_plain && span.start == span.end;
    let text = if is_absent { Cow::Borrowed("") } else { text };
    if text == "<<" && builder.expects_key() && tag.map_or(is_plain, tag::is_merge) {
        return builder.merge_key(span);
    }
    if let Some(tag) = tag {
        let (style, text) = tag::apply(tag, &text, span)?;
        return builder.scalar(span, style, Some(text));
    }
    match written {
        ScalarStyle::Plain if is_absent => builder.nothing(span),
        ScalarStyle::Plain => builder.written_scalar(span, Style::Plain, text),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            builder.written_scalar(span, Style::Quoted, text)
        }
        ScalarStyle::Literal => builder.written_scalar(span, Style::Literal, text),
        ScalarStyle::Folded => builder.written_scalar(span, Style::Folded, text),
    }
}
