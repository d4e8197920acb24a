//! Clients in Pods that are told not to verify servers: by their environment or their arguments.
//!
//! Every object with a Pod template is read, whatever its kind. What comes from elsewhere
//! (`valueFrom`, `envFrom`, a script in an image) is not known here and stays silent, and so do
//! probes: a Pod that asks itself has nobody in between.

mod shell;
mod switch;

use std::borrow::Cow;

use manifest_syntax::{Node, Value};

use super::reading::path;
use crate::model::Diagnosis;
use crate::source::{Locate as _, Location, SourceId, Span};
use switch::Switch;

/// The path of a Pod's specification in the kinds that have one.
const POD_SPECS: [&[&str]; 4] = [
    &["spec"],
    &["spec", "template", "spec"],
    &["spec", "jobTemplate", "spec", "template", "spec"],
    &["template", "spec"],
];

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The API server takes no object above 1.5 MiB; longer scripts never run.
const SCRIPT_MAX: usize = 3 << 19;

/// The switches in the containers of an object.
pub(super) fn disabled(object: Node<'_>, source: SourceId) -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    for spec in POD_SPECS.iter().filter_map(|keys| path(object, keys)) {
        for containers in CONTAINERS.iter().filter_map(|key| spec.get(key)) {
            for container in containers.items() {
                environment(container, source, &mut diagnoses);
                arguments(container, source, &mut diagnoses);
            }
        }
    }
    diagnoses
}

fn environment(container: Node<'_>, source: SourceId, diagnoses: &mut Vec<Diagnosis>) {
    for variable in container.get("env").into_iter().flat_map(Node::items) {
        let field = |name| variable.get(name).and_then(Node::text);
        let (Some(name), Some(value)) = (field("name"), field("value")) else {
            continue;
        };
        if let Some(switch) = switch::variable(name, value) {
            let at = variable.get("value").unwrap_or(variable).at(source);
            diagnoses.push(diagnosis(switch, at));
        }
    }
}

/// The words that the container starts with: `command`, else what the image has, then `args`.
fn arguments(container: Node<'_>, source: SourceId, diagnoses: &mut Vec<Diagnosis>) {
    let items = |name| container.get(name).into_iter().flat_map(Node::items);
    let is_text = |node: &Node<'_>| matches!(node.value(), Value::Text(_));
    let nodes: Vec<_> = items("command")
        .chain(items("args"))
        .filter(is_text)
        .collect();
    if nodes.is_empty() {
        return;
    }
    let mut words: Vec<Cow<'_, str>> = Vec::new();
    if items("command").next().is_none() {
        // The image's own program is not known; that of `curlimages/curl:8` is likely curl.
        let image = container.get("image").and_then(Node::text);
        words.push(image.map_or("", program_of).into());
    }
    let first = words.len();
    words.extend(
        nodes
            .iter()
            .filter_map(|node| node.text().map(Cow::Borrowed)),
    );
    if let Some((index, switch)) = switch::command(&words)
        && let Some(node) = index.checked_sub(first).and_then(|index| nodes.get(index))
    {
        diagnoses.push(diagnosis(switch, node.at(source)));
    }
    let script = shell::script(&words).and_then(|index| index.checked_sub(first));
    if let Some(&node) = script.and_then(|index| nodes.get(index)) {
        in_script(node, source, diagnoses);
    }
}

fn in_script(node: Node<'_>, source: SourceId, diagnoses: &mut Vec<Diagnosis>) {
    let script = node.text().unwrap_or_default();
    if script.len() > SCRIPT_MAX {
        return;
    }
    let mut found = Vec::new();
    shell::commands(script, &mut |command| {
        let words: Vec<_> = command.iter().map(shell::Word::text).collect();
        if let Some((index, switch)) = switch::command(&words) {
            found.push((command[index], switch));
        }
    });
    if found.is_empty() {
        return;
    }
    let map = node.text_map();
    for (word, switch) in found {
        let mut at = node.at(source);
        let span = Span::new(word.start, word.start + word.raw.len());
        at.span = Some(map.locate(span));
        diagnoses.push(diagnosis(switch, at));
    }
}

fn program_of(image: &str) -> &str {
    let path = image.split('@').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}

fn diagnosis(switch: Switch, at: Location) -> Diagnosis {
    Diagnosis::VerificationDisabled {
        at,
        switch: switch.text,
        client: switch.client,
        cure: switch.cure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::objects;
    use manifest_syntax::read;

    /// The switches in a container, each with what it is told at.
    fn found(container: &str) -> Vec<(String, String)> {
        let text = format!("kind: Pod\nspec:\n  containers:\n  - {container}\n");
        let documents = read(text.as_bytes());
        let tree = documents[0].tree().expect("it can be read");
        let diagnoses = disabled(objects(tree)[0].node, SourceId(0));
        let show = |diagnosis| {
            let Diagnosis::VerificationDisabled { at, switch, .. } = diagnosis else {
                panic!("{diagnosis:?}")
            };
            let at = at.span.expect("a span").of(text.as_bytes());
            (switch, String::from_utf8_lossy(at).into_owned())
        };
        diagnoses.into_iter().map(show).collect()
    }

    fn switches(container: &str) -> Vec<String> {
        found(container).into_iter().map(|found| found.0).collect()
    }

    #[test]
    fn the_word_itself_is_pointed_at() {
        let one = |switch: &str, at: &str| vec![(switch.to_owned(), at.to_owned())];
        for (container, expected) in [
            (
                r#"{command: [curl, "-k", "https://a.example/"]}"#,
                one("-k", "\"-k\""),
            ),
            (
                "command: [sh, -c]\n    args:\n    - |\n      set -e\n      curl -sk https://a.example/",
                one("-k", "-sk"),
            ),
            (
                r#"command: ["sh", "-ec", "a=\"$(curl -sk https://a.example/)\""]"#,
                one("-k", "-sk"),
            ),
            (
                r#"env: [{name: NODE_TLS_REJECT_UNAUTHORIZED, value: "0"}]"#,
                one("NODE_TLS_REJECT_UNAUTHORIZED=0", "\"0\""),
            ),
        ] {
            assert_eq!(found(container), expected, "{container}");
        }
    }

    #[test]
    fn the_image_tells_the_program_where_no_command_does() {
        for image in [
            "curlimages/curl",
            "registry.example:5000/curl:8.1",
            "curl@sha256:00",
        ] {
            let container = format!(r#"{{image: "{image}", args: ["-k", "https://a.example/"]}}"#);
            assert_eq!(switches(&container), ["-k"], "{container}");
        }
        for container in [
            r#"{image: "example/server:1", args: ["--insecure"]}"#,
            r#"{image: "curlimages/curl", command: [sort], args: ["-k", "2"]}"#,
            r#"{image: "curlimages/curl"}"#,
        ] {
            assert_eq!(switches(container), [""; 0], "{container}");
        }
    }

    #[test]
    fn every_command_of_a_script_is_read() {
        let script = "curl -k https://a.example/ | wget --no-check-certificate https://b.example/";
        for shell in [
            "sh, -c",
            "/bin/bash, -euo, pipefail, -c",
            "tini, --, ash, -lc",
        ] {
            let container = format!("command: [{shell}, '{script}']");
            let expected = ["-k", "--no-check-certificate"];
            assert_eq!(switches(&container), expected, "{container}");
        }
        assert_eq!(switches(&format!("command: [echo, '{script}']")), [""; 0]);
    }
}
