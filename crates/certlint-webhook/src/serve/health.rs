//! Whether requests may be sent to this replica, and if not, why.

use std::fmt::Write as _;

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The checks of `/readyz`, each with a name.
#[derive(Default)]
pub(crate) struct Health(Vec<(&'static str, Check)>);

impl Health {
    /// Adds a check; it says why it fails, in a few words.
    pub(crate) fn check(
        &mut self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.0.push((name, Box::new(check)));
    }

    /// Whether all pass, and a line for each as the API server's own `/readyz?verbose` writes them.
    pub(crate) fn report(&self) -> (bool, String) {
        let mut ready = true;
        let mut text = String::new();
        for (name, check) in &self.0 {
            let written = match check() {
                Ok(()) => writeln!(text, "[+]{name} ok"),
                Err(why) => {
                    ready = false;
                    writeln!(text, "[-]{name} failed: {why}")
                }
            };
            written.expect("text grows");
        }
        (ready, text)
    }
}
