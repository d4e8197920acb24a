//! The few lines of a source that a diagnostic shows.
//!
//! The lines come from the index of the source, never from a scan of it, so that ten thousand
//! findings in a large file cost no more than in a small one. They are made fit for a terminal:
//! a long line is cut around what is marked, bytes that are not UTF-8 become `�`, and control
//! characters become visible, because a configuration must not write to the terminal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use certlint_core::source::{Source, Span};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::hidden::mask;
use crate::prose::columns;

/// Columns that a tab takes.
const TAB: usize = 4;

/// Columns that the frame takes beside a line.
const FRAME: usize = 12;

/// No line is cut shorter than this, however narrow the terminal.
const LEAST: usize = 16;

/// Columns between the middle of a mark and its label: `╰── `.
const LEADER: usize = 4;

/// What is marked in a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) span: Span,
    /// Columns that its label takes at least.
    pub(super) label_width: usize,
}

/// Lines of a source, cut and cleaned.
pub(super) struct Excerpt {
    name: String,
    /// The lines one after the other, each with its `\n`.
    text: String,
    lines: Vec<Line>,
    /// Offsets in `text` at which a mark begins, and its column in the source, from 0.
    columns: BTreeMap<usize, usize>,
}

struct Line {
    /// In the source, from 0.
    number: usize,
    /// In the excerpt.
    start: usize,
}

impl Excerpt {
    /// An excerpt that shows nothing but the name.
    pub(super) fn of_name(name: &str) -> Self {
        Self {
            name: printable(name).into_owned(),
            text: String::new(),
            lines: Vec::new(),
            columns: BTreeMap::new(),
        }
    }

    /// The lines around `marks`, the most important mark first, with `context` lines more on each
    /// side, without what is hidden in the source; and where each mark lies in the excerpt. A mark
    /// over several lines ends with its first one. `None` for a mark that is cut away, never for
    /// the first one.
    pub(super) fn new(
        (source, hidden): (&Source, &[Span]),
        marks: &[Mark],
        context: usize,
        width: usize,
    ) -> (Self, Vec<Option<Range<usize>>>) {
        let text = source.text().map_or(&[][..], |text| &text[..]);
        let starts = source.line_starts();
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, mark) in marks.iter().enumerate() {
            let line = starts.partition_point(|&start| start <= mark.span.start) - 1;
            wanted.entry(line).or_default().push(index);
            let around = line.saturating_sub(context)..=line + context;
            for near in
                around.filter(|&near| starts.get(near).is_some_and(|&at| is_inside(at, text)))
            {
                wanted.entry(near).or_default();
            }
        }
        let mut excerpt = Self::of_name(source.name());
        let mut places = vec![None; marks.len()];
        for (number, here) in wanted {
            let start = starts[number] as usize;
            let end = starts
                .get(number + 1)
                .map_or(text.len(), |&next| next as usize);
            let line = trim_end(&text[start..end]);
            // Marks within the line; what lies after it is on its last character.
            let label_width = here.first().map_or(0, |&index| marks[index].label_width);
            let marks = here.iter().map(|&index| {
                let span = marks[index].span;
                let begin = (span.start as usize - start).min(line.len());
                let end = (span.end as usize).saturating_sub(start);
                (index, begin..end.clamp(begin, line.len()))
            });
            let marks: Vec<(usize, Range<usize>)> = marks.collect();
            let anchor = marks.first().map_or(0..0, |(_, mark)| mark.clone());
            let room = width.saturating_sub(FRAME).max(LEAST);
            let view = window(line, anchor, label_width, room);
            let shown = mask(&line[view.clone()], start + view.start, hidden);
            let base = excerpt.begin_line(number, &shown, view.start > 0);
            for (index, mark) in marks {
                if mark.start < view.start || mark.start > view.end {
                    continue;
                }
                let shown = |at: usize| clean(&shown[..at.min(view.end) - view.start]);
                let offset = |at| base + shown(at).len();
                let (begin, end) = excerpt.at_least_one(offset(mark.start), offset(mark.end));
                let column = source.position(marks_start(start, &mark)).column as usize - 1;
                excerpt.columns.insert(begin, column);
                places[index] = Some(begin..end);
            }
            excerpt.end_line(view.end < line.len());
        }
        (excerpt, places)
    }

    /// Columns of the terminal that are taken where the label of a mark begins.
    pub(super) fn columns_before_label(&self, mark: Range<usize>) -> usize {
        let last = self.lines.last().map_or(0, |line| line.number + 1);
        let gutter = last.to_string().len() + 4;
        let line = self
            .line_of(mark.start)
            .map_or(0, |line| self.lines[line].start);
        let to = |end: usize| columns(&self.text[line..end]);
        gutter + usize::midpoint(to(mark.start), to(mark.end)) + LEADER
    }

    /// Returns where the text of the line begins in the excerpt.
    fn begin_line(&mut self, number: usize, line: &[u8], is_cut: bool) -> usize {
        self.lines.push(Line {
            number,
            start: self.text.len(),
        });
        if is_cut {
            self.text.push('…');
        }
        let base = self.text.len();
        self.text += &clean(line);
        base
    }

    fn end_line(&mut self, is_cut: bool) {
        self.text.push_str(if is_cut { "…\n" } else { "\n" });
    }

    /// A mark of no width cannot be seen: it gets the next character, or a blank at the end.
    fn at_least_one(&mut self, begin: usize, end: usize) -> (usize, usize) {
        if begin < end {
            return (begin, end);
        }
        match self.text[begin..].chars().next() {
            Some(next) => (begin, begin + next.len_utf8()),
            None => {
                self.text.push(' ');
                (begin, begin + 1)
            }
        }
    }

    /// Index of the line in which an offset lies.
    fn line_of(&self, offset: usize) -> Option<usize> {
        let after = self.lines.partition_point(|line| line.start <= offset);
        after.checked_sub(1)
    }

    fn end_of(&self, line: usize) -> usize {
        let next = self.lines.get(line + 1);
        next.map_or(self.text.len(), |next| next.start)
    }

    /// True when `line` directly follows the line before it in the source.
    fn follows(&self, line: usize) -> bool {
        line > 0 && self.lines[line - 1].number + 1 == self.lines[line].number
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = |range: Range<usize>, line, column, count| -> Box<dyn SpanContents<'a>> {
            let span = SourceSpan::from((range.start, range.len()));
            let data = self.text[range].as_bytes();
            let name = self.name.clone();
            Box::new(MietteSpanContents::new_named(
                name, data, span, line, column, count,
            ))
        };
        if self.lines.is_empty() {
            return Ok(contents(0..0, 0, 0, 0));
        }
        let last_byte = span.offset() + span.len().max(1) - 1;
        let (Some(mut first), Some(mut last)) =
            (self.line_of(span.offset()), self.line_of(last_byte))
        else {
            return Err(MietteError::OutOfBounds);
        };
        if last_byte >= self.text.len() || (first + 1..=last).any(|line| !self.follows(line)) {
            return Err(MietteError::OutOfBounds);
        }
        // Without context it is the place of the mark that is asked for.
        let column = match (before, after) {
            (0, 0) => self.columns.get(&span.offset()).copied().unwrap_or(0),
            _ => 0,
        };
        for _ in 0..before {
            if self.follows(first) {
                first -= 1;
            }
        }
        for _ in 0..after {
            if last + 1 < self.lines.len() && self.follows(last + 1) {
                last += 1;
            }
        }
        let range = self.lines[first].start..self.end_of(last);
        let number = self.lines[first].number;
        Ok(contents(range, number, column, last - first + 1))
    }
}

/// Text for one line of a terminal: no control characters, no reordering.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    match text.chars().all(|c| visible(c) == c) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(visible).collect()),
    }
}

/// The replacement of a character that would control the terminal.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('�'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' => '�',
        // Marks that reorder text or take no room: <https://trojansource.codes>.
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' => '�',
        '\u{2060}'..='\u{2069}' | '\u{feff}' => '�',
        other => other,
    }
}

fn clean(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' => text.extend([' '; TAB]),
                other => text.push(visible(other)),
            }
        }
        // One for each byte, as columns are counted.
        text.extend(chunk.invalid().iter().map(|_| '�'));
    }
    text
}

/// Columns of the widest word of a text.
pub(super) fn longest_word(text: &str) -> usize {
    let words = printable(text);
    words.split(' ').map(columns).max().unwrap_or_default()
}

/// The part of a line that is shown, of at most `room` columns or so, around `mark`, so that a word
/// of `label_width` columns has room under the middle of the mark.
fn window(line: &[u8], mark: Range<usize>, label_width: usize, room: usize) -> Range<usize> {
    let back = |from: usize, room: usize| {
        let mut taken = 0;
        let fits = (0..from).rev().take_while(|&at| {
            taken += width_at(line, at);
            taken <= room
        });
        let start = from - fits.count();
        let middle = (start..from).take_while(|&at| is_inside_character(line, at));
        start + middle.count()
    };
    let forth = |from: usize, room: usize| {
        let mut taken = 0;
        let fits = (from..line.len()).take_while(|&at| {
            taken += width_at(line, at);
            taken <= room
        });
        from + fits.count()
    };
    let marked = (mark.start..forth(mark.start, room).min(mark.end)).map(|at| width_at(line, at));
    let half = marked.sum::<usize>() / 2;
    let label = if label_width > 0 {
        LEADER + label_width
    } else {
        0
    };
    let first = back(mark.start, room.saturating_sub(half + label));
    if forth(0, room) == line.len() {
        return at_words(line, first..line.len(), &mark);
    }
    let start = back(mark.start, room / 3).max(first);
    let end = forth(start, room);
    let view = match end == line.len() {
        true => back(end, room).max(first).min(mark.start)..end,
        false => start..end,
    };
    at_words(line, view, &mark)
}

/// Leaves away the parts of words at both ends of `view`, but nothing of the mark, and no word that
/// fills all the room.
fn at_words(line: &[u8], view: Range<usize>, mark: &Range<usize>) -> Range<usize> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let (mut start, mut end) = (view.start, view.end);
    if start > 0 && !is_blank(&line[start - 1]) {
        let before = &line[start..mark.start.max(start)];
        start += before.iter().position(is_blank).map_or(0, |at| at + 1);
    }
    if end < line.len() && !is_blank(&line[end]) {
        let from = mark.end.clamp(start, end);
        end = line[from..end]
            .iter()
            .rposition(is_blank)
            .map_or(end, |at| from + at);
    }
    start..end
}

/// Columns of the character that begins at a byte; none for a byte inside of one.
fn width_at(line: &[u8], at: usize) -> usize {
    match line[at] {
        b'\t' => TAB,
        ..0x80 => 1,
        _ if is_inside_character(line, at) => 0,
        _ => character(line, at).map_or(1, |c| columns(visible(c).encode_utf8(&mut [0; 4]))),
    }
}

fn is_inside_character(line: &[u8], at: usize) -> bool {
    let mut starts = at.saturating_sub(3)..at;
    matches!(line[at], 0x80..=0xbf)
        && starts.any(|start| {
            character(line, start).is_some_and(|c| c.len_utf8() > 1 && start + c.len_utf8() > at)
        })
}

/// The character that begins at a byte.
fn character(line: &[u8], at: usize) -> Option<char> {
    let rest = &line[at..line.len().min(at + 4)];
    rest.utf8_chunks().next()?.valid().chars().next()
}

fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// False for the empty line after the last `\n`.
fn is_inside(start: u32, text: &[u8]) -> bool {
    (start as usize) < text.len()
}

fn marks_start(line: usize, mark: &Range<usize>) -> u32 {
    u32::try_from(line + mark.start).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use certlint_core::source::Sources;

    /// The excerpt's text, and what is marked in it.
    fn excerpt(
        text: &[u8],
        marks: &[(usize, usize)],
        width: usize,
    ) -> (String, Vec<Option<String>>) {
        let mut sources = Sources::default();
        let id = sources.add("a".to_owned(), Some(text.into()));
        let mark = |&(start, end): &(usize, usize)| Mark {
            span: Span::new(start, end),
            label_width: 0,
        };
        let marks: Vec<Mark> = marks.iter().map(mark).collect();
        let (excerpt, places) = Excerpt::new((sources.get(id), &[]), &marks, 1, width);
        let marked = places.into_iter();
        let marked = marked.map(|place| place.map(|place| excerpt.text[place].to_owned()));
        let marked = marked.collect();
        (excerpt.text, marked)
    }

    fn marked(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn shows_the_line_and_its_neighbours() {
        let text = b"one\ntwo\nthree\nfour\nfive\n";
        assert_eq!(
            excerpt(text, &[(8, 13)], 80),
            ("two\nthree\nfour\n".to_owned(), marked(&["three"]))
        );
        assert_eq!(
            excerpt(text, &[(19, 23), (0, 3)], 80),
            (
                "one\ntwo\nfour\nfive\n".to_owned(),
                marked(&["five", "one"])
            )
        );
    }

    #[test]
    fn a_mark_over_several_lines_ends_with_the_first() {
        let (_, marks) = excerpt(b"server {\r\n}\r\n", &[(0, 11)], 80);
        assert_eq!(marks, marked(&["server {"]));
    }

    #[test]
    fn marks_of_no_width_get_a_character() {
        assert_eq!(excerpt(b"ab", &[(1, 1)], 80).1, marked(&["b"]));
        assert_eq!(excerpt(b"ab", &[(2, 2)], 80).1, marked(&[" "]));
        assert_eq!(excerpt(b"ab\n", &[(3, 3)], 80).1, marked(&[" "]));
        assert_eq!(excerpt(b"", &[(0, 0)], 80).1, marked(&[" "]));
        assert_eq!(excerpt(b"ab", &[(70, 90)], 80).1, marked(&[" "]));
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let mut text = vec![b'x'; 1 << 20];
        text[500_000..500_004].copy_from_slice(b"here");
        let (shown, marks) = excerpt(&text, &[(500_000, 500_004), (3, 5)], 60);
        assert!(
            shown.starts_with("…x") && shown.ends_with("x…\n"),
            "{shown}"
        );
        assert_eq!(shown.chars().count(), 60 - FRAME + 3);
        assert_eq!(marks, [Some("here".to_owned()), None]);
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_act_on() {
        let (shown, marks) = excerpt(b"\x1b[31m\t\xff\xfe\xc3\xa9\x00 x\n", &[(12, 13)], 80);
        assert_eq!(shown, "␛[31m    ��é␀ x\n");
        assert_eq!(marks, marked(&["x"]));
        assert_eq!(printable("a\nb\u{202e}c"), "a␊b�c");
    }
}
