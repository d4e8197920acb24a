//! The serving certificate: none yet, another one, and files that kubelet exchanges.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::*;

const OFTEN: Duration = Duration::from_millis(10);

/// A volume as kubelet writes it: `tls.crt` and `tls.key` are links into `..data`, which is a link
/// to the newest directory.
struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().unwrap());
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), volume.0.path().join(name)).unwrap();
        }
        volume
    }

    fn write(&self, version: &str, certificate: &str, key: &str) {
        let dir = self.0.path().join(version);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("tls.crt"), certificate).unwrap();
        fs::write(dir.join("tls.key"), key).unwrap();
        let next = self.0.path().join("..data_tmp");
        symlink(version, &next).unwrap();
        fs::rename(next, self.0.path().join("..data")).unwrap();
    }

    fn put(&self, version: &str, made: &Made<KeyPair>) {
        self.write(version, &made.cert.pem(), &made.signing_key.serialize_pem());
    }
}

struct Kept {
    volume: Volume,
    current: Current,
    metrics: Arc<Metrics>,
}

impl Kept {
    fn start() -> Self {
        let kept = Self {
            volume: Volume::new(),
            current: Current::default(),
            metrics: Arc::new(Metrics::new(&Clock::system(), Vec::new())),
        };
        let dir = kept.volume.0.path().to_owned();
        let (current, metrics) = (kept.current.clone(), kept.metrics.clone());
        tokio::spawn(files::keep(dir, current, metrics, OFTEN));
        kept
    }

    fn reloads(&self, result: &str) -> bool {
        let text = self.metrics.text(crate::metrics::Format::Prometheus);
        text.contains(&format!("reloads_total{{result=\"{result}\"}}"))
    }

    async fn serves(&self, made: &Made<KeyPair>) {
        let is_it = || {
            let current = self.current.load();
            current
                .as_ref()
                .is_some_and(|it| it.cert[0] == *made.cert.der())
        };
        while !is_it() {
            tokio::time::sleep(OFTEN).await;
        }
    }
}

#[tokio::test]
async fn a_symlink_swap_is_a_new_certificate() {
    let kept = Kept::start();
    let (first, second) = (made(), made());
    kept.volume.put("..1", &first);
    kept.serves(&first).await;
    kept.volume.put("..2", &second);
    kept.serves(&second).await;
    assert!(kept.reloads("ok"));
}

#[tokio::test]
async fn a_pair_that_does_not_fit_is_kept_out() {
    let kept = Kept::start();
    let (first, second) = (made(), made());
    kept.volume.put("..1", &first);
    kept.serves(&first).await;
    for (version, certificate, key) in [
        ("..2", second.cert.pem(), first.signing_key.serialize_pem()),
        (
            "..3",
            "nothing".to_owned(),
            second.signing_key.serialize_pem(),
        ),
        ("..4", second.cert.pem(), String::new()),
        ("..5", second.signing_key.serialize_pem(), second.cert.pem()),
    ] {
        kept.volume.write(version, &certificate, &key);
        tokio::time::sleep(OFTEN * 5).await;
        kept.serves(&first).await;
    }
    assert!(kept.reloads("error"));
    kept.volume.put("..6", &second);
    kept.serves(&second).await;
}

#[tokio::test]
async fn files_that_vanish_leave_what_is_served() {
    let kept = Kept::start();
    let first = made();
    kept.volume.put("..1", &first);
    kept.serves(&first).await;
    fs::remove_file(kept.volume.0.path().join("..data")).unwrap();
    while !kept.reloads("error") {
        tokio::time::sleep(OFTEN).await;
    }
    kept.serves(&first).await;
}

#[tokio::test]
async fn without_a_certificate_there_are_no_handshakes_and_no_readiness() {
    let running = Running::start(settings()).await;
    let certificate = running.certificate.swap(None);
    assert!(Client::tls(running.webhook, &running.root).await.is_err());
    let (status, why) = running.get("/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(
        why,
        "[-]certificate failed: there is no serving certificate yet\n"
    );
    assert_eq!(running.get("/livez").await.0, 200);
    running.certificate.store(certificate);
    assert_eq!(running.get("/readyz").await, (200, "ok\n".to_owned()));
    assert_eq!(
        running.get("/readyz?verbose").await.1,
        "[+]certificate ok\n"
    );
    running.connect().await;
}

#[tokio::test]
async fn connections_go_on_while_new_ones_see_the_new_certificate() {
    let running = Running::start(settings()).await;
    let mut old = running.connect().await;
    let next = made();
    running.certificate.store(Some(certified(&next)));
    assert!(old.ask(&review("a", 0)).await.allowed("a"));
    let root = next.cert.der().clone();
    let mut new = Client::tls(running.webhook, &root).await.unwrap();
    assert!(new.ask(&review("b", 0)).await.allowed("b"));
    assert!(Client::tls(running.webhook, &running.root).await.is_err());
}
