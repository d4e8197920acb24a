//! Lowers an object beside its neighbours and runs the rules, exactly as the linter does; keeps
//! what is said of this object and of the Secrets that it names.

use std::collections::BTreeSet;

use certlint_core::check::{Settings, check};
use certlint_core::config::Exemptions;
use certlint_core::files::{File, FileError, Files};
use certlint_core::finding::{Finding, Level, ObjectName};
use certlint_core::kubernetes::{self, Options, OwnFinding, SecretSummary};
use certlint_core::loader::Loader;
use certlint_core::model::Model;
use certlint_core::rules;
use certlint_core::source::SourceId;

use super::policy::Policy;
use super::surroundings::Surroundings;
use crate::settings::Verdict;
use crate::store::Kept;

/// An object in one of its states.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    /// In JSON.
    pub(super) text: &'a [u8],
    pub(super) kept: &'a Kept,
    /// Its user wants to hear of the Secrets that it names, too.
    pub(super) tells_of_secrets: bool,
}

/// Something that is said of the object, or of a Secret that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) rule: &'static str,
    pub(super) level: Level,
    pub(super) message: String,
    /// The field of the object; empty where a Secret is spoken of.
    pub(super) field: String,
    pub(super) help: Option<String>,
    /// The hosts that are concerned.
    pub(super) names: Vec<String>,
    /// `NAMESPACE/NAME` of the Secret whose certificate is concerned.
    pub(super) secret: Option<String>,
    /// The names that the certificate covers; empty where this user may not know.
    pub(super) certificate_names: Vec<String>,
}

/// All that is said.
#[derive(Debug, Default)]
pub(super) struct Assessment {
    /// Of the object itself, in the order of its text.
    pub(super) own: Vec<Said>,
    /// Of the Secrets that it names.
    pub(super) of_secrets: Vec<Said>,
    /// The text is none that can be read.
    pub(super) is_unreadable: bool,
    /// A Secret is not there, whatever the policy makes of that.
    pub(super) lacks_secret: bool,
}

/// The name of the object while it is judged.
const OBJECT: &str = "object";
const NEIGHBOUR: &str = "neighbour";

/// Judges an object, and the Secrets that it names.
pub(super) fn assess(
    object: Judged<'_>,
    around: &Surroundings,
    policy: &Policy,
    now: i64,
) -> Assessment {
    let texts = Texts::new(object, around.objects());
    let namespace = object.kept.namespace();
    let loader = Loader::new(&texts);
    let options = Options {
        namespace: namespace.to_string(),
        whole_cluster: true,
        only_neighbours: true,
        unknown_secrets: around.unknown(),
        classes: policy.config.ingress_classes.clone(),
        ..Options::default()
    };
    let summaries: Vec<_> = around.summaries().cloned().collect();
    let (lowered, _) = kubernetes::lower_beside(&loader, &texts.paths(), &summaries, &options);
    let model = loader.finish(lowered.fragments);
    let findings = findings(&model, policy, now);
    let is_foreign = around.is_foreign_to(namespace);
    let named: Vec<_> = summaries
        .iter()
        .filter(|summary| object.tells_of(summary))
        .collect();
    let secrets: BTreeSet<ObjectName> = named.iter().map(|summary| summary.object()).collect();
    let mut assessment = Assessment::default();
    for finding in findings {
        let name = source_name(&model, finding.primary.at.source);
        if name == OBJECT {
            assessment.is_unreadable |= finding.rule == rules::YAML_SYNTAX.id;
            assessment.lacks_secret |= finding.rule == rules::SECRET_MISSING.id;
            let mut said = said(finding, namespace, is_foreign);
            if said.rule == rules::REFERENCE_NOT_GRANTED.id && !around.knows_grants() {
                said.level = said.level.min(Level::Warning);
            }
            assessment.own.extend(capped(said, policy));
        } else if finding
            .object
            .as_deref()
            .is_some_and(|it| secrets.contains(it))
        {
            let said = said(finding, namespace, is_foreign);
            assessment.of_secrets.push(Said {
                field: String::new(),
                ..said
            });
        }
    }
    for summary in named {
        let found = summary.findings().iter();
        let lasting = found.filter(|own| own.ignored_until.is_none_or(|until| now >= until));
        let said = lasting.map(|own| lasting_fault(summary, own));
        assessment
            .of_secrets
            .extend(said.filter(|one| policy.config.levels.get(one.rule) != Some(&None)));
    }
    assessment
}

impl Judged<'_> {
    /// A Secret that the object names, and of which its user may hear.
    fn tells_of(&self, summary: &SecretSummary) -> bool {
        self.tells_of_secrets
            && summary.namespace() == self.kept.namespace()
            && self.kept.names(summary.namespace(), summary.name())
    }
}

/// The findings of the moment when the Secret was read.
fn lasting_fault(summary: &SecretSummary, own: &OwnFinding) -> Said {
    Said {
        rule: own.rule,
        level: own.level,
        message: format!("{}: {}", summary.object(), own.message),
        field: String::new(),
        help: None,
        names: Vec::new(),
        secret: None,
        certificate_names: Vec::new(),
    }
}

/// The findings of the rules, with the levels and exemptions of the policy.
fn findings(model: &Model, policy: &Policy, now: i64) -> Vec<Finding> {
    let config = &policy.config;
    let off = config.levels.iter().filter(|(_, level)| level.is_none());
    let settings = Settings {
        levels: off.map(|(rule, level)| (*rule, *level)).collect(),
        ..Settings::default()
    };
    let mut findings = check(model, &settings, now);
    Exemptions::new(&config.exemptions, now).apply(&mut findings);
    for finding in &mut findings {
        if let Some(Some(level)) = config.levels.get(finding.rule) {
            finding.level = leveled(finding, *level);
        }
    }
    findings
}

/// The level that the policy wants. A finding that is less than its rule's because something is
/// about to change or is not proven stays below: that is never a reason to refuse.
fn leveled(finding: &Finding, wanted: Level) -> Level {
    let is_tempered = rules::by_id(finding.rule).is_some_and(|rule| finding.level < rule.level);
    match is_tempered {
        true => finding.level.min(wanted),
        false => wanted,
    }
}

/// The policy for Secrets that are missing or cannot be read.
fn capped(mut said: Said, policy: &Policy) -> Option<Said> {
    let wanted = if said.rule == rules::SECRET_MISSING.id {
        policy.missing_secret
    } else if said.rule == rules::SECRET_MALFORMED.id {
        policy.unreadable_secret
    } else {
        return Some(said);
    };
    match wanted {
        Verdict::Allow => return None,
        Verdict::Warn => said.level = said.level.min(Level::Warning),
        Verdict::Deny => {}
    }
    Some(said)
}

/// Cures may name what certificates of other namespaces contain, so that they are left out where
/// any takes part: anyone who can create an object could else read what they may not.
fn said(finding: Finding, namespace: &str, is_foreign: bool) -> Said {
    let certificate = finding.facts.certificate;
    let secret = certificate
        .as_ref()
        .and_then(|certificate| certificate.secret.clone());
    let is_own = |secret: &String| {
        let own = secret.split_once('/');
        own.is_some_and(|(own, _)| own == namespace)
    };
    let may_know = secret.as_ref().is_none_or(is_own);
    Said {
        rule: finding.rule,
        level: finding.level,
        message: finding.message,
        field: finding.primary.at.path.as_str().to_owned(),
        help: finding.help.filter(|_| may_know && !is_foreign),
        names: finding.facts.names,
        secret,
        certificate_names: certificate
            .filter(|_| may_know)
            .map_or_else(Vec::new, |certificate| certificate.names),
    }
}

fn source_name(model: &Model, source: SourceId) -> &str {
    model.sources.get(source).name()
}

/// The texts of an object and its neighbours, the oldest first, as they would be read from disk.
struct Texts(Vec<File>);

impl Texts {
    fn new<'k>(object: Judged<'_>, neighbours: impl Iterator<Item = &'k Kept>) -> Self {
        let file = |name: &str, text: &[u8]| File {
            name: name.to_owned(),
            bytes: text.into(),
            mode: None,
        };
        let mut all: Vec<_> = neighbours
            .filter_map(|kept| Some((kept.created(), file(NEIGHBOUR, kept.json()?))))
            .collect();
        all.sort_by_key(|(created, _)| *created);
        // What is as old as the object comes before it.
        let created = object.kept.created();
        let place = all.partition_point(|(other, _)| *other <= created);
        all.insert(place, (created, file(OBJECT, object.text)));
        Self(all.into_iter().map(|(_, file)| file).collect())
    }

    fn paths(&self) -> Vec<Vec<u8>> {
        (0..self.0.len())
            .map(|index| index.to_string().into_bytes())
            .collect()
    }
}

impl Files for Texts {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let index = str::from_utf8(path).ok().and_then(|path| path.parse().ok());
        let file = index.and_then(|index: usize| self.0.get(index));
        file.cloned().ok_or(FileError::Outside)
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::Outside)
    }
}
