//! One cause, one finding: where very many findings have one cause, the first is reported with their number.

use std::collections::BTreeMap;

use crate::finding::{Finding, Label};

/// So many findings of one cause are still told one by one.
const FEW: usize = 3;

/// Puts the findings of one cause together; they are sorted by place.
pub(super) fn merge(findings: &mut Vec<Finding>) {
    let mut causes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        if let Some(cause) = &finding.cause {
            let key = (finding.rule, finding.level, cause.clone());
            causes.entry(key).or_default().push(index);
        }
    }
    let mut is_told = vec![false; findings.len()];
    for ((.., cause), members) in causes {
        let [first, others @ ..] = members.as_slice() else {
            continue;
        };
        if members.len() <= FEW {
            continue;
        }
        let names: Vec<String> = others
            .iter()
            .flat_map(|&other| findings[other].facts.names.clone())
            .collect();
        let places = others.iter().take(FEW - 1);
        let places: Vec<Label> = places
            .map(|&other| Label::new(findings[other].primary.at.clone(), "here, too"))
            .collect();
        let finding = &mut findings[*first];
        let more = format!(
            " (and {} more {}{})",
            others.len(),
            cause.what,
            such_as(&names)
        );
        finding.message.push_str(&more);
        finding.help = cause.help.or_else(|| finding.help.take());
        finding.related.extend(places);
        finding.facts.names.extend(names);
        for &other in others {
            is_told[other] = true;
        }
    }
    let mut is_told = is_told.into_iter();
    findings.retain(|_| is_told.next() != Some(true));
}

/// ", such as `a`, `b`".
fn such_as(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(FEW - 1)
        .map(|name| format!("`{name}`"))
        .collect();
    match shown.as_slice() {
        [] => String::new(),
        shown => format!(", such as {}", shown.join(", ")),
    }
}
