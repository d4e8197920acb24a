//! Informers, discovery and lookups against an API server inside the process.

use certlint_core::kubernetes::kinds::{GATEWAY, HTTP_ROUTE, INGRESS, REFERENCE_GRANT, SECRET};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::judge::{Live as _, LiveSecret};
use crate::log;
use crate::settings::SecretAccess;
use crate::store::{Kind, Store};

use super::fake::Fake;
use super::live::Looked;
use super::{Cluster, Lookups, State, Watch};

const INGRESSES: &str = "networking.k8s.io/v1/ingresses";
const SECRETS: &str = "v1/secrets";
const GATEWAYS: &str = "gateway.networking.k8s.io/v1/gateways";
const GRANTS: &str = "gateway.networking.k8s.io/v1/referencegrants";

fn object(namespace: &str, name: &str) -> Value {
    json!({ "metadata": { "namespace": namespace, "name": name }, "spec": {} })
}

fn secret(name: &str) -> Value {
    json!({
        "metadata": { "namespace": "shop", "name": name },
        "type": "kubernetes.io/tls",
        "data": { "tls.crt": "", "tls.key": "" },
    })
}

struct World {
    fake: Fake,
    store: Arc<Store>,
    watch: Watch,
}

impl World {
    fn watching(fake: &Fake, namespaces: &[&str], access: SecretAccess) -> Self {
        let store = Arc::new(Store::default());
        let namespaces: Vec<String> = namespaces.iter().map(|&it| it.to_owned()).collect();
        let watch = Watch::start(&Cluster::inside(fake.clone()), &store, &namespaces, access);
        Self {
            fake: fake.clone(),
            store,
            watch,
        }
    }

    async fn ready(&self) {
        until(|| self.watch.state().ready().is_ok()).await;
    }

    fn names(&self, kind: &'static Kind) -> Vec<String> {
        let objects = self.store.all(kind);
        let mut names: Vec<_> = objects
            .iter()
            .map(|object| format!("{}/{}", object.namespace(), object.name()))
            .collect();
        names.sort();
        names
    }

    fn restarts(&self, kind: &'static Kind) -> u64 {
        self.watch.state().kinds()[&kind].restarts
    }
}

/// Time is paused, so that waiting takes none.
async fn until(mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(300), wait)
        .await
        .expect("it never holds");
}

#[tokio::test(start_paused = true)]
async fn what_is_there_and_what_changes_reaches_the_store() {
    let fake = Fake::new();
    fake.put(INGRESSES, object("shop", "a"));
    fake.put(SECRETS, secret("web"));
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    assert_eq!(world.names(&INGRESS), ["shop/a"]);
    assert!(world.store.secret("shop", "web").is_some());

    fake.put(INGRESSES, object("shop", "b"));
    until(|| world.names(&INGRESS) == ["shop/a", "shop/b"]).await;
    fake.delete(INGRESSES, "shop", "a");
    until(|| world.names(&INGRESS) == ["shop/b"]).await;
    assert_eq!(world.restarts(&INGRESS), 0);
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    let fake = Fake::new();
    for number in 0..1201 {
        fake.put(SECRETS, secret(&format!("s{number:04}")));
    }
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    assert_eq!(world.store.secrets().len(), 1201);
    let lists = fake.take_requests();
    let lists = lists
        .iter()
        .filter(|it| it.contains("/secrets?") && !it.contains("watch"));
    assert_eq!(lists.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn only_secrets_of_the_tls_type_are_listed() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    let mut other = secret("other");
    other["type"] = "Opaque".into();
    fake.put(SECRETS, other);
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    assert!(world.store.secret("shop", "web").is_some());
    assert!(world.store.secret("shop", "other").is_none());
}

#[tokio::test(start_paused = true)]
async fn nothing_vanishes_while_a_list_is_read_again() {
    let fake = Fake::new();
    for number in 0..600 {
        fake.put(INGRESSES, object("shop", &format!("i{number:03}")));
    }
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;

    fake.delete(INGRESSES, "shop", "i000");
    fake.put(INGRESSES, object("shop", "new"));
    fake.compact();
    let mut fewest = usize::MAX;
    until(|| {
        let names = world.names(&INGRESS);
        fewest = fewest.min(names.len());
        names.contains(&"shop/new".to_owned()) && !names.contains(&"shop/i000".to_owned())
    })
    .await;
    until(|| world.restarts(&INGRESS) > 0).await;
    let lists = fake.take_requests();
    let lists = lists
        .iter()
        .filter(|it| it.contains("/ingresses?") && !it.contains("watch"));
    assert_eq!(lists.count(), 4, "two pages, read twice");
    assert!(fewest >= 599, "{fewest}");
    assert_eq!(world.names(&INGRESS).len(), 600);
}

#[tokio::test(start_paused = true)]
async fn an_outage_changes_neither_readiness_nor_what_is_known() {
    let fake = Fake::new();
    fake.put(INGRESSES, object("shop", "a"));
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;

    fake.down(true);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(world.watch.state().ready(), Ok(()));
    assert_eq!(world.names(&INGRESS), ["shop/a"]);
    let state = &world.watch.state().kinds()[&INGRESS];
    assert!(state.synced);
    assert!(state.stale >= Some(Duration::from_secs(99)), "{state:?}");
    assert!((2..20).contains(&state.restarts), "{state:?}");

    fake.put(INGRESSES, object("shop", "b"));
    fake.down(false);
    until(|| world.names(&INGRESS) == ["shop/a", "shop/b"]).await;
    let state = &world.watch.state().kinds()[&INGRESS];
    assert!(state.stale < Some(Duration::from_secs(1)), "{state:?}");
}

#[tokio::test(start_paused = true)]
async fn an_optional_kind_that_is_forbidden_is_off_and_the_rest_works() {
    let fake = Fake::new();
    fake.put(INGRESSES, object("shop", "a"));
    fake.put(GATEWAYS, object("shop", "gate"));
    fake.put(GRANTS, object("shop", "grant"));
    fake.forbid(GATEWAYS);
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    let kinds = world.watch.state().kinds();
    assert!(kinds[&GATEWAY].off && !kinds[&GATEWAY].synced);
    assert_eq!(kinds[&GATEWAY].stale, None);
    assert!(kinds[&REFERENCE_GRANT].stale.is_some());
    assert!(kinds[&REFERENCE_GRANT].synced);
    assert!(!world.watch.state().knows(&GATEWAY, "shop"));
    assert!(
        world.watch.state().knows(&HTTP_ROUTE, "shop"),
        "not installed, so there are none"
    );
    assert!(world.names(&GATEWAY).is_empty());

    fake.allow(GATEWAYS);
    until(|| world.names(&GATEWAY) == ["shop/gate"]).await;
    let state = &world.watch.state().kinds()[&GATEWAY];
    assert!(!state.off && state.stale.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_may_no_longer_be_read_is_forgotten_after_a_while() {
    let fake = Fake::new();
    fake.put(GATEWAYS, object("shop", "gate"));
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    fake.forbid(GATEWAYS);
    sleep(Duration::from_secs(50)).await;
    assert_eq!(world.names(&GATEWAY), ["shop/gate"]);
    assert!(world.watch.state().kinds()[&GATEWAY].synced);
    until(|| world.names(&GATEWAY).is_empty()).await;
    assert!(world.watch.state().kinds()[&GATEWAY].off);
    assert_eq!(world.watch.state().ready(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_short_refusal_takes_nothing_away() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    fake.forbid(SECRETS);
    sleep(Duration::from_secs(20)).await;
    assert!(world.store.secret("shop", "web").is_some());
    fake.put(SECRETS, secret("new"));
    fake.allow(SECRETS);
    until(|| world.store.secret("shop", "new").is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn without_ingresses_the_process_is_not_ready_and_says_why() {
    let fake = Fake::new();
    fake.forbid(INGRESSES);
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    sleep(Duration::from_secs(30)).await;
    let missing = world.watch.state().ready().unwrap_err();
    assert_eq!(missing, "Ingress not read yet: not for you");
    fake.allow(INGRESSES);
    world.ready().await;
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_installed_later_is_found() {
    let fake = Fake::new();
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    world.ready().await;
    assert!(!world.watch.state().kinds().contains_key(&GATEWAY));
    fake.put(GATEWAYS, object("shop", "gate"));
    until(|| world.names(&GATEWAY) == ["shop/gate"]).await;
    assert_eq!(world.watch.state().ready(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn single_namespaces_are_watched_one_by_one() {
    let fake = Fake::new();
    for namespace in ["bar", "private", "shop"] {
        fake.put(INGRESSES, object(namespace, "a"));
        fake.put(GATEWAYS, object(namespace, "gate"));
    }
    let world = World::watching(&fake, &["shop", "bar"], SecretAccess::Cache);
    world.ready().await;
    assert_eq!(world.names(&INGRESS), ["bar/a", "shop/a"]);
    assert_eq!(world.names(&GATEWAY), ["bar/gate", "shop/gate"]);
    assert!(world.watch.state().knows(&GATEWAY, "bar"));
    assert!(!world.watch.state().knows(&GATEWAY, "private"));
    let requests = fake.take_requests();
    assert!(
        requests.iter().all(|it| !it.contains("/v1/ingresses?")),
        "{requests:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn secrets_are_not_listed_where_they_are_read_one_by_one() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    let world = World::watching(&fake, &[], SecretAccess::OnDemand);
    world.ready().await;
    assert!(world.store.secrets().is_empty());
    assert!(!world.watch.state().knows(&SECRET, "shop"));
    assert!(
        world
            .fake
            .take_requests()
            .iter()
            .all(|it| !it.contains("/secrets"))
    );
}

/// Lookups beside a watch that has not seen anything.
fn lookups(fake: &Fake, access: SecretAccess) -> Lookups {
    let cluster = Cluster::inside(fake.clone());
    let state = Arc::new(State::new(cluster.heard().clone()));
    Lookups::new(&cluster, access, state)
}

#[tokio::test(start_paused = true)]
async fn lookups_tell_found_missing_and_unknown_apart() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    let lookups = lookups(&fake, SecretAccess::Cache);
    let found = lookups.secret("shop", "web").await;
    assert!(matches!(found, LiveSecret::Found(secret) if &**secret.name() == "web"));
    assert!(matches!(
        lookups.secret("shop", "no").await,
        LiveSecret::Missing
    ));

    fake.forbid(SECRETS);
    let LiveSecret::Unknown(why) = lookups.secret("shop", "web").await else {
        panic!("it may not be read");
    };
    assert_eq!(why, "the webhook may not read Secrets there");
    let counts: Vec<_> = lookups.counts().collect();
    assert_eq!(
        counts,
        [
            (Looked::Found, 1),
            (Looked::Missing, 1),
            (Looked::Unknown, 1)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_lookup_takes_half_a_second_at_most() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    fake.delay(Duration::from_secs(5));
    let lookups = lookups(&fake, SecretAccess::Cache);
    let began = tokio::time::Instant::now();
    assert!(matches!(
        lookups.secret("shop", "web").await,
        LiveSecret::Unknown(_)
    ));
    assert_eq!(began.elapsed().as_millis() / 10, 50);
}

#[tokio::test(start_paused = true)]
async fn lookups_of_one_secret_share_one_request() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    fake.delay(Duration::from_millis(100));
    let lookups = lookups(&fake, SecretAccess::Cache);
    let all = (0..50).map(|_| lookups.secret("shop", "web"));
    let all = futures::future::join_all(all).await;
    assert!(all.iter().all(|it| matches!(it, LiveSecret::Found(_))));
    assert_eq!(fake.take_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_does_not_keep_others_waiting() {
    let fake = Fake::new();
    fake.put(SECRETS, secret("web"));
    fake.delay(Duration::from_millis(100));
    let lookups = lookups(&fake, SecretAccess::Cache);
    let impatient = timeout(Duration::from_millis(50), lookups.secret("shop", "web"));
    let (gone, found) = tokio::join!(impatient, lookups.secret("shop", "web"));
    assert!(gone.is_err());
    assert!(matches!(found, LiveSecret::Found(_)));
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_is_not_asked_for_again_at_once() {
    let fake = Fake::new();
    let lookups = lookups(&fake, SecretAccess::Cache);
    for _ in 0..5 {
        assert!(matches!(
            lookups.secret("shop", "web").await,
            LiveSecret::Missing
        ));
    }
    assert_eq!(fake.take_requests().len(), 1);
    fake.put(SECRETS, secret("web"));
    sleep(Duration::from_secs(3)).await;
    assert!(matches!(
        lookups.secret("shop", "web").await,
        LiveSecret::Found(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_where_secrets_are_not_read() {
    let fake = Fake::new();
    let lookups = lookups(&fake, SecretAccess::None);
    assert!(matches!(
        lookups.secret("shop", "web").await,
        LiveSecret::Unknown(_)
    ));
    assert!(fake.take_requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_not_logged() {
    let fake = Fake::new();
    let mut secret = secret("web");
    secret["data"]["tls.key"] = "cHJpdmF0ZQ==".into();
    fake.put(SECRETS, secret);
    fake.cut_short();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(log::filter("debug").unwrap())
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let world = World::watching(&fake, &[], SecretAccess::Cache);
    let lookups = lookups(&fake, SecretAccess::Cache);
    assert!(matches!(
        lookups.secret("shop", "web").await,
        LiveSecret::Unknown(_)
    ));
    sleep(Duration::from_secs(10)).await;

    assert!(world.watch.state().ready().is_err());
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("the watch broke"), "{lines}");
    assert!(!lines.contains("cHJpdmF0ZQ"), "{lines}");
}

/// The log's settings.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
