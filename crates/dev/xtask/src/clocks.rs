//! The test suites under clocks that are ahead: nothing in them may depend on when they run.
//!
//! Certificates of the fixtures end, and a test that judges them by the machine's clock passes until
//! they do. libfaketime gives each test executable another clock; cargo itself keeps its own.

use anyhow::{Context, Result};
use tools::shell;

/// How far ahead: `certificate-expiring` begins, everything has expired, and long after that.
const AHEAD: [&str; 3] = ["+45d", "+400d", "+10y"];

/// Runs all unit and fixture tests under each clock.
pub(crate) fn run() -> Result<()> {
    for ahead in AHEAD {
        let mut tests = shell::cargo();
        tests.args([
            "test",
            "--quiet",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
        ]);
        // A runner wraps only what cargo has built. Timers keep to the clock that nobody sets.
        let runner = ["faketime", "--exclude-monotonic", "-m", "-f", ahead];
        let runner = runner.map(|word| format!("{word:?}")).join(", ");
        tests.args([
            "--config",
            &format!("target.'cfg(all())'.runner = [{runner}]"),
        ]);
        shell::run(&mut tests).with_context(|| format!("with a clock that is {ahead} ahead"))?;
    }
    Ok(())
}
