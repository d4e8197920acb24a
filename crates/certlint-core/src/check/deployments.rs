//! Findings of a run that holds several deployments.
//!
//! A fault that was copied with its object is found in every deployment. It is one finding, which
//! says where else it is.

use std::collections::{BTreeMap, HashMap};

use crate::finding::{Finding, Level};
use crate::model::{Deployment, Model};
use crate::source::SourceId;

/// Other deployments are named up to so many.
const NAMED: usize = 3;

/// Puts findings together that say the same of different deployments. They must be sorted.
pub(crate) fn merge(findings: &mut Vec<Finding>, model: &Model) {
    let deployments = model.fragments.iter();
    let deployments = deployments.filter_map(|fragment| fragment.deployment.as_deref());
    let mut of_source: BTreeMap<SourceId, &Deployment> = BTreeMap::new();
    for deployment in deployments {
        let sources = deployment.sources.iter();
        of_source.extend(sources.map(|&source| (source, deployment)));
    }
    if of_source.is_empty() {
        return;
    }
    let mut first: HashMap<Key, usize> = HashMap::new();
    let mut others: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings.drain(..) {
        let own = of_source.get(&finding.primary.at.source);
        let Some(own) = own else {
            kept.push(finding);
            continue;
        };
        match first.get(&Key::of(&finding)) {
            // Two places of one deployment are two faults.
            Some(&index) if !is_of(&kept[index], own, &of_source) => {
                let names = others.entry(index).or_default();
                if !names.contains(&own.name.as_str()) {
                    names.push(&own.name);
                }
            }
            Some(_) => kept.push(finding),
            None => {
                first.insert(Key::of(&finding), kept.len());
                kept.push(finding);
            }
        }
    }
    for (index, names) in others {
        kept[index].message.push_str(&also_in(&names));
    }
    *findings = kept;
}

/// What makes two findings the same, whatever deployment they are about.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    rule: &'static str,
    level: Level,
    message: String,
    path: String,
    help: Option<String>,
    labels: Vec<String>,
}

impl Key {
    fn of(finding: &Finding) -> Self {
        Self {
            rule: finding.rule,
            level: finding.level,
            message: finding.message.clone(),
            path: finding.primary.at.path.as_str().to_owned(),
            help: finding.help.clone(),
            labels: finding.related.iter().map(|it| it.text.clone()).collect(),
        }
    }
}

fn is_of(
    finding: &Finding,
    deployment: &Deployment,
    of_source: &BTreeMap<SourceId, &Deployment>,
) -> bool {
    let own = of_source.get(&finding.primary.at.source);
    own.is_some_and(|own| own.name == deployment.name)
}

fn also_in(names: &[&str]) -> String {
    let shown = &names[..names.len().min(NAMED)];
    let shown: Vec<_> = shown.iter().map(|name| format!("`{name}`")).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => format!(" (also in {shown})"),
        more => format!(" (also in {shown} and {more} more)"),
    }
}
