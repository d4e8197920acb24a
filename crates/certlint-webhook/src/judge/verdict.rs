//! From what is said to the decision: what refuses, what warns, what nobody hears.

use certlint_core::finding::Level;

use super::assess::{Assessment, Judged, Said, assess};
use super::decision::{Cause, Decision, DecisionKind};
use super::policy::Policy;
use super::ratchet;
use super::review::{Operation, Review, Sent};
use super::surroundings::Surroundings;
use super::wording;
use crate::settings::{Mode, Verdict};

/// Causes that an answer carries.
const CAUSES_MAX: usize = 64;

/// The findings of the states of an object.
#[derive(Debug)]
pub(super) struct Found {
    new: Assessment,
    old: Old,
}

/// The object before the request.
#[derive(Debug)]
enum Old {
    /// There was none, or it does not matter.
    None,
    Known(Assessment),
    /// It is there and cannot be read.
    Unknown,
}

impl Found {
    /// Judges the states that were read, within the same surroundings.
    pub(super) fn assess(
        review: &Review<'_>,
        around: &Surroundings,
        policy: &Policy,
        now: i64,
    ) -> Self {
        let assess = |sent: &Sent<'_>| {
            let object = Judged {
                text: sent.judged(),
                kept: &sent.kept,
                tells_of_secrets: true,
            };
            assess(object, around, policy, now)
        };
        let mut found = Self {
            new: assess(&review.sent),
            old: Old::None,
        };
        if review.operation == Operation::Update && found.has_errors() {
            let old = review.old.as_ref().map(assess);
            let old = old.filter(|old| !old.is_unreadable);
            found.old = old.map_or(Old::Unknown, Old::Known);
        }
        found
    }

    /// The object has what would be a reason to refuse it if it was new.
    pub(super) fn has_errors(&self) -> bool {
        ratchet::errors(&self.new.own).next().is_some()
    }

    /// Something would be refused, or a Secret seems not to be there.
    pub(super) fn needs_a_look(&self) -> bool {
        self.new.lacks_secret || !self.split().0.is_empty()
    }

    /// The errors that refuse the request, and those that were there before.
    fn split(&self) -> (Vec<&Said>, Vec<&Said>) {
        match &self.old {
            Old::None => ratchet::split(&self.new.own, &[]),
            Old::Known(old) => ratchet::split(&self.new.own, &old.own),
            // Whether the update makes it worse cannot be told.
            Old::Unknown => (Vec::new(), ratchet::errors(&self.new.own).collect()),
        }
    }

    /// The answer.
    pub(super) fn decide(
        &self,
        review: &Review<'_>,
        around: &Surroundings,
        policy: &Policy,
    ) -> Decision {
        if self.new.is_unreadable {
            return super::review::unreadable(policy, review.mode, review.kind_name);
        }
        let (added, before) = self.split();
        let mut answer = Answer::default();
        for (name, why) in around.obstacles() {
            answer.obstacles.push(format!(
                "Secret `{}/{}` could not be looked up ({why}), so that what uses it was not checked",
                name.namespace, name.name
            ));
        }
        answer.refused = added.into_iter().cloned().collect();
        let before = before.into_iter().map(|said| Said {
            message: format!("{}, as before this change", said.message),
            ..said.clone()
        });
        answer.warned.extend(before);
        let is_error = |said: &&Said| said.level == Level::Error;
        let others = self.new.own.iter().filter(|said| !is_error(said));
        answer.warned.extend(others.cloned());
        answer.warned.extend(self.new.of_secrets.iter().cloned());
        answer.decide(review, policy)
    }
}

/// The answer before the mode is applied.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Reasons to refuse the request.
    pub(super) refused: Vec<Said>,
    /// Worth a warning, if of that level.
    pub(super) warned: Vec<Said>,
    /// The facts that could not be known.
    pub(super) obstacles: Vec<String>,
}

impl Answer {
    /// The decision.
    pub(super) fn decide(self, review: &Review<'_>, policy: &Policy) -> Decision {
        let mode = review.mode;
        let rules = self.refused.iter().chain(&self.warned);
        let rules = rules
            .filter(|said| said.level >= Level::Warning)
            .map(|said| said.rule)
            .collect();
        let is_refused = mode == Mode::Enforce && !self.refused.is_empty();
        let is_obstructed = !self.obstacles.is_empty();
        let refuses_obstacles =
            mode == Mode::Enforce && policy.on_internal_error == Verdict::Deny && is_obstructed;
        let told: Vec<&Said> = match is_refused {
            true => self.warned.iter().collect(),
            false => self.refused.iter().chain(&self.warned).collect(),
        };
        let warnings = match mode {
            Mode::Audit | Mode::Off => Vec::new(),
            Mode::Warn | Mode::Enforce => wording::warnings(&self.obstacles, &told),
        };
        let kind = match (is_refused, is_obstructed, warnings.is_empty()) {
            (true, ..) => DecisionKind::Deny,
            (_, true, _) => DecisionKind::Error,
            (.., false) => DecisionKind::Warn,
            (.., true) => DecisionKind::Allow,
        };
        let mut decision = Decision::new(kind, mode, rules);
        decision.warnings = warnings;
        if is_refused {
            let refused: Vec<&Said> = self.refused.iter().collect();
            decision.message = wording::refusal(&refused, review.kind_name);
            decision.causes = refused
                .iter()
                .take(CAUSES_MAX)
                .map(|said| cause(said))
                .collect();
        } else if refuses_obstacles {
            decision.allowed = false;
            decision.message = wording::lines(&self.obstacles);
        }
        decision
    }
}

fn cause(said: &Said) -> Cause {
    Cause {
        field: said.field.clone(),
        message: wording::line(&said.message),
        reason: said.rule,
    }
}
