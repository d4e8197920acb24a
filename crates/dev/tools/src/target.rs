//! Figures of benchmarks beside their targets.

use crate::say;

/// Prints a figure, its target, and whether it is reached.
pub fn show(what: &str, value: f64, target: f64, reached: bool, unit: &str) {
    let verdict = if reached { "reached" } else { "NOT REACHED" };
    say::line(format!(
        "{what:45} {value:8.1}{unit} (target {target}{unit}: {verdict})"
    ));
}

/// Prints a figure that should not be above its target.
pub fn at_most(what: &str, value: f64, limit: f64, unit: &str) {
    show(what, value, limit, value <= limit, unit);
}
