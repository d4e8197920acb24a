//! `map` blocks, with the includes inside them.

use std::sync::Arc;

use nginx_syntax::{Directive, Directives};

use super::lossy;
use super::variable::Map;
use super::walk::{Parsed, Walker};

/// Files that one map may include; more are not read, and the map counts as not known.
const MAX_MAP_INCLUDES: usize = 1_000;

impl Walker<'_, '_> {
    /// `map $source $target { … }`
    pub(super) fn map(&mut self, parsed: &Arc<Parsed>, directive: Directive<'_>) {
        let bytes = &parsed.text.bytes;
        let [source, target] = directive.arguments() else {
            return;
        };
        let Some(target) = target.text(bytes).strip_prefix(b"$") else {
            let message = format!("invalid variable name `{}`", lossy(target.text(bytes)));
            return self.refuse(parsed.at(target), message, None);
        };
        let mut map = Map {
            source: source.text(bytes).to_vec(),
            ..Map::default()
        };
        let mut pending = Vec::new();
        self.map_entries(parsed, directive.children(), &mut map, &mut pending);
        // Included files may include others, or themselves.
        let mut included = 0;
        while let Some(file) = pending.pop() {
            included += 1;
            if included > MAX_MAP_INCLUDES {
                map.open_ended = true;
                break;
            }
            self.map_entries(&file, file.tree.directives(), &mut map, &mut pending);
        }
        self.config.variables.maps.insert(target.to_vec(), map);
    }

    fn map_entries(
        &mut self,
        parsed: &Arc<Parsed>,
        entries: Directives<'_>,
        map: &mut Map,
        pending: &mut Vec<Arc<Parsed>>,
    ) {
        let bytes = &parsed.text.bytes;
        for entry in entries {
            let key = entry.name().text(bytes);
            match (key, entry.arguments()) {
                (b"hostnames", []) => map.hostnames = true,
                (b"volatile", []) => {}
                (b"include", [path]) => {
                    let files = self.data_include(parsed, path);
                    map.open_ended |= files.is_none();
                    pending.extend(files.into_iter().flatten());
                }
                (b"default", [value]) => map.default = Some(value.text(bytes).to_vec()),
                (key, [value]) => {
                    let is_regex = key.starts_with(b"~");
                    let key = key.strip_prefix(b"\\").unwrap_or(key);
                    let bare = key.strip_prefix(b".").filter(|_| map.hostnames);
                    if !is_regex && !map.keys.insert(bare.unwrap_or(key).to_ascii_lowercase()) {
                        let message = format!("conflicting parameter `{}`", lossy(key));
                        self.refuse(parsed.at(entry.name()), message, None);
                    }
                    let value = value.text(bytes).to_vec();
                    map.entries.push((key.to_vec(), value));
                }
                _ => {
                    let message = "invalid number of the map parameters".to_owned();
                    self.refuse(parsed.at(entry.name()), message, None);
                }
            }
        }
    }
}
