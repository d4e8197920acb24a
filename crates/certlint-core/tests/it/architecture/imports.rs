//! Which module of a crate names which other: read from the sources, where `use` trees and paths in
//! code count alike, and re-exports are followed to the module that defines what they name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A module by its names from the crate's root on; the root is empty.
pub(crate) type ModulePath = Vec<String>;

/// A mention of something that another module defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: ModulePath,
    pub(crate) to: ModulePath,
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from.join("::"), self.to.join("::"));
        write!(f, "{from} -> {to} ({}:{})", self.file, self.line)
    }
}

/// The modules of a crate.
#[derive(Default)]
pub(crate) struct Modules {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Default)]
struct Module {
    file: String,
    /// The modules and items that it defines.
    defines: BTreeSet<String>,
    /// Names that it brings in, private or not, with what they stand for.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    mentions: Vec<Mention>,
}

/// A path as it is written, from the module that it is written in.
struct Mention {
    path: Vec<String>,
    line: usize,
}

impl Modules {
    /// Reads a crate from its files by their paths below `src`.
    pub(crate) fn read(files: &BTreeMap<String, String>) -> Self {
        let mut modules = Self::default();
        modules.read_file(files, "lib.rs", Vec::new(), "");
        modules
    }

    /// Reads the file of a module, and those of its children, which are in `folder`.
    fn read_file(
        &mut self,
        files: &BTreeMap<String, String>,
        name: &str,
        path: ModulePath,
        folder: &str,
    ) {
        let text = &files[name];
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.read_items(files, name, &path, folder, &file.items);
    }

    fn read_items(
        &mut self,
        files: &BTreeMap<String, String>,
        name: &str,
        path: &ModulePath,
        folder: &str,
        items: &[syn::Item],
    ) {
        let mut module = Module {
            file: name.to_owned(),
            ..Module::default()
        };
        for item in items {
            let syn::Item::Mod(child) = item else {
                module.visit_item(item);
                continue;
            };
            if is_test(&child.attrs) {
                continue;
            }
            let ident = child.ident.to_string();
            module.defines.insert(ident.clone());
            let child_path = [path.as_slice(), std::slice::from_ref(&ident)].concat();
            let child_folder = format!("{folder}{ident}/");
            if let Some((_, items)) = &child.content {
                self.read_items(files, name, &child_path, &child_folder, items);
                continue;
            }
            let candidates = [
                format!("{folder}{ident}.rs"),
                format!("{child_folder}mod.rs"),
            ];
            let file = candidates.into_iter().find(|file| files.contains_key(file));
            let file = file.unwrap_or_else(|| panic!("{name}: no file for `mod {ident}`"));
            self.read_file(files, &file, child_path, &child_folder);
        }
        self.modules.insert(path.clone(), module);
    }

    /// Every mention of another module's items, sorted.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (from, module) in &self.modules {
            for mention in &module.mentions {
                let Some(to) = self.module_of(from, &mention.path, 0) else {
                    continue;
                };
                if to != *from {
                    arrows.push(Arrow {
                        from: from.clone(),
                        to,
                        file: module.file.clone(),
                        line: mention.line,
                    });
                }
            }
        }
        arrows.sort();
        arrows.dedup();
        arrows
    }

    /// The module that defines what a path leads to; `None` for another crate's.
    fn module_of(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<ModulePath> {
        // Re-exports in a circle do not compile.
        assert!(depth < 32, "{path:?} in {from:?} leads nowhere");
        let (mut at, rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|step| *step == "super").count();
                (from[..from.len().checked_sub(up)?].to_vec(), &path[up..])
            }
            first => {
                let module = &self.modules[from];
                let is_known = module.defines.contains(first) || module.imports.contains_key(first);
                if !is_known {
                    return None;
                }
                (from.clone(), path)
            }
        };
        for (index, step) in rest.iter().enumerate() {
            let child = [at.as_slice(), std::slice::from_ref(step)].concat();
            if self.modules.contains_key(&child) {
                at = child;
                continue;
            }
            let module = &self.modules[&at];
            if module.defines.contains(step) {
                return Some(at);
            }
            if let Some(import) = module.imports.get(step) {
                let path = [import.as_slice(), &rest[index + 1..]].concat();
                // Another crate's item belongs to the module that hands it on.
                return self.module_of(&at, &path, depth + 1).or(Some(at));
            }
            let through = module.globs.iter().find_map(|glob| {
                let module = self.module_of(&at, glob, depth + 1)?;
                let has_it = self.modules[&module].defines.contains(step);
                has_it.then_some(module)
            });
            return Some(through.unwrap_or(at));
        }
        Some(at)
    }
}

impl Module {
    fn mention(&mut self, path: Vec<String>, line: usize) {
        self.mentions.push(Mention { path, line });
    }

    /// Takes a `use` tree apart. What is re-exported is no mention: whoever uses it makes one.
    fn read_use(&mut self, tree: &syn::UseTree, mut path: Vec<String>, is_private: bool) {
        let (name, alias, line) = match tree {
            syn::UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.read_use(&tree.tree, path, is_private);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(tree, path.clone(), is_private);
                }
                return;
            }
            syn::UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                if is_private {
                    self.mention(path.clone(), line);
                }
                return self.globs.push(path);
            }
            syn::UseTree::Name(tree) => (&tree.ident, &tree.ident, tree.ident.span()),
            syn::UseTree::Rename(tree) => (&tree.ident, &tree.rename, tree.ident.span()),
        };
        let mut alias = alias.to_string();
        if name == "self" {
            if alias == "self" {
                alias = path.last().cloned().unwrap_or_default();
            }
        } else {
            path.push(name.to_string());
        }
        if is_private {
            self.mention(path.clone(), line.start().line);
        }
        // `use x::y;` where `x` is another crate resolves to nothing.
        if path.first() != Some(&alias) {
            self.imports.insert(alias, path);
        }
    }

    /// Finds paths in what a macro is given, which is not parsed.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(&mut path, line);
                    }
                    if path.is_empty() {
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                TokenTree::Group(group) => {
                    self.end_path(&mut path, line);
                    colons = 0;
                    self.read_tokens(group.stream());
                }
                _ => {
                    self.end_path(&mut path, line);
                    colons = 0;
                }
            }
        }
        self.end_path(&mut path, line);
    }

    fn end_path(&mut self, path: &mut Vec<String>, line: usize) {
        if path.len() > 1 {
            self.mention(std::mem::take(path), line);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let (attributes, ident) = match item {
            syn::Item::Const(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Enum(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Fn(it) => (&it.attrs, Some(&it.sig.ident)),
            syn::Item::Macro(it) => (&it.attrs, it.ident.as_ref()),
            syn::Item::Static(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Struct(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Trait(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Type(it) => (&it.attrs, Some(&it.ident)),
            syn::Item::Impl(it) => (&it.attrs, None),
            syn::Item::Use(it) => (&it.attrs, None),
            _ => return visit::visit_item(self, item),
        };
        if is_test(attributes) {
            return;
        }
        self.defines.extend(ident.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        self.read_use(&item.tree, Vec::new(), is_private);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let steps: Vec<String> = path
            .segments
            .iter()
            .map(|it| it.ident.to_string())
            .collect();
        if steps.len() > 1 && path.leading_colon.is_none() {
            let line = path.segments[0].ident.span().start().line;
            self.mention(steps, line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, it: &'ast syn::Macro) {
        self.read_tokens(it.tokens.clone());
    }

    // Neither says what an item depends on.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let is_test =
        |meta: &syn::MetaList| meta.path.is_ident("cfg") && meta.tokens.to_string() == "test";
    attributes
        .iter()
        .any(|it| matches!(&it.meta, syn::Meta::List(meta) if is_test(meta)))
}
