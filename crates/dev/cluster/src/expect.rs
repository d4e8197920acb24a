//! Expectations of the API server's answers.

use anyhow::{Result, bail};

use crate::api::Answer;

impl Answer {
    /// Done, and nothing was said.
    pub fn is_silent(&self) -> Result<()> {
        self.is_allowed()?;
        if !self.warnings.is_empty() {
            bail!("warned: {:#?}", self.warnings);
        }
        Ok(())
    }

    /// Done, whatever was said.
    pub fn is_allowed(&self) -> Result<()> {
        if !self.is_ok() {
            bail!("refused with {}: {}", self.status, self.message());
        }
        Ok(())
    }

    /// Done, with a warning that has all of these words in it.
    pub fn is_warned(&self, words: &[&str]) -> Result<()> {
        self.is_allowed()?;
        let has_all = |text: &String| words.iter().all(|word| text.contains(word));
        if !self.warnings.iter().any(has_all) {
            bail!("no warning has {words:?}: {:#?}", self.warnings);
        }
        Ok(())
    }

    /// Refused by us, with all of these words in the message.
    pub fn is_denied(&self, words: &[&str]) -> Result<()> {
        let message = self.message();
        if self.is_ok() {
            bail!("allowed, with {:#?}", self.warnings);
        }
        if self.status != 403 || !message.contains("certlint.io\" denied the request: ") {
            bail!("refused with {}, not by a verdict: {message}", self.status);
        }
        for word in words {
            if !message.contains(word) {
                bail!("no {word:?} in: {message}");
            }
        }
        Ok(())
    }

    /// Refused by the validation of the API server itself.
    pub fn is_invalid(&self) -> Result<()> {
        if self.status != 422 {
            bail!("{}: {}", self.status, self.message());
        }
        Ok(())
    }
}
