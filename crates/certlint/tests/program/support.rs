//! A directory to run the program in, and what it said.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The moment for which the certificates of the fixtures are made.
pub(crate) const NOW: &str = "2026-11-21T00:00:00Z";

/// The output of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// `file:line rule` of each finding, from a run with `--format short`.
    pub(crate) fn findings(&self) -> Vec<String> {
        let of_line = |line: &str| {
            let (place, rest) = line.split_once(": ").unwrap();
            let (_, rule) = rest.split_once('[').unwrap();
            let (rule, _) = rule.split_once(']').unwrap();
            let (place, _) = place.rsplit_once(':').unwrap();
            format!("{place} {rule}")
        };
        self.stdout.lines().map(of_line).collect()
    }

    /// `true` when a finding of `rule` is there.
    pub(crate) fn has(&self, rule: &str) -> bool {
        self.stdout.contains(&format!("[{rule}]"))
    }
}

/// A temporary directory in which the program runs.
pub(crate) struct Tree {
    directory: TempDir,
}

impl Tree {
    /// A repository.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self::installed(files);
        tree.write(".git/HEAD", "ref: refs/heads/main\n");
        tree
    }

    /// A directory of a machine, in no repository.
    pub(crate) fn installed(files: &[(&str, &str)]) -> Self {
        let tree = Self {
            directory: TempDir::new().unwrap(),
        };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts a certificate of the fixtures and its key to `PATH.crt` and `PATH.key`.
    pub(crate) fn certificate(&self, fixture: &str, path: &str) {
        for ending in ["crt", "key"] {
            let from = fixtures().join(format!("certs/{fixture}.{ending}"));
            let to = format!("{path}.{ending}");
            self.write(&to, fs::read(from).unwrap());
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::Permissions::from_mode(0o600);
                fs::set_permissions(self.path().join(to), mode).unwrap();
            }
        }
    }

    /// The example of the repository, as in a clone of it.
    pub(crate) fn example() -> Self {
        let tree = Self::new(&[]);
        for file in ["nginx.conf", "conf.d/shop.conf", "conf.d/wiki.conf"] {
            let file = format!("example/{file}");
            let text = fs::read(fixtures().join(&file)).unwrap();
            tree.write(&format!("fixtures/{file}"), text);
        }
        for name in ["example.com", "example.org"] {
            let path = format!("example/certs/{name}");
            tree.certificate(&format!("../{path}"), &format!("fixtures/{path}"));
        }
        tree
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run_in(self.path(), arguments, b"")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        run_in(self.path(), arguments, input.as_bytes())
    }
}

/// The fixtures of the repository.
pub(crate) fn fixtures() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    path.canonicalize().unwrap()
}

/// The program, with nothing in its environment.
pub(crate) fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certlint"));
    command.current_dir(directory).env_clear();
    command
}

/// Runs the program to its end.
pub(crate) fn run_in(directory: &Path, arguments: &[&str], input: &[u8]) -> Run {
    run(program(directory).args(arguments), input)
}

/// Runs a prepared command to its end.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input closes it, which is not our concern.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().expect("ends by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A main file with one TLS server, which expects `PATH.crt` and `PATH.key`.
pub(crate) fn main_file(names: &str, certificate: &str) -> String {
    format!("events {{}}\nhttp {{\n{}}}\n", server(names, certificate))
}

/// A server block on three lines and more.
pub(crate) fn server(names: &str, certificate: &str) -> String {
    format!(
        "server {{\nlisten 443 ssl;\nserver_name {names};\nssl_certificate {certificate}.crt;\n\
         ssl_certificate_key {certificate}.key;\n}}\n"
    )
}
