//! What is kept of an object is read to the same facts as all of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use manifest_syntax::{Node, read};

use super::shape::Shape;
use super::{KINDS, Kind, Links, find};
use crate::kubernetes::facts::Namespacing;
use crate::kubernetes::objects;
use crate::kubernetes::reading::Reading;
use crate::source::SourceId;

/// The fact of an object in JSON and its links, without the places in the text.
fn facts(kind: &Kind, json: &str) -> String {
    let documents = read(json.as_bytes());
    let tree = documents[0].tree().expect("it is JSON");
    let fact = (kind.read)(Reading {
        node: tree.root(),
        source: SourceId(0),
        namespace: Namespacing::Unwritten("default"),
    });
    let mut links = Links::default();
    if let Some(fact) = &fact {
        (kind.links)(fact, &mut links);
    }
    let text = format!("{fact:?} {links:?}");
    // Offsets in the text of the object.
    without(&without(&text, "Span {", '}'), "pieces: [", ']')
}

/// A text without what is between a start and the next end.
fn without(text: &str, start: &str, end: char) -> String {
    let mut parts = text.split(start);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (_, rest) = part.split_once(end).expect("it has an end");
        text + start + rest
    })
}

fn json(shape: &Shape, node: Node<'_>) -> String {
    shape
        .keep(node)
        .expect("an object is a mapping")
        .to_string()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let (folders, mut files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_below(folder)));
    files
}

#[test]
fn objects_of_which_only_the_fields_are_kept_are_read_to_the_same_facts() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut seen = BTreeSet::new();
    for folder in ["kubernetes", "corpus/kubernetes", "rules"] {
        for file in files_below(&fixtures.join(folder)) {
            let text = std::fs::read(&file).expect("it can be read");
            let documents = read(&text);
            let trees = documents.iter().filter_map(|document| document.tree());
            for object in trees.flat_map(objects) {
                let Some(kind) = find(object) else {
                    continue;
                };
                // The key of a Route is read where it is, and never kept.
                if kind.has_private_fields() && json(&Shape::Any, object.node).contains("KEY---") {
                    continue;
                }
                let kept = json(&Shape::Object(kind.fields), object.node);
                let whole = json(&Shape::Any, object.node);
                assert_eq!(facts(kind, &kept), facts(kind, &whole), "{file:?}: {whole}");
                seen.insert(kind);
            }
        }
    }
    let without = |kind: &&&Kind| !seen.contains(*kind);
    let unseen: Vec<_> = KINDS.iter().filter(without).collect();
    assert!(unseen.is_empty(), "no fixture has a {unseen:?}");
}

#[test]
fn no_two_kinds_of_a_group_have_one_name() {
    let mut names = BTreeSet::new();
    for kind in KINDS {
        for group in kind.former_groups.iter().chain([&kind.group]) {
            assert!(names.insert((group, kind.name)), "{kind:?} in {group}");
        }
    }
}
