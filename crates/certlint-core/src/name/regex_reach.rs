//! Whether a regular expression can match any host that a certificate's wildcard covers: "one label,
//! a dot, a fixed name".
//!
//! Its language becomes a small automaton, which is asked about all labels at once. A label may be
//! any text without a dot, so that "no" is certain.

use super::regex_language::{HostBytes, Language};

/// More states than this are not built.
const STATES_MAX: usize = 2_000;

/// The automaton of a language; the last state accepts.
pub(super) struct Automaton {
    states: Vec<State>,
}

#[derive(Default)]
struct State {
    /// Where it leads without a byte.
    free: Vec<usize>,
    /// Where it leads with a byte of a set.
    step: Option<(HostBytes, usize)>,
}

impl Automaton {
    /// `None` for a language that takes too many states.
    pub(super) fn new(language: &Language) -> Option<Self> {
        let mut automaton = Self { states: Vec::new() };
        let start = automaton.state()?;
        let end = automaton.add(language, start)?;
        let last = automaton.state()?;
        automaton.states[end].free.push(last);
        Some(automaton)
    }

    /// Whether some text without dots, a dot and `base` is in the language.
    pub(super) fn reaches_below(&self, base: &str) -> bool {
        let mut at = self.labels();
        for byte in format!(".{base}").chars() {
            at = self.step(&at, |set| set.contains(byte));
        }
        at.last() == Some(&true)
    }

    /// The states after any text of at least one byte without a dot.
    fn labels(&self) -> Vec<bool> {
        let mut start = vec![false; self.states.len()];
        start[0] = true;
        let mut all = self.step(&self.closed(start), HostBytes::has_other_than_dot);
        loop {
            let mut more = self.step(&all, HostBytes::has_other_than_dot);
            for (state, known) in more.iter_mut().zip(&all) {
                *state |= known;
            }
            if more == all {
                return all;
            }
            all = more;
        }
    }

    /// The states after one more byte of which the set has some.
    fn step(&self, at: &[bool], takes: impl Fn(HostBytes) -> bool) -> Vec<bool> {
        let mut next = vec![false; self.states.len()];
        for (state, _) in self.states.iter().zip(at).filter(|(_, is_at)| **is_at) {
            if let Some((set, to)) = state.step
                && takes(set)
            {
                next[to] = true;
            }
        }
        self.closed(next)
    }

    /// With the states that need no further byte.
    fn closed(&self, mut at: Vec<bool>) -> Vec<bool> {
        let mut pending: Vec<usize> = (0..at.len()).filter(|&state| at[state]).collect();
        while let Some(state) = pending.pop() {
            for &to in &self.states[state].free {
                if !std::mem::replace(&mut at[to], true) {
                    pending.push(to);
                }
            }
        }
        at
    }

    fn state(&mut self) -> Option<usize> {
        if self.states.len() >= STATES_MAX {
            return None;
        }
        self.states.push(State::default());
        Some(self.states.len() - 1)
    }

    /// Adds a language behind a state; returns the state after it.
    fn add(&mut self, language: &Language, from: usize) -> Option<usize> {
        match language {
            Language::Set(set) => {
                let to = self.state()?;
                // A state has one step: another one begins here.
                let own = self.state()?;
                self.states[from].free.push(own);
                self.states[own].step = Some((*set, to));
                Some(to)
            }
            Language::Concat(parts) => parts.iter().try_fold(from, |at, part| self.add(part, at)),
            Language::Alternation(branches) => {
                let end = self.state()?;
                for branch in branches {
                    let to = self.add(branch, from)?;
                    self.states[to].free.push(end);
                }
                Some(end)
            }
            Language::Repeat { language, min, max } => {
                let mut at = from;
                for _ in 0..*min {
                    at = self.add(language, at)?;
                }
                let end = self.state()?;
                self.states[at].free.push(end);
                match max {
                    None => {
                        let again = self.state()?;
                        self.states[at].free.push(again);
                        let to = self.add(language, again)?;
                        self.states[to].free.extend([again, end]);
                    }
                    Some(max) => {
                        for _ in *min..*max {
                            at = self.add(language, at)?;
                            self.states[at].free.push(end);
                        }
                    }
                }
                Some(end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::regex_structure::Structure;

    fn reaches(pattern: &str, base: &str) -> bool {
        let structure = Structure::of(pattern.as_bytes(), true);
        let hosts = structure.hosts().expect("a plain language");
        Automaton::new(hosts).expect("small").reaches_below(base)
    }

    #[test]
    fn a_wildcard_is_reached_or_certainly_not() {
        for (pattern, base, reached) in [
            (r"^www\.[a-z0-9-]+\.shop\.example$", "shop.example", false),
            (r"^www\.[a-z0-9-]+\.shop\.example$", "a.shop.example", true),
            (r"^(www\.)?[a-z]+\.shop\.example$", "shop.example", true),
            (r"^[a-z]+(\.[a-z]+){2,3}\.example$", "shop.example", false),
            (r"^[a-z]+(\.[a-z]+){1,3}\.example$", "shop.example", true),
            (r"^.+\.shop\.example$", "shop.example", true),
            (r"^[a-z]+\.(shop|store)\.example$", "store.example", true),
            (r"^[a-z]+\.(shop|store)\.example$", "stock.example", false),
            (r"^shop\.example$", "shop.example", false),
            (r"^[a-z.]+$", "shop.example", true),
        ] {
            assert_eq!(reaches(pattern, base), reached, "{pattern} {base}");
        }
    }

    #[test]
    fn huge_repetitions_are_given_up() {
        let structure = Structure::of(br"^([a-z]{900}){900}\.example$", true);
        let hosts = structure.hosts().expect("a plain language");
        assert!(Automaton::new(hosts).is_none());
    }
}
