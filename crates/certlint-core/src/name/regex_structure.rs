//! What can be told about a regular expression without running it: whether it is anchored, where
//! its loose dots are, and which host names it can match at all.
//!
//! ```text
//! pattern ─ regex-syntax ─▶ syntax tree ─ only forms that PCRE reads alike ─▶ Language
//! ```
//!
//! regex-syntax and PCRE2 read many texts differently (`[a&&b]`, `(?R)`, `a++`, `\<` …). A tree
//! that holds any such form is given up, and the answer is "cannot tell".

use regex_syntax::ast::{self, AssertionKind, Ast, ClassSet, ClassSetItem, Flag, FlagsItemKind};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::regex_language::{HostBytes, Language};

/// Deeper patterns are not looked into, so that recursion over the tree stays shallow.
const NEST_LIMIT: u32 = 64;

/// What is known about a pattern.
#[derive(Debug, Default)]
pub(super) struct Structure {
    parts: Option<Parts>,
    unescaped_dots: Vec<usize>,
}

#[derive(Debug)]
struct Parts {
    anchored: bool,
    /// The hosts that match, where the pattern is anchored at both ends and nowhere else.
    hosts: Option<Language>,
    /// The texts that match, with every assertion taken for true.
    loose: Language,
}

impl Structure {
    /// Looks at a pattern as nginx would give it to PCRE2.
    pub(super) fn of(pattern: &[u8], caseless: bool) -> Self {
        // Bytes above 0x7f repeat one by one in PCRE2 without UTF mode, and whole in regex-syntax.
        let Some(text) = str::from_utf8(pattern).ok().filter(|text| text.is_ascii()) else {
            return Self::default();
        };
        // White space inside `{ 2 }` is skipped here, literal in PCRE2 before 10.43; no host has any.
        if text.contains(|character: char| character.is_ascii_whitespace()) {
            return Self::default();
        }
        let mut parser = ast::parse::ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .build();
        let Ok(tree) = parser.parse(text) else {
            return Self::default();
        };
        if ast::visit(&tree, SameInPcre).is_err() {
            return Self::default();
        }
        let mut unescaped_dots = Vec::new();
        loose_dots(&tree, &mut unescaped_dots);
        let mut translator = regex_syntax::hir::translate::TranslatorBuilder::new()
            .unicode(false)
            .utf8(false)
            .case_insensitive(caseless)
            .build();
        let parts = translator.translate(text, &tree).ok().map(|hir| {
            let properties = hir.properties();
            Parts {
                anchored: properties.look_set_prefix().contains(Look::Start)
                    && properties.look_set_suffix().contains(Look::End),
                hosts: between_anchors(&hir),
                loose: language(&hir, true).unwrap_or(Language::NEVER),
            }
        });
        Self {
            parts,
            unescaped_dots,
        }
    }

    pub(super) fn is_anchored(&self) -> Option<bool> {
        self.parts.as_ref().map(|parts| parts.anchored)
    }

    pub(super) fn unescaped_dots(&self) -> &[usize] {
        &self.unescaped_dots
    }

    /// The hosts that match, when that is a plain language: anchored at both ends, no other
    /// assertion.
    pub(super) fn hosts(&self) -> Option<&Language> {
        self.parts.as_ref()?.hosts.as_ref()
    }

    /// Some texts that the pattern is likely to match.
    pub(super) fn samples(&self) -> Vec<String> {
        self.parts
            .as_ref()
            .map(|parts| parts.loose.samples())
            .unwrap_or_default()
    }
}

/// The language between `^` and `$`, of each branch where the whole pattern is an alternation.
fn between_anchors(hir: &Hir) -> Option<Language> {
    match hir.kind() {
        HirKind::Capture(capture) => between_anchors(&capture.sub),
        HirKind::Alternation(branches) => branches
            .iter()
            .map(between_anchors)
            .collect::<Option<Vec<_>>>()
            .map(Language::alternation),
        HirKind::Concat(items) => {
            let (first, rest) = items.split_first()?;
            let (last, middle) = rest.split_last()?;
            if *first.kind() != HirKind::Look(Look::Start)
                || *last.kind() != HirKind::Look(Look::End)
            {
                return None;
            }
            middle
                .iter()
                .map(|item| language(item, false))
                .collect::<Option<Vec<_>>>()
                .map(Language::concatenation)
        }
        _ => None,
    }
}

/// The language of a tree over the bytes of host names. An assertion makes it `None`, or counts as
/// true when `ignore_looks`.
fn language(hir: &Hir, ignore_looks: bool) -> Option<Language> {
    let all = |items: &[Hir]| -> Option<Vec<Language>> {
        items
            .iter()
            .map(|item| language(item, ignore_looks))
            .collect()
    };
    Some(match hir.kind() {
        HirKind::Empty => Language::EMPTY,
        HirKind::Literal(literal) => Language::concatenation(
            literal
                .0
                .iter()
                .map(|&byte| Language::Set(HostBytes::of(byte..=byte)))
                .collect(),
        ),
        HirKind::Class(Class::Bytes(class)) => Language::Set(
            class
                .iter()
                .map(|range| HostBytes::of(range.start()..=range.end()))
                .collect(),
        ),
        HirKind::Class(Class::Unicode(class)) => Language::Set(
            class
                .iter()
                .map(|range| HostBytes::of(ascii(range.start())..=ascii(range.end())))
                .collect(),
        ),
        HirKind::Look(_) if ignore_looks => Language::EMPTY,
        HirKind::Look(_) => return None,
        HirKind::Repetition(repetition) => Language::Repeat {
            language: Box::new(language(&repetition.sub, ignore_looks)?),
            min: repetition.min,
            max: repetition.max,
        },
        HirKind::Capture(capture) => language(&capture.sub, ignore_looks)?,
        HirKind::Concat(items) => Language::concatenation(all(items)?),
        HirKind::Alternation(items) => Language::alternation(all(items)?),
    })
}

/// The nearest byte: no host byte lies above 0x7e, so cutting there loses nothing.
fn ascii(character: char) -> u8 {
    u8::try_from(character).unwrap_or(u8::MAX)
}

/// Finds dots that stand alone between two literal characters.
fn loose_dots(tree: &Ast, found: &mut Vec<usize>) {
    match tree {
        Ast::Concat(concat) => {
            for window in concat.asts.windows(3) {
                if let [before, Ast::Dot(dot), after] = window
                    && is_word(before)
                    && is_word(after)
                {
                    found.push(dot.start.offset);
                }
            }
            concat.asts.iter().for_each(|item| loose_dots(item, found));
        }
        Ast::Group(group) => loose_dots(&group.ast, found),
        Ast::Alternation(alternation) => {
            alternation
                .asts
                .iter()
                .for_each(|item| loose_dots(item, found));
        }
        _ => {}
    }
}

fn is_word(tree: &Ast) -> bool {
    matches!(tree, Ast::Literal(literal) if literal.c.is_ascii_alphanumeric())
}

/// Fails on every form that PCRE2 reads differently from regex-syntax.
struct SameInPcre;

impl ast::Visitor for SameInPcre {
    type Output = ();
    type Err = ();

    fn finish(self) -> Result<(), ()> {
        Ok(())
    }

    fn visit_pre(&mut self, tree: &Ast) -> Result<(), ()> {
        let same = match tree {
            Ast::Flags(set) => flags_are_shared(&set.flags),
            Ast::Group(group) => group.flags().is_none_or(flags_are_shared),
            // `a*+` is possessive in PCRE2, a repeated repetition in regex-syntax.
            Ast::Repetition(repetition) => !matches!(*repetition.ast, Ast::Repetition(_)),
            // `\<` and `\b{start}` are literals there, word boundaries here.
            Ast::Assertion(assertion) => matches!(
                assertion.kind,
                AssertionKind::StartLine
                    | AssertionKind::EndLine
                    | AssertionKind::StartText
                    | AssertionKind::EndText
                    | AssertionKind::WordBoundary
                    | AssertionKind::NotWordBoundary
            ),
            Ast::ClassBracketed(class) => matches!(class.kind, ClassSet::Item(_)),
            _ => true,
        };
        if same { Ok(()) } else { Err(()) }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), ()> {
        // `[a[b]]` is a class with `[` in it there, a nested class here.
        if matches!(item, ClassSetItem::Bracketed(_)) {
            Err(())
        } else {
            Ok(())
        }
    }
}

/// `(?x)` differs inside classes, `(?R)` and `(?u)` mean something else.
fn flags_are_shared(flags: &ast::Flags) -> bool {
    flags.items.iter().all(|item| match item.kind {
        FlagsItemKind::Negation => true,
        FlagsItemKind::Flag(flag) => {
            matches!(flag, Flag::CaseInsensitive | Flag::DotMatchesNewLine)
        }
    })
}
