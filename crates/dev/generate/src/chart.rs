//! The chart's descriptions of its values: the table of its README, and those in
//! `values.schema.json`, both from the comments in `values.yaml`.
//!
//! ```text
//! values.yaml          # -- Replicas          ─▶  README.md           | `replicaCount` | `2` | Replicas |
//!                      replicaCount: 2        ─▶  values.schema.json  "description": "Replicas"
//! ```
//!
//! The types in the schema are written by hand, but for those of the embedded `certlint.yaml`.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::{kinds, put, read, with_table};

const README: &str = "charts/certlint/README.md";
const VALUES: &str = "charts/certlint/values.yaml";
const SCHEMA: &str = "charts/certlint/values.schema.json";

/// Keys of a `certlint.yaml` that mean something where there are no files.
const DOCUMENT: [&str; 3] = ["rules", "exemptions", "ingress-classes"];

/// Keys of charts that this one may be part of; not in `values.yaml`.
const OF_PARENTS: [&str; 2] = ["enabled", "global"];

/// A value that has a comment.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// The keys that lead to it.
    path: Vec<String>,
    text: String,
}

/// Writes both files, or with `check` only says whether they are up to date.
pub(super) fn run(check: bool) -> Result<()> {
    let text = read(VALUES)?;
    let rows = rows(&text)?;
    let values: Value = serde_yaml::from_str(&text)?;
    put(
        README,
        &with_table(&read(README)?, "values", &table(&rows, &values)?)?,
        check,
    )?;
    let mut schema: Value = serde_json::from_str(&read(SCHEMA)?)?;
    let document = serde_json::to_value(certlint_core::config::schema())?;
    embed(&mut schema, &document)?;
    kinds::describe(&mut schema);
    describe(&mut schema, &rows)?;
    every_value_is_described(&schema, &mut Vec::new(), &rows)?;
    let mut fresh = serde_json::to_string_pretty(&schema)?;
    fresh.push('\n');
    put(SCHEMA, &fresh, check)
}

/// The values that have a comment `# -- …`, which may go on in lines that begin with `#`.
fn rows(text: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut comment: Option<String> = None;
    for line in text.lines() {
        let rest = line.trim_start();
        let indent = line.len() - rest.len();
        if let Some(begun) = rest.strip_prefix("# -- ") {
            comment = Some(begun.to_owned());
        } else if let Some(more) = rest.strip_prefix("# ") {
            if let Some(comment) = &mut comment {
                let _ = write!(comment, " {more}");
            }
        } else if let Some((key, _)) = rest.split_once(':').filter(|_| !rest.starts_with('-')) {
            path.retain(|(depth, _)| *depth < indent);
            path.push((indent, key.to_owned()));
            if let Some(text) = comment.take() {
                let path = path.iter().map(|(_, key)| key.clone()).collect();
                rows.push(Row { path, text });
            }
        } else if comment.is_some() {
            bail!("{VALUES}: a comment that belongs to no value, above {line:?}");
        }
    }
    Ok(rows)
}

fn table(rows: &[Row], values: &Value) -> Result<String> {
    let mut table = String::from("| value | default | what it is |\n|---|---|---|\n");
    for row in rows {
        let value = (row.path.iter()).try_fold(values, |value, key| value.get(key));
        let value = value.with_context(|| format!("no value {}", row.path.join(".")))?;
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | `{}` | {} |",
            row.path.join("."),
            value.to_string().replace('|', "\\|"),
            row.text.replace('|', "\\|")
        );
    }
    Ok(table)
}

/// Puts the schema of the embedded `certlint.yaml` where it belongs.
fn embed(schema: &mut Value, document: &Value) -> Result<()> {
    let mut properties = Map::new();
    for key in DOCUMENT {
        let mut property = document["properties"][key].clone();
        ensure!(property.is_object(), "certlint.yaml has no key `{key}`");
        also_false(&mut property);
        properties.insert(key.to_owned(), property);
    }
    schema["$defs"] = json!({ "Exemption": document["$defs"]["Exemption"] });
    schema["properties"]["config"]["properties"]["certlint"] = json!({
        "additionalProperties": false,
        "properties": properties,
        "type": "object",
    });
    Ok(())
}

/// Helm reads a bare `off` as false.
fn also_false(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(also_false),
        Value::Object(map) => {
            if let Some(Value::Array(words)) = map.get_mut("enum")
                && words.iter().any(|word| word == "off")
            {
                words.push(Value::Bool(false));
            }
            map.values_mut().for_each(also_false);
        }
        _ => {}
    }
}

fn describe(schema: &mut Value, rows: &[Row]) -> Result<()> {
    for row in rows {
        let place = (row.path.iter()).try_fold(&mut *schema, |schema, key| {
            schema.get_mut("properties")?.get_mut(key)
        });
        let place = place
            .and_then(Value::as_object_mut)
            .with_context(|| format!("{SCHEMA} does not know the value {}", row.path.join(".")))?;
        place.insert("description".to_owned(), json!(row.text));
    }
    Ok(())
}

/// Every value of the schema is in `values.yaml`, with a comment.
fn every_value_is_described(schema: &Value, path: &mut Vec<String>, rows: &[Row]) -> Result<()> {
    if rows.iter().any(|row| row.path == *path) {
        return Ok(());
    }
    let properties = schema["properties"].as_object();
    let properties =
        properties.with_context(|| format!("{VALUES} has no comment on {}", path.join(".")))?;
    for (key, schema) in properties {
        if path.is_empty() && OF_PARENTS.contains(&key.as_str()) {
            continue;
        }
        path.push(key.clone());
        every_value_is_described(schema, path, rows)?;
        path.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# About the file.

# -- How
# many
count: 2
# Not shown.
a:
  b:
    # -- Deep
    c: {x: [1]}
  # -- Less deep
  d: \"|\"
";

    fn row(path: &[&str], text: &str) -> Row {
        Row {
            path: path.iter().map(|&key| key.to_owned()).collect(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn comments_belong_to_the_value_below() {
        assert_eq!(
            rows(TEXT).unwrap(),
            [
                row(&["count"], "How many"),
                row(&["a", "b", "c"], "Deep"),
                row(&["a", "d"], "Less deep"),
            ]
        );
    }

    #[test]
    fn the_table_shows_the_defaults() {
        let values = serde_yaml::from_str(TEXT).unwrap();
        let table = table(&rows(TEXT).unwrap(), &values).unwrap();
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| `count` | `2` | How many |",
                "| `a.b.c` | `{\"x\":[1]}` | Deep |",
                "| `a.d` | `\"\\|\"` | Less deep |",
            ]
        );
    }

    #[test]
    fn a_value_without_a_comment_is_found() {
        let schema = json!({ "properties": { "a": { "properties": { "b": {}, "c": {} } } } });
        let rows = [row(&["a", "b"], "B")];
        let error = every_value_is_described(&schema, &mut Vec::new(), &rows).unwrap_err();
        assert!(error.to_string().ends_with("no comment on a.c"), "{error}");
        let whole = [row(&["a"], "A")];
        assert!(every_value_is_described(&schema, &mut Vec::new(), &whole).is_ok());
    }

    #[test]
    fn a_comment_on_what_the_schema_does_not_know_is_an_error() {
        let mut schema = json!({ "properties": {} });
        assert!(describe(&mut schema, &[row(&["a"], "A")]).is_err());
    }

    #[test]
    fn off_may_have_become_false() {
        let mut schema = json!({ "properties": { "x": { "enum": ["on", "off"] } } });
        also_false(&mut schema);
        assert_eq!(
            schema["properties"]["x"]["enum"],
            json!(["on", "off", false])
        );
    }
}
