//! One case: what nginx does, what certlint says, and where the two differ.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use super::case::{Case, Place};
use super::hello::{KeyType, Reply};
use super::nginx::{self, Door, Verdict};
use super::pool;
use super::program::{Answer, Program};

/// The alert for a name that is not served (RFC 6066 section 3).
const UNRECOGNIZED_NAME: u8 = 112;

/// More differences of one case are of no help.
const LIMIT: usize = 12;

/// Reasons of nginx that certlint cannot know: what modules bring, and the machine.
const EXCUSES: [&str; 5] = [
    "unknown directive \"",
    "\" variable",
    "host not found in",
    "could not build",
    "no handler for server in",
];

/// What nginx says before the path of a key that it has opened, and that does not fit.
const MISFIT: &str = "SSL_CTX_use_PrivateKey(\"";

/// Compares certlint with nginx.
pub(crate) struct Judge {
    pub(crate) program: Program,
    /// Names of certificates by the SHA-256 of their DER.
    pub(crate) certificates: BTreeMap<String, String>,
}

/// The outcome of one case.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// nginx would start.
    pub(crate) accepted: bool,
    /// The output of `nginx -t`.
    pub(crate) nginx: String,
    /// nginx refuses for a reason that certlint cannot know.
    pub(crate) excused: bool,
    /// nginx has opened a key that does not fit, and certlint says that it cannot tell.
    pub(crate) untold: bool,
    pub(crate) handshakes: usize,
    /// Handshakes that certlint leaves open.
    pub(crate) unknown: usize,
    /// Readable; empty when both agree.
    pub(crate) differences: Vec<String>,
}

impl Judge {
    /// Judges a case that was written to `place`.
    pub(crate) fn judge(&self, case: &Case, place: &Place<'_>) -> Result<Outcome> {
        let verdict = nginx::verdict(place.folder)?;
        let mut outcome = Outcome {
            accepted: verdict.accepted,
            nginx: verdict.text.clone(),
            ..Outcome::default()
        };
        self.verdicts(&verdict, place, &mut outcome)?;
        if verdict.accepted && outcome.differences.is_empty() {
            match nginx::start(place.folder) {
                Ok(running) => {
                    self.handshakes(case, place, &mut outcome)?;
                    drop(running);
                }
                // `nginx -t` does not see this.
                Err(error) if format!("{error:#}").contains("Address already in use") => {
                    outcome.excused = true;
                }
                Err(error) => return Err(error),
            }
        }
        outcome.differences.truncate(LIMIT);
        Ok(outcome)
    }

    fn verdicts(&self, nginx: &Verdict, place: &Place<'_>, outcome: &mut Outcome) -> Result<()> {
        let resolved = self.program.resolve(place.folder, &[String::new()], None)?;
        let findings = self.program.check(place.folder)?;
        outcome.excused =
            !nginx.accepted && EXCUSES.iter().any(|excuse| nginx.text.contains(excuse));
        outcome.untold = match misfit(&nginx.text) {
            Some(key) => self.program.cannot_tell(place.pool, key)?,
            None => false,
        };
        let excused = outcome.excused || outcome.untold;
        match resolved {
            Ok(_) if !nginx.accepted && !excused => {
                outcome
                    .differences
                    .push("nginx refuses, certlint resolve answers".to_owned());
            }
            Err(reasons) if nginx.accepted => {
                let reasons = reasons.trim().replace('\n', "\n    ");
                outcome.differences.push(format!(
                    "nginx accepts, certlint resolve refuses: {reasons}"
                ));
            }
            _ => {}
        }
        let findings = match findings {
            Ok(findings) => findings,
            Err(reason) if nginx.accepted => {
                let reason = reason.trim();
                outcome
                    .differences
                    .push(format!("nginx accepts, certlint check says: {reason}"));
                return Ok(());
            }
            Err(_) => return Ok(()),
        };
        let mut errors = findings.iter().filter(|finding| finding.level == "error");
        if nginx.accepted {
            for error in errors.filter(|finding| finding.rule == "nginx-syntax") {
                outcome.differences.push(format!(
                    "nginx accepts, certlint check reports {}:{}: {}",
                    error.location.file,
                    error.line(),
                    error.message
                ));
            }
        } else if !excused && errors.next().is_none() {
            outcome
                .differences
                .push("nginx refuses, certlint check finds no error".to_owned());
        }
        Ok(())
    }

    fn handshakes(&self, case: &Case, place: &Place<'_>, outcome: &mut Outcome) -> Result<()> {
        // Only variables give certlint the right to leave a handshake open.
        let is_dynamic = case.mentions("$");
        for door in doors(case, place) {
            let connect = match &door {
                Door::Inet(address) => Some(address.to_string()),
                Door::Unix(_) => None,
            };
            let answers = self
                .program
                .resolve(place.folder, &case.names, connect.as_deref())?;
            let mut answers = match answers {
                Ok(answers) => answers,
                Err(reasons) => {
                    outcome
                        .differences
                        .push(format!("{door}: resolve refuses: {reasons}"));
                    continue;
                }
            };
            if let Door::Unix(_) = door {
                // Without --connect there are all listeners with TLS, and only those.
                answers.retain(|answer| answer.listen == door.to_string());
            }
            for name in &case.names {
                let found: Vec<_> = answers
                    .iter()
                    .filter(|answer| answer.name == *name)
                    .collect();
                self.compare(&door, name, (&found, is_dynamic), outcome)?;
                if outcome.differences.len() > LIMIT {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One name at one door, for each kind of key.
    fn compare(
        &self,
        door: &Door,
        name: &str,
        (answers, is_dynamic): (&[&Answer], bool),
        outcome: &mut Outcome,
    ) -> Result<()> {
        for key in KeyType::ALL {
            let real = match nginx::knock(door, name, key)? {
                None => "nobody listens".to_owned(),
                Some(Reply::Plain) => "plain".to_owned(),
                Some(Reply::Alert(UNRECOGNIZED_NAME)) => "rejected".to_owned(),
                Some(Reply::Alert(_)) => "no certificate".to_owned(),
                Some(Reply::Leaf(der)) => self.certificate(&pool::digest(&der)),
            };
            let said = match answers {
                // A socket without TLS is not among the listeners with TLS.
                [] if matches!(door, Door::Unix(_)) && real == "plain" => real.clone(),
                [] => "nobody listens".to_owned(),
                [answer] => self.said(answer, key),
                _ => format!("{} answers", answers.len()),
            };
            outcome.handshakes += 1;
            if said == "unknown" && is_dynamic {
                outcome.unknown += 1;
            } else if said != real {
                let why = answers.first().and_then(|answer| answer.why.as_deref());
                outcome.differences.push(format!(
                    "{door} sni {name:?} {}: nginx: {real}, certlint: {said}{}",
                    key.as_str(),
                    why.map_or_else(String::new, |why| format!(" ({why})")),
                ));
            }
        }
        Ok(())
    }

    /// certlint's prediction for a client that accepts only keys of this kind.
    fn said(&self, answer: &Answer, key: KeyType) -> String {
        match answer.outcome.as_str() {
            "served" => answer
                .certificates
                .iter()
                .find(|certificate| certificate.key_type == key.as_str())
                .map_or_else(
                    || "no certificate".to_owned(),
                    |certificate| self.certificate(&certificate.sha256),
                ),
            "no-certificate" => "no certificate".to_owned(),
            other => other.to_owned(),
        }
    }

    fn certificate(&self, digest: &str) -> String {
        self.certificates
            .get(digest)
            .map_or_else(|| digest.to_owned(), Clone::clone)
    }
}

/// The key that nginx refuses because it does not fit its certificate. One that does not open is
/// another matter: certlint says so itself where no password file is in effect.
fn misfit(text: &str) -> Option<&Path> {
    let error = text.lines().find(|line| line.contains("[emerg] "))?;
    let (_, rest) = error.split_once(MISFIT)?;
    Some(Path::new(rest.split_once('"')?.0))
}

/// Every address that the case may listen on, and one that only a wildcard reaches.
fn doors(case: &Case, place: &Place<'_>) -> Vec<Door> {
    let mut doors = Vec::new();
    let hosts = match nginx::has_ipv6() {
        true => &["127.0.0.1", "127.0.0.2", "127.0.0.3", "[::1]"][..],
        false => &["127.0.0.1", "127.0.0.2", "127.0.0.3"],
    };
    let has_localhost = case.mentions("localhost:");
    for (number, port) in (1..).zip(place.ports) {
        if case.mentions(&format!("@P{number}@")) {
            // Whether `localhost` is `::1`, too, is for the machine to say.
            let hosts = hosts
                .iter()
                .filter(|host| !has_localhost || **host != "[::1]");
            let addresses = hosts.map(|host| format!("{host}:{port}"));
            let addresses = addresses.filter_map(|address| address.parse::<SocketAddr>().ok());
            doors.extend(addresses.map(Door::Inet));
        }
    }
    if case.mentions("unix:@DIR@/one.sock") {
        doors.push(Door::Unix(format!("{}/one.sock", place.folder.display())));
    }
    doors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_that_was_opened_does_not_fit() {
        let key = |message: &str| {
            let text = format!("nginx: [warn] low\nnginx: [emerg] {message}\nnginx: test failed\n");
            misfit(&text).map(Path::to_owned)
        };
        let mismatch = "SSL_CTX_use_PrivateKey(\"/tmp/a.key\") failed (SSL: key values mismatch)";
        assert_eq!(key(mismatch), Some("/tmp/a.key".into()));
        let closed = "cannot load certificate key \"/tmp/a.key\": PEM_read_bio_PrivateKey() failed";
        assert_eq!(key(closed), None);
        assert_eq!(key("cannot load certificate \"/tmp/a.crt\": failed"), None);
        assert_eq!(key("unknown directive \"x\" in /tmp/nginx.conf:1"), None);
    }
}
