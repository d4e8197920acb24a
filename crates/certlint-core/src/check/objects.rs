//! Names the Kubernetes objects that findings are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::{Finding, ObjectName};
use crate::model::Model;
use crate::source::SourceId;

/// An object by its last byte.
type Object<'m> = (u32, &'m Arc<ObjectName>);

/// Gives each finding the innermost object that its primary label begins in.
pub(super) fn name(findings: &mut [Finding], model: &Model) {
    if findings.is_empty() {
        return;
    }
    let mut objects: BTreeMap<(SourceId, u32), Object<'_>> = BTreeMap::new();
    for object in model.fragments.iter().flat_map(|it| &it.objects) {
        let (start, end) = object
            .at
            .span
            .map_or((0, u32::MAX), |span| (span.start, span.end));
        objects.insert((object.at.source, start), (end, &object.name));
    }
    for finding in findings {
        let (source, start) = (finding.primary.at.source, finding.primary.at.start());
        let before = objects.range((source, 0)..=(source, start));
        finding.object = match before.last() {
            Some((_, (end, name))) if start < *end => Some(Arc::clone(name)),
            _ => None,
        };
    }
}
