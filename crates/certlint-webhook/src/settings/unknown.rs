//! Keys that the settings do not have, each with the one that was probably meant.

use serde_yaml::{Mapping, Value};

use super::Settings;

/// Adds a line for every unknown key.
pub(super) fn keys(document: &Value, settings: &Settings, mistakes: &mut Vec<String>) {
    // Written out again, the typed form has every key that there is.
    if let Ok(known) = serde_yaml::to_value(settings) {
        compare("", document, &known, mistakes);
    }
}

fn compare(path: &str, written: &Value, known: &Value, mistakes: &mut Vec<String>) {
    let (Value::Mapping(written), Value::Mapping(known)) = (written, known) else {
        return;
    };
    for (key, value) in written {
        let name = key.as_str().unwrap_or_default();
        match known.get(name) {
            // Another document, which is read by those who know its keys.
            Some(_) if path.is_empty() && name == "certlint" => {}
            Some(known) => compare(&format!("{path}{name}."), value, known, mistakes),
            None => mistakes.push(format!("unknown key `{path}{name}`: {}", cure(name, known))),
        }
    }
}

fn cure(name: &str, known: &Mapping) -> String {
    let words: Vec<&str> = known.keys().filter_map(Value::as_str).collect();
    let distances = words
        .iter()
        .map(|word| (strsim::damerau_levenshtein(name, word), *word));
    match distances.min() {
        // A third of the word may be wrong; more is another word.
        Some((distance, near)) if distance * 3 <= near.len() => format!("did you mean `{near}`?"),
        _ => format!("the keys are `{}`", words.join("`, `")),
    }
}
