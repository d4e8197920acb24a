//! A configuration before it is spelled: directives as lists of words.

use super::rng::Rng;

/// A directive, with or without a block.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Name and arguments as nginx shall understand them, before any quoting.
    pub(crate) words: Vec<String>,
    /// Its block.
    pub(crate) block: Option<Vec<Self>>,
}

impl Item {
    /// A simple directive.
    pub(crate) fn simple<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self {
            words: words.into_iter().map(Into::into).collect(),
            block: None,
        }
    }

    /// A directive with a block.
    pub(crate) fn block<W: Into<String>>(
        words: impl IntoIterator<Item = W>,
        items: Vec<Self>,
    ) -> Self {
        Self {
            block: Some(items),
            ..Self::simple(words)
        }
    }

    /// The directive's name.
    pub(crate) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

/// All directives called `name` in `items`, blocks within blocks included.
pub(crate) fn all<'a>(items: &'a mut [Item], name: &str) -> Vec<&'a mut Item> {
    let mut found = Vec::new();
    for item in items {
        if item.name() == name {
            found.push(item);
        } else if let Some(block) = &mut item.block {
            found.extend(all(block, name));
        }
    }
    found
}

/// The blocks of all directives called `name`.
pub(crate) fn blocks<'a>(items: &'a mut [Item], name: &str) -> Vec<&'a mut Vec<Item>> {
    let mut found = Vec::new();
    for item in items {
        let hit = item.name() == name;
        if let Some(block) = &mut item.block {
            if hit {
                found.push(block);
            } else {
                found.extend(blocks(block, name));
            }
        }
    }
    found
}

/// One of the directives called `name`, if there is one.
pub(crate) fn any<'a>(items: &'a mut [Item], name: &str, rng: &mut Rng) -> Option<&'a mut Item> {
    let mut found = all(items, name);
    let index = rng.below(found.len().max(1));
    (index < found.len()).then(|| found.swap_remove(index))
}

/// The block of one of the directives called `name`, if there is one.
pub(crate) fn any_block<'a>(
    items: &'a mut [Item],
    name: &str,
    rng: &mut Rng,
) -> Option<&'a mut Vec<Item>> {
    let mut found = blocks(items, name);
    let index = rng.below(found.len().max(1));
    (index < found.len()).then(|| found.swap_remove(index))
}
