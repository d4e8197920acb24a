//! Programs that read manifests, too, to be measured beside certlint: kubeconform and kube-score.
//!
//! Only `cargo xtask bench` wants these.

use std::path::PathBuf;

use anyhow::Result;

use super::go::{KUBE_SCORE, KUBECONFORM};
use super::schemas::schemas;

/// The Kubernetes whose schemas kubeconform is given.
const RELEASE: &str = "1.37.0";

/// The programs, ready to run.
pub struct Peers {
    /// kubeconform.
    pub kubeconform: PathBuf,
    /// The schemas in the form that kubeconform reads.
    pub schemas: PathBuf,
    /// kube-score.
    pub kube_score: PathBuf,
}

/// Builds what is not there.
pub fn peers() -> Result<Peers> {
    Ok(Peers {
        kubeconform: KUBECONFORM.build()?.join("kubeconform"),
        schemas: schemas(RELEASE, false)?,
        kube_score: KUBE_SCORE.build()?.join("kube-score"),
    })
}
