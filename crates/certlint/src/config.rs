//! Finds the `certlint.yaml` of a run and joins it with the command line, which wins.
//!
//! It is the one that `--config` or `CERTLINT_CONFIG` names, or the nearest above the first input.
//! The search ends at the top of the repository; outside of one it ends at the working directory,
//! so that nobody else's file in `/tmp` has a say.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use certlint_core::config::{Config, FILE_NAME, mistake};
use certlint_core::files::FileError;
use certlint_core::finding::Finding;
use certlint_core::model::Model;
use certlint_core::source::{Location, SourceId, Sources, Spanned};
use ignore::overrides::{Override, OverrideBuilder};

use crate::args::{InputArgs, PathMap};
use crate::console::Console;
use crate::files::{Shared, of_io, read_regular};

/// Names the file where `--config` does not.
const VARIABLE: &str = "CERTLINT_CONFIG";

/// Nobody writes more than this, in bytes.
const SIZE_LIMIT: u64 = 1 << 20;

/// The settings of command line and file together.
pub(crate) struct Settings {
    /// The options, with what the file says where they say nothing.
    pub(crate) input: InputArgs,
    /// The globs that the file leaves out of directories.
    pub(crate) excludes: Override,
    /// The file; empty where there is none.
    pub(crate) config: Config,
    /// Holds the text of the file.
    pub(crate) model: Model,
    /// Everything is checked that the file speaks for, or it was named for this very run.
    pub(crate) is_complete: bool,
}

/// A file that cannot be used.
pub(crate) struct Wrong {
    /// As reports show it.
    pub(crate) name: String,
    /// Holds its text.
    pub(crate) model: Model,
    /// Its faults; empty where it cannot be read, which is reported already.
    pub(crate) findings: Vec<Finding>,
}

impl Wrong {
    /// Tells the findings where there is no report.
    pub(crate) fn tell(&self, console: &Console) {
        for finding in &self.findings {
            let at = &finding.primary.at;
            let at = self.model.sources.get(at.source).position(at.start());
            let (name, message) = (&self.name, &finding.message);
            console.error(format!("{name}:{}:{}: {message}", at.line, at.column));
        }
    }
}

/// Reads the file of this run.
///
/// # Errors
/// The faults of the file.
pub(crate) fn find(args: &InputArgs, console: &Console) -> Result<Settings, Box<Wrong>> {
    let mut settings = Settings {
        input: args.clone(),
        excludes: Override::empty(),
        config: Config::default(),
        model: Model::default(),
        is_complete: false,
    };
    let named = args.config.clone().or_else(|| {
        let value = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    });
    // A missing working directory is reported by the next step.
    let Ok(working_directory) = std::env::current_dir() else {
        return Ok(settings);
    };
    let path = match &named {
        _ if args.no_config => None,
        Some(path) => Some(working_directory.join(path)),
        None => nearest(args, &working_directory),
    };
    let Some(path) = path else {
        return Ok(settings);
    };
    let shared = Shared {
        working_directory,
        read: HashMap::new(),
    };
    let name = shared.name(&path);
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) => {
            console.error(format!("cannot read `{name}`: {error}"));
            return Err(Box::new(Wrong {
                name,
                model: Model::default(),
                findings: Vec::new(),
            }));
        }
    };
    let mut sources = Sources::default();
    let source = sources.add(name.clone(), Some(text.clone().into()));
    settings.model.sources = sources;
    let directory = path.parent().unwrap_or(&path);
    // A link to the file would lead elsewhere: its own folder is meant.
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    match settings.take(source, &text, &directory) {
        Ok(()) => {
            console.detail(format!("the settings of `{name}` hold"));
            settings.is_complete = named.is_some() || holds(args, &directory);
            Ok(settings)
        }
        Err(findings) => Err(Box::new(Wrong {
            name,
            model: settings.model,
            findings,
        })),
    }
}

impl Settings {
    /// Takes in a file that lies in `directory`.
    fn take(
        &mut self,
        source: SourceId,
        text: &[u8],
        directory: &Path,
    ) -> Result<(), Vec<Finding>> {
        let config = Config::read(source, text)?;
        let mut findings = Vec::new();
        let mut is_there = |path: &Spanned<String>| {
            let full = directory.join(&path.value);
            if !full.is_dir() {
                let message = format!("there is no directory `{}`", path.value);
                let help = format!("paths in `{FILE_NAME}` start from its own directory");
                findings.push(mistake(path.at.clone(), message, "not there", Some(help)));
            }
            full
        };
        let root = config.paths.root.as_ref().map(&mut is_there);
        let prefix = config.paths.conf_prefix.as_ref();
        let maps = config.paths.maps.iter().map(|(from, to)| PathMap {
            from: from.clone(),
            to: is_there(to),
        });
        let maps: Vec<PathMap> = maps.collect();
        let mut excludes = OverrideBuilder::new(directory);
        for glob in &config.exclude {
            // In an override, `!` is what leaves out.
            if let Err(error) = excludes.add(&format!("!{}", glob.value)) {
                let at = glob.at.clone();
                let reason = match error {
                    ignore::Error::Glob { err, .. } => err,
                    other => other.to_string(),
                };
                let message = format!("`{}` is no glob: {reason}", glob.value);
                findings.push(mistake(at, message, "no glob", None));
            }
        }
        match excludes.build() {
            Ok(excludes) => self.excludes = excludes,
            Err(error) => {
                let at = Location::whole(source);
                findings.push(mistake(at, error.to_string(), "no glob", None));
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let input = &mut self.input;
        input.root = input.root.take().or(root);
        let of_option: Vec<String> = input.maps.iter().map(|map| map.from.clone()).collect();
        let maps = maps.into_iter();
        input
            .maps
            .extend(maps.filter(|map| !of_option.contains(&map.from)));
        let own_prefix = || prefix.map(|prefix| directory.join(&prefix.value));
        input.conf_prefix = input.conf_prefix.take().or_else(own_prefix);
        input.nginx_version = input.nginx_version.or(config.nginx_version);
        let namespace = input.namespace.take();
        input.namespace = namespace.or_else(|| config.namespace.clone());
        self.config = config;
        Ok(())
    }
}

/// The nearest file above the first input.
fn nearest(args: &InputArgs, working_directory: &Path) -> Option<PathBuf> {
    let first = match args.paths.first() {
        Some(path) if path.as_os_str() != "-" => path,
        _ => working_directory,
    };
    let first = fs::canonicalize(first).ok()?;
    let start = match first.is_dir() {
        true => &first,
        false => first.parent()?,
    };
    let working_directory = fs::canonicalize(working_directory).ok()?;
    let mut above = start.ancestors();
    let top = match above.find(|directory| directory.join(".git").exists()) {
        Some(repository) => repository,
        None if start.starts_with(&working_directory) => &working_directory,
        None => start,
    };
    let within = start.ancestors().take_while(|it| it.starts_with(top));
    let mut files = within.map(|directory| directory.join(FILE_NAME));
    files.find(|file| file.is_file())
}

/// Whether all of `directory` is checked.
fn holds(args: &InputArgs, directory: &Path) -> bool {
    let is_above = |path: &PathBuf| {
        let path = fs::canonicalize(path);
        path.is_ok_and(|path| directory.starts_with(path))
    };
    match &args.paths[..] {
        [] => is_above(&PathBuf::from(".")),
        paths => paths.iter().any(is_above),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let metadata = fs::metadata(path).map_err(|error| of_io(&error))?;
    if metadata.len() > SIZE_LIMIT {
        return Err(FileError::TooLarge { limit: SIZE_LIMIT });
    }
    read_regular(path, &metadata)
}
