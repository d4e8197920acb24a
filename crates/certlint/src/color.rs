//! Whether output is coloured.
//!
//! The order is: `--color`, then `NO_COLOR` (<https://no-color.org>), then `CLICOLOR_FORCE` and
//! `FORCE_COLOR`, then whether the stream is a terminal or the log of a known CI.

use std::ffi::OsString;

use crate::args::ColorWhen;

/// CI systems whose log viewers show colours; each sets its own variable.
const KNOWN_CI: &[&str] = &[
    "APPVEYOR",
    "BUILDKITE",
    "CIRCLECI",
    "DRONE",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "TRAVIS",
    "WOODPECKER",
];

/// Decides for one stream; `variable` reads the environment.
pub(crate) fn wanted(
    when: ColorWhen,
    is_terminal: bool,
    variable: impl Fn(&str) -> Option<OsString>,
) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let on = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if on("CLICOLOR_FORCE") || on("FORCE_COLOR") => true,
        ColorWhen::Auto if is_terminal => variable("TERM").is_none_or(|term| term != "dumb"),
        ColorWhen::Auto => KNOWN_CI.iter().any(|name| on(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_wins_over_the_environment_and_that_over_the_terminal() {
        use ColorWhen::{Always, Auto, Never};
        type Case = (
            ColorWhen,
            bool,
            &'static [(&'static str, &'static str)],
            bool,
        );
        let table: &[Case] = &[
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[("CLICOLOR_FORCE", "1")], false),
            (Auto, true, &[], true),
            (Auto, false, &[], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], true),
            (
                Auto,
                true,
                &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
                false,
            ),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Auto, false, &[("FORCE_COLOR", "3")], true),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, true, &[("TERM", "xterm")], true),
            (Auto, false, &[("GITHUB_ACTIONS", "true")], true),
            (
                Auto,
                false,
                &[("GITLAB_CI", "true"), ("NO_COLOR", "1")],
                false,
            ),
            (Auto, false, &[("CI", "true")], false),
        ];
        for &(when, is_terminal, environment, expected) in table {
            let variable = |name: &str| {
                let found = environment.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(
                wanted(when, is_terminal, variable),
                expected,
                "{when:?} {is_terminal} {environment:?}"
            );
        }
    }
}
