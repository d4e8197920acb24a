//! Objects that are there several times, and the worlds that follow from that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::identity::Written;
use super::plan::Plan;
use crate::kubernetes::facts::Fact;
use crate::kubernetes::gateway;
use crate::source::Span;
use crate::text::Text;

/// An object where a reading puts it.
#[derive(Debug)]
pub(in crate::kubernetes) struct Placed {
    pub(in crate::kubernetes) identity: Option<Box<str>>,
    pub(in crate::kubernetes) text: usize,
    pub(in crate::kubernetes) reading: usize,
    pub(in crate::kubernetes) span: Span,
    /// `None` for an object that a patch changes.
    pub(in crate::kubernetes) fact: Option<Fact>,
}

/// The objects that belong to one deployment, in the order of reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::kubernetes) struct World {
    /// The directory or file of its copies; empty where nothing is there twice.
    pub(in crate::kubernetes) name: String,
    pub(in crate::kubernetes) objects: Vec<usize>,
    /// Those of `objects` that no other world has.
    pub(in crate::kubernetes) own: Vec<usize>,
}

/// Objects outside of all copies are seen by every world, up to so many all together. Beyond that
/// they are a world of their own, and the others see only what decides about classes and rights.
const MAX_SHARED: usize = 100_000;

/// Splits objects into worlds, none of which has two of one identity.
pub(in crate::kubernetes) fn split(placed: &[Placed], plan: &Plan, texts: &[Text]) -> Vec<World> {
    let mut by_identity: HashMap<&str, Vec<usize>> = HashMap::with_capacity(placed.len());
    for (index, object) in placed.iter().enumerate() {
        if let Some(identity) = &object.identity {
            by_identity.entry(identity).or_default().push(index);
        }
    }
    let mut variants = BTreeSet::new();
    let mut several: Vec<_> = by_identity.values().filter(|all| all.len() > 1).collect();
    several.sort_unstable();
    for copies in several {
        if differ(copies, placed, texts) {
            let places = copies.iter().map(|&copy| plan.place(placed[copy].reading));
            cut(places.collect(), &mut variants);
        }
    }
    let mut worlds = if variants.is_empty() {
        vec![World {
            objects: (0..placed.len()).collect(),
            own: (0..placed.len()).collect(),
            ..World::default()
        }]
    } else {
        assign(placed, plan, &variants)
    };
    for world in &mut worlds {
        keep_one_of_each(world, placed);
    }
    worlds
}

/// Not all copies of an object say the same.
fn differ(copies: &[usize], placed: &[Placed], texts: &[Text]) -> bool {
    let written = |copy: &Placed| Written {
        text: &texts[copy.text].bytes,
        span: copy.span,
    };
    let Some((first, others)) = copies.split_first() else {
        return false;
    };
    let first = &placed[*first];
    others.iter().map(|&other| &placed[other]).any(|other| {
        // Of several in one text the last one counts, as for `kubectl apply`.
        let is_one_text = other.text == first.text && other.reading == first.reading;
        let is_same_object = other.text == first.text && other.span == first.span;
        let is_same = is_same_object || written(first).is_same(written(other));
        !is_one_text && (!is_same || other.fact.is_some() != first.fact.is_some())
    })
}

/// Notes for each two of these paths the children of their deepest common directory that hold them.
fn cut(mut places: Vec<&str>, variants: &mut BTreeSet<String>) {
    places.sort_unstable_by(|left, right| left.split('/').cmp(right.split('/')));
    places.dedup();
    for pair in places.windows(2) {
        let parts = pair[0].split('/').zip(pair[1].split('/'));
        let common: usize = parts
            .take_while(|(left, right)| left == right)
            .map(|(part, _)| part.len() + 1)
            .sum();
        for place in pair {
            let end = place[common..]
                .find('/')
                .map_or(place.len(), |at| common + at);
            variants.insert(place[..end].to_owned());
        }
    }
}

/// Gives every object to the worlds that see it.
fn assign(placed: &[Placed], plan: &Plan, variants: &BTreeSet<String>) -> Vec<World> {
    let mut owners: HashMap<&str, Option<&str>> = HashMap::new();
    // By the deepest variant that holds them; `None` for what is outside of all.
    let mut objects: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, object) in placed.iter().enumerate() {
        let place = plan.place(object.reading);
        let owner = *owners
            .entry(place)
            .or_insert_with(|| owner(place, variants));
        objects.entry(owner).or_default().push(index);
    }
    let outside = objects.get(&None).map_or(&[][..], Vec::as_slice);
    let is_leaf = |variant: &str| {
        let below = format!("{variant}/");
        let mut next = variants.range(below.clone()..);
        !next.next().is_some_and(|next| next.starts_with(&below))
    };
    let leaves: Vec<&str> = objects
        .keys()
        .flatten()
        .copied()
        .filter(|it| is_leaf(it))
        .collect();
    let mut worlds = Vec::with_capacity(leaves.len());
    let is_little = |seen: &[usize]| leaves.len().saturating_mul(seen.len()) <= MAX_SHARED;
    let mut seen = outside.to_vec();
    if !is_little(&seen) {
        worlds.push(World {
            name: ".".to_owned(),
            objects: outside.to_vec(),
            own: outside.to_vec(),
        });
        seen.retain(|&index| is_general(placed[index].fact.as_ref()));
        if !is_little(&seen) {
            seen.clear();
        }
    }
    for leaf in leaves {
        let own = objects[&Some(leaf)].clone();
        let mut all = own.clone();
        let mut at = leaf;
        while let Some((above, _)) = at.rsplit_once('/') {
            at = above;
            if variants.contains(at) {
                all.extend(objects.get(&Some(at)).into_iter().flatten());
            }
        }
        all.extend(&seen);
        all.sort_unstable();
        worlds.push(World {
            name: leaf.to_owned(),
            objects: all,
            own,
        });
    }
    worlds.sort_by_key(|world| world.own.first().copied());
    worlds
}

/// Decides about other objects: Gateways, rights, classes, issuers.
fn is_general(fact: Option<&Fact>) -> bool {
    match fact {
        Some(Fact::Gateway(fact)) => !matches!(fact, gateway::Fact::Route(_)),
        Some(Fact::IngressClass(_) | Fact::Issuer(_)) => true,
        _ => false,
    }
}

/// The deepest variant that a place lies in.
fn owner<'v>(place: &str, variants: &'v BTreeSet<String>) -> Option<&'v str> {
    let mut at = place;
    loop {
        if let Some(found) = variants.get(at) {
            return Some(found);
        }
        at = at.rsplit_once('/')?.0;
    }
}

/// Of several in one text the last one stays, and of equal ones the first.
fn keep_one_of_each(world: &mut World, placed: &[Placed]) {
    let mut kept: HashMap<&str, usize> = HashMap::with_capacity(world.objects.len());
    let mut dropped = BTreeSet::new();
    for &index in &world.objects {
        let Some(identity) = &placed[index].identity else {
            continue;
        };
        let earlier = kept.entry(identity).or_insert(index);
        if *earlier == index {
            continue;
        }
        if placed[*earlier].text == placed[index].text {
            dropped.insert(std::mem::replace(earlier, index));
        } else {
            dropped.insert(index);
        }
    }
    if !dropped.is_empty() {
        world.objects.retain(|index| !dropped.contains(index));
        world.own.retain(|index| !dropped.contains(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(places: &[&str]) -> Vec<String> {
        let mut found = BTreeSet::new();
        cut(places.to_vec(), &mut found);
        found.into_iter().collect()
    }

    #[test]
    fn copies_are_cut_at_the_deepest_directory_that_has_both() {
        assert_eq!(
            variants(&["clusters/dev/web.yaml", "clusters/prod/a/web.yaml"]),
            ["clusters/dev", "clusters/prod"]
        );
        assert_eq!(variants(&["a.yaml", "b.yaml"]), ["a.yaml", "b.yaml"]);
        assert_eq!(
            variants(&["c/dev/a.yaml", "c/dev/b.yaml", "c/prod/a.yaml"]),
            ["c/dev", "c/dev/a.yaml", "c/dev/b.yaml", "c/prod"]
        );
        // `a-b` sorts between `a` and `a/b` as a text, not as a path.
        assert_eq!(
            variants(&["a-b/x", "a/x", "a/y"]),
            ["a", "a-b", "a/x", "a/y"]
        );
        assert!(variants(&["a.yaml", "a.yaml"]).is_empty());
    }
}
