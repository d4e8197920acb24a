//! Quotes that go on to the left of where YAML wants it.
//!
//! YAML asks for more indentation than the key has (YAML 1.2.2, section 7.3); kubectl's reader does
//! not, and folds such lines like others (measured on sigs.k8s.io/yaml 1.4.0). A text that was
//! pasted between quotes looks like that. The lines get the spaces that they lack, which folding
//! takes away again.

/// A text with spaces put in, and where.
pub(super) struct Patched {
    pub(super) text: String,
    pub(super) shifts: Shifts,
}

/// Places with the number of bytes that were put in up to there, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Shifts(Vec<(usize, usize)>);

/// A text grows by as much as this at the most, in bytes.
const MAX_GROWTH: usize = 1 << 20;

impl Shifts {
    /// The offset in the text as it was written.
    pub(super) fn written(&self, at: usize) -> usize {
        let before = self.0.partition_point(|&(place, _)| place <= at);
        match before.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some(&(_, shift)) => at - shift,
            None => at,
        }
    }
}

/// Indents the quoted scalar behind `from` of which a line that starts at `at` stands too far left.
///
/// Both are offsets in `text` as it is written; `None` where that is no such scalar, or too much.
pub(super) fn indent(text: &str, from: usize, at: usize, earlier: &Shifts) -> Option<Patched> {
    let open = opening(text, from, at)?;
    let end = closing(text, open)?;
    let line = text[..open].rfind('\n').map_or(0, |line| line + 1);
    let spaces = open - line + 1;
    let starts = memchr::memchr_iter(b'\n', &text.as_bytes()[open..end]).map(|at| open + at + 1);
    let mut places: Vec<(usize, usize)> = earlier.own();
    if places.iter().any(|(start, _)| (open..end).contains(start)) {
        return None;
    }
    places.extend(starts.map(|start| (start, spaces)));
    places.sort_unstable();
    let growth = places.iter().map(|(_, spaces)| spaces).sum::<usize>();
    if growth > MAX_GROWTH {
        return None;
    }
    let mut patched = String::with_capacity(text.len() + growth);
    let (mut done, mut shift) = (0, 0);
    let mut shifts = Vec::with_capacity(places.len());
    for (start, spaces) in places {
        patched.push_str(&text[done..start]);
        patched.extend(std::iter::repeat_n(' ', spaces));
        shift += spaces;
        shifts.push((start + shift, shift));
        done = start;
    }
    patched.push_str(&text[done..]);
    Some(Patched {
        text: patched,
        shifts: Shifts(shifts),
    })
}

impl Shifts {
    /// The places in the text as it was written, each with the spaces that were put in there.
    fn own(&self) -> Vec<(usize, usize)> {
        let mut before = 0;
        let places = self.0.iter().map(|&(place, shift)| {
            let spaces = shift - std::mem::replace(&mut before, shift);
            (place - shift, spaces)
        });
        places.collect()
    }
}

/// The first quote that opens a value behind `from`, outside of comments.
fn opening(text: &str, from: usize, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut place = from;
    while place < at {
        let before = place.checked_sub(1).and_then(|before| bytes.get(before));
        let is_start = before.is_none_or(|byte| byte.is_ascii_whitespace());
        match bytes[place] {
            b'"' | b'\'' if is_start => return Some(place),
            b'#' if is_start => place += memchr::memchr(b'\n', &bytes[place..])?,
            _ => place += 1,
        }
    }
    None
}

/// The quote that closes the one at `open`.
fn closing(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = bytes[open];
    let mut place = open + 1;
    loop {
        let byte = *bytes.get(place)?;
        place += match byte {
            b'\\' if quote == b'"' => 2,
            b'\'' if quote == b'\'' && bytes.get(place + 1) == Some(&b'\'') => 2,
            _ if byte == quote => return Some(place),
            _ => 1,
        };
    }
}
