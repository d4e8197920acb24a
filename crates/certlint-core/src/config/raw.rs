//! The document as serde sees it: its keys and the types of its values, nothing more.
//!
//! Unknown keys are not refused here but found by `diagnose`, which can point at all of them. The
//! JSON schema is made from these very types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The settings of a repository; paths and globs are relative to this file
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", expecting = "a mapping")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(title = "certlint.yaml", deny_unknown_fields)
)]
pub(super) struct Document {
    /// The level of single rules, or `off`
    #[cfg_attr(feature = "schema", schemars(schema_with = "json::rules"))]
    pub(super) rules: Option<BTreeMap<String, String>>,
    /// Where the files of an nginx configuration lie
    pub(super) paths: Option<Paths>,
    /// Globs of what is left out while directories are walked
    pub(super) exclude: Option<Vec<String>>,
    /// Names for which a rule is silent, each with a reason
    pub(super) exemptions: Option<Vec<Exemption>>,
    /// How the controllers of Ingress classes choose a certificate, by the name of the class
    #[cfg_attr(feature = "schema", schemars(schema_with = "json::classes"))]
    pub(super) ingress_classes: Option<BTreeMap<String, String>>,
    /// The nginx whose behaviour counts, such as `1.29.4`
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^\d+\.\d+\.\d+$")))]
    pub(super) nginx_version: Option<String>,
    /// The namespace of Kubernetes objects that name none
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(min = 1, max = 63),
            regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        )
    )]
    pub(super) namespace: Option<String>,
}

/// Where the files of an nginx configuration lie
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", expecting = "a mapping")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(super) struct Paths {
    /// The directory that is `/` on the server
    pub(super) root: Option<String>,
    /// Directories of the server, each with the directory that it is here; the longest match wins
    #[cfg_attr(feature = "schema", schemars(schema_with = "json::maps"))]
    pub(super) maps: Option<BTreeMap<String, String>>,
    /// The directory that relative names start from
    pub(super) conf_prefix: Option<String>,
}

/// A rule is silent about a name
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", expecting = "a mapping")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub(super) struct Exemption {
    /// The name as it is reported, or `*.x` for every name below `x`
    #[cfg_attr(feature = "schema", schemars(required))]
    pub(super) name: Option<String>,
    /// The rule that is silent
    #[cfg_attr(
        feature = "schema",
        schemars(required, schema_with = "json::exempt_rule")
    )]
    pub(super) rule: Option<String>,
    /// Why this is right
    #[cfg_attr(feature = "schema", schemars(required, length(min = 1)))]
    pub(super) reason: Option<String>,
    /// The last day on which it holds, such as `2027-01-31`
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^\d{4}-\d\d-\d\d$")))]
    pub(super) until: Option<String>,
}

/// The JSON schema of `certlint.yaml`.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> impl Serialize {
    schemars::schema_for!(Document)
}

/// The parts of the schema that follow lists of the program.
#[cfg(feature = "schema")]
mod json {
    use std::collections::BTreeMap;

    use schemars::{Schema, SchemaGenerator, json_schema};

    use crate::config::valid::{CHOICES, LEVELS, may_be_exempted};
    use crate::rules::{RULES, Rule};

    pub(super) fn rules(_: &mut SchemaGenerator) -> Schema {
        let levels: Vec<&str> = LEVELS.iter().map(|(word, _)| *word).collect();
        let schema = |rule: &Rule| json_schema!({ "description": rule.summary, "enum": levels });
        let rules: BTreeMap<&str, Schema> = RULES.iter().map(|it| (it.id, schema(it))).collect();
        json_schema!({
            "type": ["object", "null"],
            "properties": rules,
            "additionalProperties": false,
        })
    }

    pub(super) fn exempt_rule(_: &mut SchemaGenerator) -> Schema {
        let rules = RULES.iter().map(|rule| rule.id);
        let rules: Vec<&str> = rules.filter(|id| may_be_exempted(id)).collect();
        json_schema!({ "enum": rules })
    }

    pub(super) fn classes(_: &mut SchemaGenerator) -> Schema {
        let choices: Vec<&str> = CHOICES.iter().map(|(word, _)| *word).collect();
        json_schema!({
            "type": ["object", "null"],
            "additionalProperties": { "enum": choices },
        })
    }

    pub(super) fn maps(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["object", "null"],
            "patternProperties": { "^/": { "type": "string", "minLength": 1 } },
            "additionalProperties": false,
        })
    }
}
