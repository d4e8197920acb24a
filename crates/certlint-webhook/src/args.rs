//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Refuses, at admission, hosts that their certificate does not cover
#[derive(Debug, Parser)]
#[command(name = "certlint-webhook", version)]
pub(crate) struct Cli {
    /// The settings, a YAML document; without it everything has its default
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Chores that are done instead of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Answer admission reviews until SIGTERM; this is what happens without a command
    Serve,
    /// Try, by a dry run through the API server, whether an Ingress that must be refused is refused
    Selftest,
    /// Delete our ValidatingWebhookConfiguration, so that nothing calls the webhook any more
    Remove,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_settings_may_stand_before_and_after_the_command() {
        for line in [
            ["certlint-webhook", "--config", "f", "selftest"],
            ["certlint-webhook", "selftest", "--config", "f"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.command, Some(Command::Selftest));
            assert_eq!(cli.config, Some(PathBuf::from("f")));
        }
        assert_eq!(
            Cli::try_parse_from(["certlint-webhook"]).unwrap().command,
            None
        );
    }
}
