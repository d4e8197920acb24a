//! Circles in a graph, and a list of arrows that are known to make some.

use std::collections::{BTreeMap, BTreeSet};

/// From each node, where its arrows lead.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Some circle, as the nodes on the way.
pub(crate) fn circle(graph: &Graph) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    let mut way = Vec::new();
    graph
        .keys()
        .find_map(|start| walk(graph, start, &mut way, &mut done))
}

fn walk<'g>(
    graph: &'g Graph,
    node: &'g str,
    way: &mut Vec<&'g str>,
    done: &mut BTreeSet<&'g str>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|it| *it == node) {
        return Some(way[start..].iter().map(|it| (*it).to_owned()).collect());
    }
    if done.contains(node) {
        return None;
    }
    way.push(node);
    let nexts = graph.get(node).into_iter().flatten();
    let found = nexts
        .filter(|next| *next != node)
        .find_map(|next| walk(graph, next, way, done));
    way.pop();
    done.insert(node);
    found
}

/// The graph without some of its arrows.
pub(crate) fn without(graph: &Graph, arrows: &[(&str, &str)]) -> Graph {
    let mut graph = graph.clone();
    for (from, to) in arrows {
        if let Some(nexts) = graph.get_mut(*from) {
            nexts.remove(*to);
        }
    }
    graph
}

/// What is wrong with a graph that may have these arrows beside those that make no circle: a circle
/// without them, or one that does no harm any more.
pub(crate) fn faults(graph: &Graph, known: &[(&str, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(circle) = circle(&without(graph, known)) {
        faults.push(format!("circle: {} -> {}", circle.join(" -> "), circle[0]));
        return faults;
    }
    for arrow in known {
        let others: Vec<_> = known.iter().copied().filter(|it| it != arrow).collect();
        if circle(&without(graph, &others)).is_none() {
            let (from, to) = arrow;
            faults.push(format!(
                "{from} -> {to} makes no circle any more: take it off the list"
            ));
        }
    }
    faults
}
