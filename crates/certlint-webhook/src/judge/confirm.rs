//! Asks the API server itself before anything is refused: what is remembered may be stale.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;
use tokio::time::{Instant, timeout_at};

use super::request::{Live, LiveSecret};
use crate::store::SecretName;

/// Secrets that one request may ask for; an object that names more is not refused for them.
const ASKED_MAX: usize = 64;
/// Questions at one time.
const PARALLEL: usize = 16;

/// Asks for each Secret once; what has no answer in time is unknown.
pub(super) async fn ask(
    live: &impl Live,
    names: Vec<SecretName>,
    deadline: Instant,
) -> BTreeMap<SecretName, LiveSecret> {
    let questions = names.into_iter().enumerate().map(async |(index, name)| {
        if index >= ASKED_MAX {
            let why = LiveSecret::Unknown("too many Secrets to look up".to_owned());
            return (name, why);
        }
        let answer = timeout_at(deadline, live.secret(&name.namespace, &name.name)).await;
        let late = |_| LiveSecret::Unknown("no time was left".to_owned());
        (name, answer.unwrap_or_else(late))
    });
    stream::iter(questions)
        .buffer_unordered(PARALLEL)
        .collect()
        .await
}
