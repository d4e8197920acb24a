//! certlint beside kubeconform and kube-score: 20,500 objects in one stream, and as many files.
//!
//! The other two answer other questions (is the schema kept, is it good practice), but all three
//! must read the same YAML, and take the same place in a pipeline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tools::Peers;
use tools::target;
use tools::{say, shell};

use super::cluster::{INGRESSES, SECRETS, cluster};
use super::measure::{self, Usage};
use super::read_summary;

/// Fewer files than most systems let a process hold open.
const FILES_AT_ONCE: usize = 10_000;

/// Runs of each program on each input.
const RUNS: usize = 5;

/// End to end, in MB of manifests per second of wall time on two cores.
const SPEED_TARGET: f64 = 60.0;
/// How many times less wall time than either of the others.
const RATIO_TARGET: f64 = 8.0;
/// Peak memory, in MB.
const MEMORY_TARGET: f64 = 150.0;

/// The resources of the three programs.
struct Compared {
    certlint: Usage,
    kubeconform: Usage,
    kube_score: Usage,
}

/// Measures manifests and prints what is reached.
pub(super) fn run(certlint: &Path, folder: &Path) -> Result<()> {
    let peers = tools::peers()?;
    let cluster = cluster(folder)?;
    // Of the files there are as many bytes.
    let size = fs::metadata(&cluster.stream)?.len();
    let stream = Input::new("stream", &cluster.stream, 1)?;
    let files = Input::new("files", &cluster.files, INGRESSES + SECRETS)?;
    let mut results = Vec::new();
    for input in [stream, files] {
        input.is_read(certlint, &peers)?;
        results.push((input.what, input.compare(certlint, &peers)?));
    }
    say::line("");
    for (what, compared) in results {
        report(what, &compared, size);
    }
    Ok(())
}

fn report(what: &str, compared: &Compared, size: u64) {
    let ours = compared.certlint.wall;
    // As many microseconds as bytes are 1 MB/s.
    let speed = Duration::from_micros(size).as_secs_f64() / ours.as_secs_f64();
    let reached = speed >= SPEED_TARGET;
    target::show(
        &format!("{what}: end to end"),
        speed,
        SPEED_TARGET,
        reached,
        " MB/s",
    );
    for (name, theirs) in [
        ("kubeconform", compared.kubeconform),
        ("kube-score", compared.kube_score),
    ] {
        let ratio = theirs.wall.as_secs_f64() / ours.as_secs_f64();
        let reached = ratio >= RATIO_TARGET;
        target::show(
            &format!("{what}: {name} over certlint, wall time"),
            ratio,
            RATIO_TARGET,
            reached,
            "x",
        );
    }
    let memory = compared.certlint.peak_megabytes();
    let reached = memory < MEMORY_TARGET;
    target::show(
        &format!("{what}: peak memory"),
        memory,
        MEMORY_TARGET,
        reached,
        " MB",
    );
}

/// The manifests in one of their shapes.
struct Input {
    what: &'static str,
    /// A file, or a directory of files.
    path: PathBuf,
    files: usize,
    /// The arguments of kube-score, which reads no directories: names below `path`.
    names: Vec<PathBuf>,
}

impl Input {
    fn new(what: &'static str, path: &Path, files: usize) -> Result<Self> {
        let mut names = Vec::new();
        if path.is_dir() {
            for folder in fs::read_dir(path)? {
                let folder = folder?;
                for file in fs::read_dir(folder.path())? {
                    names.push(Path::new(&folder.file_name()).join(file?.file_name()));
                }
            }
            names.sort();
        } else {
            names.push(path.to_owned());
        }
        Ok(Self {
            what,
            path: path.to_owned(),
            files,
            names,
        })
    }

    fn certlint(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg(&self.path);
        command
    }

    fn kubeconform(&self, peers: &Peers) -> Command {
        let schemas = peers.schemas.display();
        let mut command = Command::new(&peers.kubeconform);
        command
            .arg("-schema-location")
            .arg(format!(
                "{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
            ))
            .args(["-summary", "-output", "json"])
            .arg(&self.path);
        command
    }

    /// It holds all files of a run open, so that it takes several runs for them.
    fn kube_score(&self, peers: &Peers) -> Vec<Command> {
        let runs = self.names.chunks(FILES_AT_ONCE).map(|names| {
            let mut command = Command::new(&peers.kube_score);
            command.args(["score", "--output-format", "json"]);
            if self.path.is_dir() {
                command.current_dir(&self.path);
            }
            command.args(names);
            command
        });
        runs.collect()
    }

    /// All three must really read all of it, or there is nothing to compare.
    fn is_read(&self, certlint: &Path, peers: &Peers) -> Result<()> {
        let summary = read_summary(certlint, &self.path)?;
        let read = [summary.files, summary.certificates, summary.names];
        if read != [self.files, SECRETS, INGRESSES] {
            bail!(
                "there are {} files, {SECRETS} certificates and {INGRESSES} names",
                self.files
            );
        }
        let kubeconform = json(&mut self.kubeconform(peers))?;
        let valid = kubeconform["summary"]["valid"].as_u64();
        let mut scored = Some(0);
        for mut run in self.kube_score(peers) {
            let objects = json(&mut run)?.as_array().map(Vec::len);
            scored = scored.zip(objects).map(|(sum, more)| sum + more as u64);
        }
        // It reads Secrets, but has nothing to say about them.
        let expected = [INGRESSES + SECRETS, INGRESSES].map(|count| Some(count as u64));
        if [valid, scored] != expected {
            bail!("kubeconform finds {valid:?} valid objects, kube-score scores {scored:?}");
        }
        Ok(())
    }

    fn compare(&self, certlint: &Path, peers: &Peers) -> Result<Compared> {
        let (mut ours, mut kubeconform, mut kube_score) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            kubeconform.push(measure::run(&self.kubeconform(peers))?);
            kube_score.push(measure::run_all(&self.kube_score(peers))?);
            ours.push(measure::run(&self.certlint(certlint))?);
        }
        let compared = Compared {
            certlint: measure::median(&ours),
            kubeconform: measure::median(&kubeconform),
            kube_score: measure::median(&kube_score),
        };
        let cores = std::thread::available_parallelism()?;
        say::line(format!(
            "{}, medians of {RUNS} runs on {cores} cores:",
            self.what
        ));
        say::line(format!("  kubeconform  {}", compared.kubeconform));
        say::line(format!("  kube-score   {}", compared.kube_score));
        say::line(format!("  certlint     {}", compared.certlint));
        Ok(compared)
    }
}

fn json(command: &mut Command) -> Result<serde_json::Value> {
    let output = shell::capture(command)?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
