//! The structure of a regular expression, found without running it: whether it is anchored, where
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

/// Longer patterns are not looked into: nginx reads no longer word (measured: 4096 bytes).
const PATTERN_MAX: usize = 4096;

/// Facts about a pattern.
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
        let text = str::from_utf8(pattern).ok();
        let Some(text) = text.filter(|text| text.is_ascii() && text.len() <= PATTERN_MAX) else {
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
            let anchored = properties.look_set_prefix().contains(Look::Start)
                && properties.look_set_suffix().contains(Look::End);
            let at_edges = Looks::AtEdges {
                start: true,
                end: true,
            };
            Parts {
                anchored,
                hosts: if anchored {
                    language(&hir, at_edges)
                } else {
                    None
                },
                loose: language(&hir, Looks::Ignored).unwrap_or(Language::NEVER),
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

/// Treatment of assertions.
#[derive(Clone, Copy)]
enum Looks {
    /// `^` may be at the start, `$` at the end; any other gives the language up.
    AtEdges { start: bool, end: bool },
    /// Each is taken for true.
    Ignored,
}

/// The language of a tree over the bytes of host names.
fn language(hir: &Hir, looks: Looks) -> Option<Language> {
    let byte_set = |first: u8, last: u8| HostBytes::of(first..=last);
    Some(match hir.kind() {
        HirKind::Empty => Language::EMPTY,
        HirKind::Literal(literal) => Language::concatenation(
            literal
                .0
                .iter()
                .map(|&byte| Language::Set(byte_set(byte, byte)))
                .collect(),
        ),
        HirKind::Class(Class::Bytes(class)) => Language::Set(
            class
                .iter()
                .map(|range| byte_set(range.start(), range.end()))
                .collect(),
        ),
        HirKind::Class(Class::Unicode(class)) => Language::Set(
            class
                .iter()
                .map(|range| byte_set(ascii(range.start()), ascii(range.end())))
                .collect(),
        ),
        HirKind::Look(look) => match (look, looks) {
            (_, Looks::Ignored)
            | (Look::Start, Looks::AtEdges { start: true, .. })
            | (Look::End, Looks::AtEdges { end: true, .. }) => Language::EMPTY,
            _ => return None,
        },
        HirKind::Repetition(repetition) => Language::Repeat {
            language: Box::new(language(&repetition.sub, looks.inside())?),
            min: repetition.min,
            max: repetition.max,
        },
        HirKind::Capture(capture) => language(&capture.sub, looks)?,
        HirKind::Concat(items) => Language::concatenation(
            (0..items.len())
                .map(|index| language(&items[index], looks.of_item(items, index)))
                .collect::<Option<_>>()?,
        ),
        HirKind::Alternation(branches) => Language::alternation(
            branches
                .iter()
                .map(|branch| language(branch, looks))
                .collect::<Option<_>>()?,
        ),
    })
}

impl Looks {
    /// For a part that can be anywhere.
    const fn inside(self) -> Self {
        match self {
            Self::AtEdges { .. } => Self::AtEdges {
                start: false,
                end: false,
            },
            Self::Ignored => Self::Ignored,
        }
    }

    /// For one item of a sequence: it is at an edge when only assertions are before or after.
    fn of_item(self, items: &[Hir], index: usize) -> Self {
        let empty = |items: &[Hir]| {
            items
                .iter()
                .all(|item| item.properties().maximum_len() == Some(0))
        };
        match self {
            Self::AtEdges { start, end } => Self::AtEdges {
                start: start && empty(&items[..index]),
                end: end && empty(&items[index + 1..]),
            },
            Self::Ignored => Self::Ignored,
        }
    }
}

/// The nearest byte: no host byte lies above 0x7e, so cutting there loses nothing.
fn ascii(character: char) -> u8 {
    u8::try_from(character).unwrap_or(u8::MAX)
}

/// Finds single dots between two literal characters.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Regex;

    /// Patterns out of pieces, mostly such that we look into them.
    fn pattern() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(
            &[
                "a",
                "b",
                "ab",
                "1",
                "-",
                "_",
                r"\.",
                ".",
                "[ab]",
                "[^.]",
                "[a-c]",
                r"\d",
                r"\w",
                r"[\w-]",
                "[[:alpha:]]",
                "(a)",
                "(?:b)",
                "(?<n>a)",
                "A",
                "[A-B]",
                r"\-",
                r"\x61",
                "[]a]",
                "[a-]",
                "^",
                "$",
                r"\b",
                "(?i)",
                "",
                r"\A",
                r"\z",
                "(a^b)",
                "[^a]",
                r"\D",
                "(?i:A)",
                "(?s).",
                "[.]",
            ][..],
        );
        let times = prop::sample::select(
            &[
                "", "", "", "", "?", "*", "+", "{2}", "{1,2}", "{2,}", "??", "+?",
            ][..],
        );
        let word = prop::collection::vec((piece, times), 1..6).prop_map(|pieces| {
            pieces
                .into_iter()
                .map(|(piece, times)| format!("{piece}{times}"))
                .collect::<String>()
        });
        let group = prop::collection::vec(word, 1..3).prop_map(|words| words.join("|"));
        (group.clone(), group, 0..4_u8).prop_map(|(left, right, kind)| match kind {
            0 => format!("^{left}$"),
            1 => format!("^({left}){right}$"),
            2 => format!("^(?:{left})?(?:{right})$"),
            _ => format!("{left}{right}"),
        })
    }

    fn host() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(&["a", "b", "c", "1", "-", "_", ".", "ab"][..]),
            0..6,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// PCRE2 is the judge of what regex-syntax told us.
        #[test]
        fn listed_names_are_the_names_that_pcre_matches(
            pattern in pattern(),
            hosts in prop::collection::vec(host(), 8),
        ) {
            let regex = Regex::new(pattern.as_bytes());
            if regex.compile().is_ok()
                && let Some(names) = regex.structure().hosts().and_then(|hosts| hosts.names()) {
                for name in &names {
                    prop_assert_eq!(regex.is_match(name.as_bytes()), Some(true), "{} {}", pattern, name);
                }
                for host in hosts.iter().filter(|host| !names.contains(*host)) {
                    prop_assert_eq!(regex.is_match(host.as_bytes()), Some(false), "{} {}", pattern, host);
                }
            }
        }

        #[test]
        fn names_below_a_base_are_all_that_pcre_matches(
            pattern in pattern(),
            hosts in prop::collection::vec(host(), 8),
        ) {
            let pattern = format!("^(?:{pattern})\\.a\\.b$");
            let regex = Regex::new(pattern.as_bytes());
            if regex.compile().is_ok()
                && let Some(below) = regex.structure().hosts().and_then(|hosts| hosts.labels_below()) {
                for host in hosts.iter().flat_map(|host| [host.clone(), format!("{host}.a.b")]) {
                    if regex.is_match(host.as_bytes()) == Some(true) {
                        let front = host.strip_suffix(&format!(".{}", below.base));
                        prop_assert!(front.is_some(), "{} {}", pattern, host);
                        prop_assert!(below.deep || !front.unwrap().contains('.'), "{} {}", pattern, host);
                    }
                }
            }
        }
    }
}
