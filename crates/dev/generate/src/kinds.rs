//! What follows from the table of kinds: values, rights and webhook rules of the chart.
//!
//! ```text
//! KINDS ─┬─▶ templates/_kinds.tpl   what is watched, what is reviewed
//!        └─▶ values.yaml, values.schema.json   `kinds` and `webhook.entries`
//! ```

use std::fmt::Write as _;

use anyhow::{Context, Result};
use certlint_core::kubernetes::kinds::{Entry, Kind, Product, SECRET};
use serde_json::{Value, json};

use super::{put, read};

const TEMPLATE: &str = "charts/certlint/templates/_kinds.tpl";
const VALUES: &str = "charts/certlint/values.yaml";

/// Writes the files, or with `check` only says whether they are up to date.
pub(super) fn run(check: bool) -> Result<()> {
    put(TEMPLATE, &template()?, check)?;
    let values = with_part(&read(VALUES)?, "kinds", 2, &switches())?;
    let values = with_part(&values, "entries", 4, &entries())?;
    put(VALUES, &values, check)
}

/// Sets what `values.schema.json` says of the values that are generated.
pub(super) fn describe(schema: &mut Value) {
    let kinds = &mut schema["properties"]["kinds"]["properties"];
    *kinds = json!({});
    for product in products() {
        kinds[product.value] = json!({ "type": "boolean" });
    }
    let entries = &mut schema["properties"]["webhook"]["properties"]["entries"]["properties"];
    for entry in reviewed().chain(SECRET.entry()) {
        entries[entry.value] = json!({
            "additionalProperties": false,
            "properties": {
                "enabled": { "type": "boolean" },
                "failurePolicy": { "enum": ["", "Ignore", "Fail"] },
            },
            "type": "object",
        });
    }
}

/// The products that bring kinds, in the order of the table.
fn products() -> Vec<&'static Product> {
    let mut products = Vec::new();
    for product in Kind::watched().filter_map(Kind::product) {
        if !products.contains(&product) {
            products.push(product);
        }
    }
    products
}

/// The entries of the webhook configuration, in the order of the table, but for that of Secrets.
fn reviewed() -> impl Iterator<Item = &'static Entry> {
    let mut entries = Vec::new();
    for entry in Kind::watched()
        .filter(|kind| **kind != SECRET)
        .filter_map(Kind::entry)
    {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries.into_iter()
}

/// The helpers of the chart that say what is watched and what is reviewed.
fn template() -> Result<String> {
    let mut watched: Vec<Value> = Vec::new();
    for kind in Kind::watched().filter(|kind| **kind != SECRET) {
        let value = kind.product().map_or("", |product| product.value);
        let rule = watched.iter_mut().find(|rule| {
            rule["group"] == kind.group
                && rule["value"] == value
                && rule["namespaced"] == kind.is_namespaced
        });
        match rule.and_then(|rule| rule["resources"].as_array_mut()) {
            Some(resources) => resources.push(kind.plural.into()),
            None => watched.push(json!({
                "group": kind.group,
                "namespaced": kind.is_namespaced,
                "resources": [kind.plural],
                "value": value,
            })),
        }
    }
    let mut reviews: Vec<Value> = Vec::new();
    for entry in reviewed().chain(SECRET.entry()) {
        let kinds = || Kind::watched().filter(|kind| kind.entry() == Some(entry));
        let rules = kinds().map(|kind| {
            json!({ "group": kind.group, "resource": kind.plural, "versions": kind.versions })
        });
        reviews.push(json!({
            "entry": entry.value,
            "name": kebab(entry.value),
            "rules": rules.collect::<Vec<_>>(),
            "value": kinds().find_map(Kind::product).map_or("", |product| product.value),
        }));
    }
    let mut text = String::from(
        "{{/* Made from the table of kinds by `cargo xtask generate`. */}}\n\n\
         {{/* What is watched besides Secrets; `value` is the one of `kinds` that switches it off. */}}\n",
    );
    define(&mut text, "watched", &watched)?;
    text.push_str("\n{{/* The entries of the webhook configuration. */}}\n");
    define(&mut text, "reviewed", &reviews)?;
    Ok(text)
}

fn define(text: &mut String, name: &str, items: &[Value]) -> Result<()> {
    let lines: Result<Vec<_>, _> = items.iter().map(serde_json::to_string).collect();
    let lines = lines?.join(",\n  ");
    writeln!(
        text,
        "{{{{- define \"certlint.{name}\" -}}}}\n[\n  {lines}\n]\n{{{{- end }}}}"
    )?;
    Ok(())
}

/// `openshiftRoute` as `openshift-route`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(char.to_ascii_lowercase());
    }
    text
}

fn switches() -> String {
    let mut text = String::new();
    for Product { value, about } in products() {
        // Writing to a string cannot fail.
        let _ = write!(text, "  # -- {about}\n  {value}: true\n");
    }
    text
}

fn entries() -> String {
    let mut text = String::new();
    for (index, Entry { value, about }) in reviewed().enumerate() {
        let more = if index == 0 {
            "; `webhook.failurePolicy` when empty"
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "    {value}:\n      # -- Check {about}\n      enabled: true\n      \
             # -- Its own failure policy{more}\n      failurePolicy: \"\"\n"
        );
    }
    text
}

/// `text` with `part` between the two comments of that name.
fn with_part(text: &str, name: &str, indent: usize, part: &str) -> Result<String> {
    let comment = |end: &str| format!("{:indent$}# {name}:{end} (`cargo xtask generate`)\n", "");
    let (start, end) = (comment("start"), comment("end"));
    let (head, rest) = text
        .split_once(&start)
        .with_context(|| format!("there is no line `{}`", start.trim()))?;
    let (_, tail) = rest
        .split_once(&end)
        .with_context(|| format!("there is no line `{}`", end.trim()))?;
    Ok(format!("{head}{start}{part}{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_between_its_comments_and_nowhere_else() {
        let text = "a:\n  # x:start (`cargo xtask generate`)\n  old: 1\n  # x:end (`cargo xtask generate`)\nb: 2\n";
        let fresh = with_part(text, "x", 2, "  new: 1\n").unwrap();
        assert_eq!(fresh, text.replace("old", "new"));
        assert!(with_part("a: 1\n", "x", 2, "").is_err());
    }

    #[test]
    fn names_of_entries_are_labels() {
        assert_eq!(kebab("openshiftRoute"), "openshift-route");
        assert_eq!(kebab("ingress"), "ingress");
    }
}
