//! The command line: what can be typed, and what it means.
//!
//! `certlint nginx.conf` is short for `certlint check nginx.conf`; a file that is called like a
//! subcommand is reached as `./check`.

use std::net::SocketAddr;
use std::path::PathBuf;

use certlint_core::finding::Level;
use certlint_core::kubernetes::is_namespace;
use certlint_core::nginx::Version;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

/// Finds names that a certificate does not cover, before the deploy.
#[derive(Debug, Parser)]
#[command(name = "certlint", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) check: CheckArgs,
}

/// The subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check configurations and manifests (the default)
    Check(CheckArgs),
    /// Tell which server or Ingress answers a name, with which certificate, and whether that covers the name
    Resolve(ResolveArgs),
    /// Tell what is in a certificate or key file, and whether it covers a name
    Cert(CertArgs),
    /// Print the page of a rule
    Explain(ExplainArgs),
    /// List all rules
    Rules(RulesArgs),
}

/// `certlint check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Write the findings to FILE and not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
    /// The lowest level that makes the exit code 1
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = FailOn::Error)]
    pub(crate) fail_on: FailOn,
    #[command(flatten)]
    pub(crate) levels: LevelArgs,
    /// Judge as if it were this moment (RFC 3339)
    #[arg(long, value_name = "RFC3339")]
    pub(crate) now: Option<Timestamp>,
    /// A Secret that is not in the input and that nothing will make is an error
    #[arg(long)]
    pub(crate) require_secrets: bool,
    /// Succeed where there is nothing to check
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Report findings that a comment suppresses, too
    #[arg(long)]
    pub(crate) no_suppressions: bool,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// Which files are read, and where they are found.
#[derive(Clone, Debug, Args)]
pub(crate) struct InputArgs {
    /// Files and directories; `-` is standard input [default: .]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Look for absolute paths below DIR
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Look for paths below FROM in TO; may be repeated, the longest FROM wins
    #[arg(long = "map-path", value_name = "FROM=TO", value_parser = path_map)]
    pub(crate) maps: Vec<PathMap>,
    /// The directory that relative names start from [default: that of the main file]
    #[arg(long, value_name = "DIR")]
    pub(crate) conf_prefix: Option<PathBuf>,
    /// Judge with the public certificates in DIR where keys and Secrets are not in the input: a
    /// Secret as `NAMESPACE/NAME.crt` or `NAME/tls.crt`, a file by the end of its path
    #[arg(long = "certs", value_name = "DIR")]
    pub(crate) certificates: Option<PathBuf>,
    /// The nginx whose behaviour counts [default: the newest that is known]
    #[arg(long, value_name = "X.Y.Z")]
    pub(crate) nginx_version: Option<Version>,
    /// The namespace of Kubernetes objects that name none [default: default]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Option<String>,
    /// The name of standard input in reports
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    pub(crate) stdin_filename: String,
    /// Leave out what GLOB matches while walking directories; may be repeated
    #[arg(long = "exclude", value_name = "GLOB")]
    pub(crate) excludes: Vec<String>,
    /// Walk into what `.gitignore` and `.ignore` leave out, too
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Take FILE for the settings of the repository [default: the nearest certlint.yaml above the
    /// first PATH, or what CERTLINT_CONFIG names]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(crate) config: Option<PathBuf>,
    /// Read no certlint.yaml
    #[arg(long)]
    pub(crate) no_config: bool,
}

/// Levels for single rules.
#[derive(Debug, Args)]
pub(crate) struct LevelArgs {
    /// Report RULE as an error; may be repeated
    #[arg(long = "error", value_name = "RULE")]
    pub(crate) errors: Vec<String>,
    /// Report RULE as a warning; may be repeated
    #[arg(long = "warn", value_name = "RULE")]
    pub(crate) warnings: Vec<String>,
    /// Report RULE as an information; may be repeated
    #[arg(long = "info", value_name = "RULE")]
    pub(crate) infos: Vec<String>,
    /// Do not report RULE; may be repeated
    #[arg(long = "ignore", value_name = "RULE")]
    pub(crate) ignores: Vec<String>,
}

/// How much is told, and how it looks.
#[derive(Debug, Args)]
pub(crate) struct ConsoleArgs {
    /// Use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    pub(crate) color: ColorWhen,
    /// Print findings and errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Also list what was left out and what could not be verified
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// `certlint resolve`.
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// The name that a client asks for; `""` is a client without SNI; may be repeated
    #[arg(long = "name", value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// Only the listener that a connection to this local address reaches
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) connect: Option<SocketAddr>,
    /// Only what the controllers of this Ingress class answer
    #[arg(long, value_name = "CLASS", conflicts_with = "connect")]
    pub(crate) class: Option<String>,
    /// How answers are written
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// `certlint cert`.
#[derive(Debug, Args)]
pub(crate) struct CertArgs {
    /// Certificate and key files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Also tell whether the certificate covers NAME: a host, or a URL with one; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Read NAME as a pattern of this configuration, not as a host
    #[arg(long, value_enum)]
    pub(crate) syntax: Option<Syntax>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(crate) format: TableFormat,
    /// Judge as if it were this moment (RFC 3339)
    #[arg(long, value_name = "RFC3339")]
    pub(crate) now: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// `certlint explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Id of the rule, such as `name-not-covered`
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// `certlint rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// How the list is written
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people: with the lines in question
    Text,
    /// One line for each finding
    Short,
    /// For programs
    Json,
}

/// How anything else is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// The lowest level that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors only
    Error,
    /// Warnings and errors
    Warning,
    /// Any finding
    Info,
    /// None
    Never,
}

impl FailOn {
    /// The level; `None` for never.
    pub(crate) fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Info => Some(Level::Info),
            Self::Never => None,
            Self::Warning => Some(Level::Warning),
        }
    }
}

/// When colour is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On terminals and in known CI, unless the environment says otherwise
    Auto,
    /// Even into a file
    Always,
    /// Not at all
    Never,
}

/// Which program reads the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Syntax {
    /// `server_name` of nginx
    Nginx,
    /// Hosts of a Kubernetes Ingress: a star is exactly one label
    Ingress,
    /// Hostnames of the Gateway API: a star is one label or more
    Gateway,
}

/// FROM=TO of `--map-path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathMap {
    /// The absolute directory as the configuration writes it.
    pub(crate) from: String,
    /// Where it lies here.
    pub(crate) to: PathBuf,
}

fn namespace(text: &str) -> Result<String, String> {
    match is_namespace(text) {
        true => Ok(text.to_owned()),
        false => Err("expected lower-case letters, digits and inner hyphens".to_owned()),
    }
}

fn path_map(text: &str) -> Result<PathMap, String> {
    let Some((from, to)) = text.split_once('=') else {
        return Err("expected FROM=TO".to_owned());
    };
    if !from.starts_with('/') {
        return Err("FROM must be an absolute path".to_owned());
    }
    if to.is_empty() {
        return Err("TO is empty".to_owned());
    }
    Ok(PathMap {
        from: from.to_owned(),
        to: to.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn paths_need_no_subcommand() {
        let cli = Cli::parse_from(["certlint", "-q", "nginx.conf"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.check.input.paths, [PathBuf::from("nginx.conf")]);
        let cli = Cli::parse_from(["certlint", "./check"]);
        assert!(cli.command.is_none());
        let cli = Cli::parse_from(["certlint", "check", "check"]);
        assert!(matches!(cli.command, Some(Command::Check(args))
            if args.input.paths == [PathBuf::from("check")]));
    }

    #[test]
    fn path_maps_have_an_absolute_left_side() {
        assert!(path_map("/etc=conf").is_ok());
        for bad in ["etc=conf", "/etc", "/etc=", "=x"] {
            assert!(path_map(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn namespaces_are_labels() {
        for good in ["default", "a", "team-1"] {
            assert_eq!(namespace(good).as_deref(), Ok(good));
        }
        let long = "a".repeat(64);
        for bad in ["", "Team", "a.b", "-a", "a-", "a/b", &long] {
            assert!(namespace(bad).is_err(), "{bad}");
        }
    }
}
