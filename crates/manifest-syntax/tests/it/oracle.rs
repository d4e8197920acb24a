//! Our data against what `serde_yaml` and `serde_json` read from the same generated texts.
//!
//! The words that kubectl reads unlike YAML 1.2 have a table of their own, beside the code that
//! resolves them; plain words here mean the same to both.

use manifest_syntax::{Body, Node, Value, read};
use proptest::prelude::*;
use serde_yaml::Value as Yaml;

/// A value to be written in some style.
#[derive(Clone, Debug)]
enum Shape {
    Plain(&'static str),
    Text(String),
    Sequence(Vec<Self>),
    Mapping(Vec<(String, Self)>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let plain = prop::sample::select(vec![
        "a",
        "null",
        "~",
        "true",
        "false",
        "0",
        "80",
        "-3",
        "1.5",
        "2.5e3",
        "x y",
        "a:b",
        "http://a/#b",
        ".a.example",
        "--flag=x",
        "2001-01-01",
        "10.0.0.1",
        "1:30",
        "é",
        "x'y",
    ]);
    let text = "[ -~\n\t\u{e9}\u{20ac}\u{1f600}#:'\"\\\\-]{0,20}";
    let leaf = prop_oneof![
        plain.prop_map(Shape::Plain),
        text.prop_map(Shape::Text),
        "[a-z]{1,8}(\n[ a-z]{0,8}){1,3}\n{0,2}".prop_map(Shape::Text),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let key = "[a-z./][a-z./-]{0,6}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Shape::Sequence),
            prop::collection::vec((key, inner), 0..5).prop_map(|mut entries| {
                entries.sort_by(|left, right| left.0.cmp(&right.0));
                entries.dedup_by(|left, right| left.0 == right.0);
                // These mean something else to kubectl.
                entries.retain(|(key, _)| {
                    !["y", "n", "on", "no", "yes", "off", "null"].contains(&key.as_str())
                });
                Shape::Mapping(entries)
            }),
        ]
    })
}

/// How to write: digits that choose among styles, used up one by one.
struct Writer {
    choices: Vec<u8>,
    next: usize,
    text: String,
}

impl Writer {
    fn choose(&mut self, among: u8) -> u8 {
        self.next += 1;
        self.choices[self.next % self.choices.len()] % among
    }

    fn noise(&mut self, column: usize) {
        match self.choose(12) {
            0 => self.text.push_str(" # note"),
            1 => self.text.push('\n'),
            2 => {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(column));
                self.text.push_str("# note");
            }
            3 => self.text.push_str("  "),
            _ => {}
        }
    }

    /// A value after a dash or a key at `column`.
    fn value(&mut self, shape: &Shape, column: usize) {
        match shape {
            Shape::Plain(word) => {
                self.text.push(' ');
                self.text.push_str(word);
                self.noise(column);
            }
            Shape::Text(text) => self.scalar(text, column),
            Shape::Sequence(items) if items.is_empty() || self.choose(4) == 0 => {
                self.text.push(' ');
                self.flow(&Shape::Sequence(items.clone()));
                self.noise(column);
            }
            Shape::Mapping(entries) if entries.is_empty() || self.choose(4) == 0 => {
                self.text.push(' ');
                self.flow(&Shape::Mapping(entries.clone()));
                self.noise(column);
            }
            _ => {
                self.noise(column);
                let deeper = column + 1 + usize::from(self.choose(3));
                self.block(shape, deeper);
            }
        }
    }

    fn block(&mut self, shape: &Shape, column: usize) {
        match shape {
            Shape::Sequence(items) => {
                for item in items {
                    self.line(column);
                    self.text.push('-');
                    self.value(item, column);
                }
            }
            Shape::Mapping(entries) => {
                for (key, value) in entries {
                    self.line(column);
                    self.text.push_str(key);
                    self.text.push(':');
                    self.value(value, column);
                }
            }
            Shape::Plain(_) | Shape::Text(_) => {}
        }
    }

    fn line(&mut self, column: usize) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.push_str(&" ".repeat(column));
    }

    fn scalar(&mut self, text: &str, column: usize) {
        let for_block = text.chars().any(char::is_alphanumeric)
            && !text.starts_with([' ', '\n', '\t'])
            && !text.lines().any(|line| line.ends_with([' ', '\t']));
        self.text.push(' ');
        match self.choose(3) {
            0 if for_block => {
                let content = text.trim_end_matches('\n');
                let breaks = text.len() - content.len();
                self.text.push_str(match breaks {
                    0 => "|-",
                    1 => "|",
                    _ => "|+",
                });
                self.text.push('\n');
                for line in content.split('\n') {
                    if !line.is_empty() {
                        self.text.push_str(&" ".repeat(column + 2));
                        self.text.push_str(line);
                    }
                    self.text.push('\n');
                }
                self.text.push_str(&"\n".repeat(breaks.saturating_sub(1)));
            }
            1 if !text.contains(['\n', '\t']) => {
                self.text.push('\'');
                self.text.push_str(&text.replace('\'', "''"));
                self.text.push('\'');
                self.noise(column);
            }
            _ => {
                self.quoted(text);
                self.noise(column);
            }
        }
    }

    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '\n' => self.text.push_str("\\n"),
                '\t' => self.text.push_str("\\t"),
                '"' | '\\' => {
                    self.text.push('\\');
                    self.text.push(character);
                }
                'x' if self.choose(2) == 0 => self.text.push_str("\\x78"),
                '\u{e9}' => self.text.push_str("\\u00e9"),
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    fn flow(&mut self, shape: &Shape) {
        match shape {
            Shape::Plain(word) if word.contains(['#', ':']) => self.quoted(word),
            Shape::Plain(word) => self.text.push_str(word),
            Shape::Text(text) => self.quoted(text),
            Shape::Sequence(items) => {
                self.text.push('[');
                for item in items {
                    self.flow(item);
                    self.text.push_str(", ");
                }
                self.text.push(']');
            }
            Shape::Mapping(entries) => {
                self.text.push('{');
                for (key, value) in entries {
                    self.text.push_str(key);
                    self.text.push_str(": ");
                    self.flow(value);
                    self.text.push_str(", ");
                }
                self.text.push('}');
            }
        }
    }
}

fn write(shape: &Shape, choices: Vec<u8>) -> String {
    let mut writer = Writer {
        choices,
        next: 0,
        text: String::new(),
    };
    match shape {
        Shape::Mapping(entries) if !entries.is_empty() => writer.block(shape, 0),
        Shape::Sequence(items) if !items.is_empty() => writer.block(shape, 0),
        _ => {
            writer.text.push_str("root:");
            writer.value(shape, 0);
        }
    }
    writer.text.push('\n');
    writer.text
}

fn yaml(node: Node<'_>) -> Yaml {
    match node.value() {
        Value::Null => Yaml::Null,
        Value::Bool(value) => value.into(),
        Value::Integer(value) => i64::try_from(value).expect("64 bits").into(),
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Sequence => Yaml::Sequence(node.items().map(yaml).collect()),
        Value::Mapping => {
            let entries = node
                .entries()
                .map(|(key, item)| (key.text().into(), yaml(item)));
            Yaml::Mapping(entries.collect())
        }
    }
}

fn json(node: Node<'_>) -> serde_json::Value {
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => value.into(),
        Value::Integer(value) => i64::try_from(value).expect("64 bits").into(),
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Sequence => node.items().map(json).collect(),
        Value::Mapping => {
            let entries = node
                .entries()
                .map(|(key, item)| (key.text().to_owned(), json(item)));
            serde_json::Value::Object(entries.collect())
        }
    }
}

/// Every letter of a scalar is the one at its place in the source, and every span lies in that of its
/// parent. (Aliases point elsewhere; none are written here.)
fn spans_hold(node: Node<'_>, text: &str) {
    let whole = node.span();
    let scalar = std::str::from_utf8(whole.of(text.as_bytes())).expect("spans end at characters");
    if let Some(value) = node.text() {
        let map = node.text_map();
        for (offset, character) in value
            .char_indices()
            .filter(|(_, c)| c.is_ascii_alphabetic())
        {
            let part = map.locate(manifest_syntax::Span::new(offset, offset + 1));
            let at =
                std::str::from_utf8(part.of(text.as_bytes())).expect("parts end at characters");
            assert!(
                part == whole || at.starts_with(character) || at.starts_with('\\'),
                "{character} of {value:?} at {at:?} in {scalar:?}"
            );
        }
    }
    let values = node.entries().map(|(_, value)| value).chain(node.items());
    for child in values {
        let span = child.span();
        let inside = whole.start <= span.start && span.end <= whole.end;
        assert!(
            inside || span.start == span.end,
            "{span:?} in {whole:?} of {text:?}"
        );
        spans_hold(child, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn yaml_is_what_serde_yaml_reads(shape in shape(), choices in prop::collection::vec(any::<u8>(), 40)) {
        let text = write(&shape, choices);
        let expected: Yaml = serde_yaml::from_str(&text).expect(&text);
        let documents = read(text.as_bytes());
        prop_assert_eq!(documents.len(), 1, "{}", text);
        let Body::Tree(tree) = &documents[0].body else {
            panic!("{:?}\n{text}", documents[0].body);
        };
        prop_assert_eq!(yaml(tree.root()), expected, "{}", text);
        prop_assert!(tree.duplicates().is_empty());
        spans_hold(tree.root(), &text);
    }

    #[test]
    fn a_stream_is_its_documents_one_by_one(
        shapes in prop::collection::vec(shape(), 1..5),
        choices in prop::collection::vec(any::<u8>(), 40),
    ) {
        let texts: Vec<String> = shapes.iter().map(|shape| write(shape, choices.clone())).collect();
        let stream = texts.join("---\n");
        let documents = read(stream.as_bytes());
        prop_assert_eq!(documents.len(), texts.len());
        for (document, text) in documents.iter().zip(&texts) {
            let alone = read(text.as_bytes());
            let (tree, alone) = (document.tree().unwrap(), alone[0].tree().unwrap());
            prop_assert_eq!(yaml(tree.root()), yaml(alone.root()));
            spans_hold(tree.root(), &stream);
        }
    }

    #[test]
    fn json_is_what_serde_json_reads(shape in shape(), pretty in any::<bool>()) {
        let value = serde_json::json!([plain_json(&shape)]);
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let documents = read(text.as_bytes());
        let tree = documents[0].tree().unwrap();
        prop_assert_eq!(json(tree.root()), value);
        spans_hold(tree.root(), &text);
    }

    #[test]
    fn what_serde_json_takes_is_taken_and_the_rest_is_not(text in "[\\[\\]{}\",:0-9eE+. \\\\/untrlfase-]{0,24}") {
        let text = format!("[{{}}, {text}]");
        let expected: Result<serde_json::Value, _> = serde_json::from_str(&text);
        let after_json = format!("{{}}\n{text}");
        let documents = read(after_json.as_bytes());
        let taken = documents.len() == 2 && documents.iter().all(|document| document.tree().is_some());
        prop_assert_eq!(taken, expected.is_ok(), "{}", text);
    }

    #[test]
    fn nothing_makes_the_reader_panic(text in "(\\PC|[\n\t \\-:'\"{}&*!|>%?,#\\[\\]]){0,60}") {
        for document in read(text.as_bytes()) {
            if let Some(tree) = document.tree() {
                spans_hold(tree.root(), &text);
            }
        }
    }
}

fn plain_json(shape: &Shape) -> serde_json::Value {
    match shape {
        Shape::Plain(word) => serde_json::from_str(word).unwrap_or_else(|_| (*word).into()),
        Shape::Text(text) => text.as_str().into(),
        Shape::Sequence(items) => items.iter().map(plain_json).collect(),
        Shape::Mapping(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), plain_json(value)));
            serde_json::Value::Object(entries.collect())
        }
    }
}
