//! Every answer that was recorded from ingress-nginx's own code is ours too.

use std::collections::BTreeMap;
use std::sync::Arc;

use certlint_core::files::{File, FileError, Files};
use certlint_core::kubernetes::{Options, lower};
use certlint_core::loader::Loader;
use certlint_core::resolve::{Outcome, resolve};

/// One text under the name `manifests.yaml`.
pub(super) struct One(pub(super) Arc<[u8]>);

impl Files for One {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        Ok(File {
            name: String::from_utf8_lossy(path).into_owned(),
            bytes: self.0.clone(),
            mode: None,
        })
    }

    fn list(&self, _: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        Err(FileError::NotFound)
    }
}

#[derive(serde::Deserialize)]
struct Case {
    case: u32,
    manifests: String,
    answers: BTreeMap<String, String>,
}

#[test]
fn every_recorded_answer_is_ours() {
    let path = format!(
        "{}/../../fixtures/ingress-nginx/cases.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read(path).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&text).unwrap();
    let mut asked = 0;
    let mut wrong = Vec::new();
    for case in &cases {
        let files = One(case.manifests.as_bytes().into());
        let loader = Loader::new(&files);
        // The answers are those of a cluster that has no other objects.
        let options = Options {
            whole_cluster: true,
            ..Options::default()
        };
        let (lowered, _) = lower(&loader, &[b"manifests.yaml".to_vec()], &options);
        let model = loader.finish(lowered.fragments);
        let fragment = &model.fragments[0];
        for (sni, expected) in &case.answers {
            asked += 1;
            let answers = resolve(&model, fragment, sni, None);
            let answer = answers
                .into_iter()
                .find(|answer| answer.listen == "ingress/nginx");
            let found = match answer {
                None => "placeholder".to_owned(),
                Some(answer) => match (answer.outcome, answer.certificates.as_slice()) {
                    (Outcome::Served, [one]) => model
                        .bundle(one.bundle)
                        .secret
                        .as_deref()
                        .unwrap_or("?")
                        .to_owned(),
                    (outcome, _) => outcome.as_str().to_owned(),
                },
            };
            if found != *expected {
                wrong.push(format!("case {} {sni}: {found}, not {expected}", case.case));
            }
        }
    }
    assert_eq!((cases.len(), asked), (300, 5_700));
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}
