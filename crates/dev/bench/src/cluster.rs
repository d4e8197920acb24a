//! The manifests that are measured: 20,000 Ingresses and 500 Secrets, as one stream and as files.
//!
//! They are kept between runs in `target/bench`, in a folder named after what makes them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::certificates::Certificates;
use super::kept;

/// Ingresses of the cluster, each with one host.
pub(super) const INGRESSES: usize = 20_000;
/// Secrets, one in each namespace.
pub(super) const SECRETS: usize = 500;

/// The same manifests in two shapes.
pub(super) struct Cluster {
    /// One file with all of them, the Secrets first, as Helm writes them.
    pub(super) stream: PathBuf,
    /// A folder of folders with a file for each.
    pub(super) files: PathBuf,
}

/// Makes the manifests where they are not there yet.
pub(super) fn cluster(parent: &Path) -> Result<Cluster> {
    // Other text makes other manifests, so the name is that of this file's content.
    let makers = concat!(include_str!("cluster.rs"), include_str!("certificates.rs"));
    let key = Sha256::digest(makers);
    let key: String = key[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = kept(parent, &format!("manifests-{key}"), fill)?;
    Ok(Cluster {
        stream: folder.join("stream.yaml"),
        files: folder.join("files"),
    })
}

fn fill(folder: &Path) -> Result<()> {
    let certificates = Certificates::new(folder)?;
    let mut stream = String::new();
    for team in 0..SECRETS {
        let hosts: Vec<_> = apps(team).map(host).collect();
        certificates.make(team, &hosts)?;
        let text = secret(team, &certificates)?;
        let folder = folder.join(format!("files/team{team}"));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("tls.yaml"), &text)?;
        stream.push_str(&text);
    }
    for team in 0..SECRETS {
        let folder = folder.join(format!("files/team{team}"));
        for app in apps(team) {
            let text = ingress(app);
            fs::write(folder.join(format!("app{app}.yaml")), &text)?;
            stream.push_str(&text);
        }
    }
    fs::write(folder.join("stream.yaml"), stream)?;
    Ok(())
}

fn apps(team: usize) -> impl Iterator<Item = usize> {
    (team..INGRESSES).step_by(SECRETS)
}

fn host(app: usize) -> String {
    let team = app % SECRETS;
    format!("app{app}.team{team}.example.com")
}

fn ingress(app: usize) -> String {
    let (team, host) = (app % SECRETS, host(app));
    format!(
        r#"---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app{app}
  namespace: team{team}
  labels:
    app: app{app}
spec:
  ingressClassName: nginx
  tls:
  - hosts:
    - {host}
    secretName: team-tls
  rules:
  - host: {host}
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: app{app}
            port:
              number: 80
"#
    )
}

fn secret(team: usize, certificates: &Certificates) -> Result<String> {
    let mut text = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: team-tls\n  namespace: \
         team{team}\ntype: kubernetes.io/tls\ndata:\n"
    );
    for ending in ["crt", "key"] {
        let encoded = BASE64.encode(fs::read(certificates.file(team, ending))?);
        writeln!(text, "  tls.{ending}: {encoded}")?;
    }
    Ok(text)
}
