//! The API server as JSON over HTTP, by way of `kubectl proxy`, which does TLS and credentials.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::{Agent, Body, http};

/// Where `kubectl proxy` listens.
pub const PROXY: (&str, u16) = ("127.0.0.1", 8001);

/// A large answer is one of many Secrets.
const LIMIT: u64 = 64 << 20;

/// A client. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    agent: Agent,
    base: String,
}

/// An answer, whatever its status.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The texts of its `Warning` headers.
    pub warnings: Vec<String>,
    /// The object, or a `Status`.
    pub body: Value,
}

impl Answer {
    /// True when the API server did what was asked.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The message of a `Status`.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The object; an error with the message where it was refused.
    pub fn ok(self) -> Result<Value> {
        if !self.is_ok() {
            bail!("{}: {}", self.status, self.message());
        }
        Ok(self.body)
    }
}

impl Api {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(35)))
            .build();
        Self {
            agent: config.new_agent(),
            base: format!("http://{}:{}", PROXY.0, PROXY.1),
        }
    }

    /// `path` begins with a slash, and may have a query.
    pub fn get(&self, path: &str) -> Result<Answer> {
        answer(self.agent.get(self.address(path)).call()?)
    }

    /// The text of something that is not JSON, such as `/metrics`.
    pub fn text(&self, path: &str) -> Result<String> {
        self.text_of(&self.address(path))
    }

    /// The text at an address that is not the API server's.
    pub fn text_of(&self, address: &str) -> Result<String> {
        let mut response = self.agent.get(address).call()?;
        let text = (response.body_mut().with_config())
            .limit(LIMIT)
            .read_to_string()?;
        if response.status() != 200 {
            bail!("{address}: {}", response.status());
        }
        Ok(text)
    }

    /// Creates an object.
    pub fn post(&self, path: &str, object: &Value) -> Result<Answer> {
        let request = self.agent.post(self.address(path));
        answer(
            request
                .content_type("application/json")
                .send(object.to_string())?,
        )
    }

    /// Replaces an object.
    pub fn put(&self, path: &str, object: &Value) -> Result<Answer> {
        let request = self.agent.put(self.address(path));
        answer(
            request
                .content_type("application/json")
                .send(object.to_string())?,
        )
    }

    /// A JSON merge patch (RFC 7396).
    pub fn patch(&self, path: &str, change: &Value) -> Result<Answer> {
        let request = self.agent.patch(self.address(path));
        let request = request.content_type("application/merge-patch+json");
        answer(request.send(change.to_string())?)
    }

    /// Deletes an object, or all below a path.
    pub fn delete(&self, path: &str, options: &Value) -> Result<Answer> {
        let request = self.agent.delete(self.address(path)).force_send_body();
        answer(
            request
                .content_type("application/json")
                .send(options.to_string())?,
        )
    }

    /// The events of a watch, until it ends or `each` says false.
    pub fn watch(&self, path: &str, mut each: impl FnMut(Value) -> bool) -> Result<()> {
        let request = self.agent.get(self.address(path)).config();
        let request = request.timeout_global(None).build();
        let response = request.call()?;
        if response.status() != 200 {
            bail!("watch of {path}: {}", response.status());
        }
        let lines = BufReader::new(
            (response.into_body().into_with_config())
                .limit(u64::MAX)
                .reader(),
        );
        for line in lines.lines() {
            let event = serde_json::from_str(&line?).context("event of a watch")?;
            if !each(event) {
                break;
            }
        }
        Ok(())
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn answer(mut response: http::Response<Body>) -> Result<Answer> {
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings
        .filter_map(|value| quoted(value.to_str().ok()?))
        .collect();
    let status = response.status().as_u16();
    let text = (response.body_mut().with_config())
        .limit(LIMIT)
        .read_to_string()?;
    // The proxy itself answers in plain text where it does not reach the API server.
    let body = serde_json::from_str(&text)
        .unwrap_or_else(|_| serde_json::json!({ "message": text.trim_end() }));
    Ok(Answer {
        status,
        warnings,
        body,
    })
}

/// The text of `299 - "text"` (RFC 7234, section 5.5).
fn quoted(value: &str) -> Option<String> {
    let (_, text) = value.split_once('"')?;
    let mut unquoted = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => unquoted.extend(characters.next()),
            other => unquoted.push(other),
        }
    }
    Some(unquoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_warning_is_unquoted() {
        let text = quoted(r#"299 - "secret \"a\" is late""#);
        assert_eq!(text.as_deref(), Some(r#"secret "a" is late"#));
        assert_eq!(quoted("299 -"), None);
    }
}
