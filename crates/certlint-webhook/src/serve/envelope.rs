//! The AdmissionReview around an object, in both directions.
//!
//! Only the envelope is read here; the objects stay the bytes that they are. So a review whose
//! object we cannot read still has a uid to be answered with: an answer without it counts as no
//! answer at all, and then the failure policy decides instead of us.
//! <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request>

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::judge::Decision;

const API_VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";
/// More than any API server sends, which is a UUID.
const MAX_UID: usize = 256;

/// The API server's question; fields that we do not know are ignored, as each release adds some.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Review<'a> {
    #[serde(borrow)]
    pub(crate) uid: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) kind: GroupKind<'a>,
    #[serde(borrow, default)]
    pub(crate) resource: Resource<'a>,
    #[serde(borrow, default)]
    pub(crate) sub_resource: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) operation: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) namespace: Cow<'a, str>,
    /// Empty with `generateName`, and for each object of a deleted collection.
    #[serde(borrow, default)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) user_info: UserInfo<'a>,
    #[serde(default)]
    pub(crate) dry_run: Option<bool>,
    #[serde(borrow, default)]
    pub(crate) object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) old_object: Option<&'a RawValue>,
}

/// The kind of the object.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct GroupKind<'a> {
    #[serde(borrow, default)]
    pub(crate) group: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) kind: Cow<'a, str>,
}

/// The same as in the URL: `ingresses`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    pub(crate) resource: Cow<'a, str>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserInfo<'a> {
    #[serde(borrow, default)]
    pub(crate) username: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Option<Review<'a>>,
}

impl<'a> Review<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// One line that says why this is no review; it repeats nothing of the body.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, String> {
        let envelope: Envelope<'a> = serde_json::from_slice(body).map_err(|error| {
            // The error's own words may quote the body.
            let (line, column) = (error.line(), error.column());
            format!("not a readable {KIND}: line {line}, column {column}")
        })?;
        if envelope.api_version != API_VERSION || envelope.kind != KIND {
            return Err(format!("not an {KIND} of {API_VERSION}"));
        }
        let review = envelope
            .request
            .ok_or_else(|| format!("an {KIND} without `request`"))?;
        if review.uid.is_empty() || review.uid.len() > MAX_UID {
            return Err(format!("an {KIND} without a usable `request.uid`"));
        }
        Ok(review)
    }

    /// The resource as a label of a metric: ours by name, so that their number is bounded.
    pub(crate) fn resource_label(&self) -> &'static str {
        let ours = [
            "gateways",
            "grpcroutes",
            "httproutes",
            "ingresses",
            "listenersets",
            "routes",
            "secrets",
            "tlsroutes",
        ];
        let name = &*self.resource.resource;
        ours.into_iter().find(|it| *it == name).unwrap_or("other")
    }

    /// The operation as a label of a metric.
    pub(crate) fn operation_label(&self) -> &'static str {
        let known = ["CREATE", "UPDATE", "DELETE"];
        let name = &*self.operation;
        known.into_iter().find(|it| *it == name).unwrap_or("other")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: &'a BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Status<'a> {
    status: &'static str,
    message: &'a str,
    reason: &'static str,
    code: u16,
    details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    causes: Vec<Cause<'a>>,
}

#[derive(Serialize)]
struct Cause<'a> {
    field: &'a str,
    message: &'a str,
    reason: &'static str,
}

/// The body of the answer.
pub(crate) fn answer(uid: &str, decision: &Decision) -> Vec<u8> {
    // Code and reason decide what `kubectl` prints: without a code it is 400 and no reason, with
    // `Invalid` it shows the causes only and not who refused (tried on kube-apiserver 1.36).
    let status = (!decision.allowed).then(|| Status {
        status: "Failure",
        message: &decision.message,
        reason: "Forbidden",
        code: 403,
        details: Details {
            causes: decision.causes.iter().map(cause).collect(),
        },
    });
    let answer = Answer {
        api_version: API_VERSION,
        kind: KIND,
        response: Response {
            uid,
            allowed: decision.allowed,
            status,
            warnings: &decision.warnings,
            audit_annotations: &decision.audit,
        },
    };
    serde_json::to_vec(&answer).expect("maps have text as keys")
}

fn cause(cause: &crate::judge::Cause) -> Cause<'_> {
    Cause {
        field: &cause.field,
        message: &cause.message,
        reason: cause.reason,
    }
}

#[cfg(test)]
mod tests {
    use crate::judge::DecisionKind;
    use crate::settings::Mode;

    use super::*;

    fn review(request: &str) -> String {
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{request}}}"#
        )
    }

    #[test]
    fn objects_stay_the_bytes_that_they_are() {
        let body = review(
            r#"{"uid":"a","operation":"UPDATE","object":{"x": [1,  2]},"oldObject":null,
                "futureField":{"deep":[[[]]]},"dryRun":true,"userInfo":{"username":"u\u0041"}}"#,
        );
        let review = Review::read(body.as_bytes()).unwrap();
        assert_eq!(review.object.unwrap().get(), r#"{"x": [1,  2]}"#);
        assert!(review.old_object.is_none());
        assert_eq!(review.user_info.username, "uA");
        assert_eq!(review.dry_run, Some(true));
        assert_eq!(review.name, "");
    }

    #[test]
    fn what_is_no_review_is_refused_in_one_line_that_repeats_nothing() {
        for body in [
            String::new(),
            "no json, secret".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            review(r#"{"uid":""}"#),
            review(r#"{"uid":"secret","operation":["secret"]}"#),
            review(r#"{"operation":"CREATE"}"#),
            review("null"),
            review(r#"{"uid":"a","object":{secret}}"#),
            review(&format!(r#"{{"uid":"{}"}}"#, "a".repeat(MAX_UID + 1))),
            review(r#"{"uid":"a"}"#).replace("/v1", "/v1beta1"),
            review(r#"{"uid":"a"}"#).replace("AdmissionReview", "Review"),
        ] {
            let message = Review::read(body.as_bytes()).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let body = review(&format!(r#"{{"uid":"a","object":{deep},"other":{deep}}}"#));
        assert!(Review::read(body.as_bytes()).is_ok());
    }

    #[test]
    fn an_answer_that_allows_has_no_status_and_never_a_patch() {
        let decision = Decision::skipped(Mode::Enforce);
        let text = String::from_utf8(answer("u-1", &decision)).unwrap();
        assert_eq!(
            text,
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true,"auditAnnotations":{"decision":"skipped","mode":"enforce"}}}"#
        );
    }

    #[test]
    fn a_refusal_has_code_reason_and_causes() {
        let mut decision = Decision::new(DecisionKind::Deny, Mode::Enforce, vec!["self-signed"]);
        decision.message = "no\nbecause".to_owned();
        decision.causes = vec![crate::judge::Cause {
            field: "spec.tls[0]".to_owned(),
            message: "because".to_owned(),
            reason: "self-signed",
        }];
        let value: serde_json::Value = serde_json::from_slice(&answer("u", &decision)).unwrap();
        let status = &value["response"]["status"];
        assert_eq!(status["code"], 403);
        assert_eq!(status["reason"], "Forbidden");
        assert_eq!(status["message"], "no\nbecause");
        assert_eq!(status["details"]["causes"][0]["field"], "spec.tls[0]");
        assert_eq!(status["details"]["causes"][0]["reason"], "self-signed");
    }
}
