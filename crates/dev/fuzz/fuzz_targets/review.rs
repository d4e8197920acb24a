//! Bodies of admission requests: whatever they are, the answer is a refusal in one line or a review
//! with the same uid.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    match runtime.block_on(certlint_webhook::harness::review(body)) {
        Ok((uid, answer)) => {
            let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
            assert_eq!(answer["response"]["uid"], uid);
            assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
            let warnings = answer["response"]["warnings"].as_array();
            for warning in warnings.into_iter().flatten() {
                let text = warning.as_str().expect("text");
                assert!(text.chars().count() <= 256 && !text.chars().any(char::is_control));
            }
        }
        Err(line) => assert_eq!(line.lines().count(), 1),
    }
});
