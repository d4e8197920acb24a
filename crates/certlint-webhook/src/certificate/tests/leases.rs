//! Who leads.

use tokio::sync::oneshot;
use tokio::sync::watch::Receiver;

use super::super::Lease;
use super::*;

const LEASES: &str = "coordination.k8s.io/v1/leases";

struct Candidate {
    leads: Receiver<bool>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Candidate {
    fn new(fake: &Fake, identity: &str) -> Self {
        let client = Cluster::inside(fake.clone()).client().clone();
        let (lease, leads) = Lease::new(client, "tools", "certlint", identity, clock());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(lease.run(async {
            let _ = stopped.await;
        }));
        Self {
            leads,
            stop: Some(stop),
            task,
        }
    }

    fn leads(&self) -> bool {
        *self.leads.borrow()
    }
}

fn holder(fake: &Fake) -> Value {
    fake.object(LEASES, "tools", "certlint").unwrap()["spec"]["holderIdentity"].clone()
}

#[tokio::test(start_paused = true)]
async fn one_of_two_leads_and_goes_on_leading() {
    let fake = Fake::new();
    let (one, two) = (Candidate::new(&fake, "one"), Candidate::new(&fake, "two"));
    until(|| one.leads() || two.leads()).await;
    let first = one.leads();
    for _ in 0..1000 {
        sleep(Duration::from_millis(100)).await;
        assert_eq!((one.leads(), two.leads()), (first, !first));
    }
    let transitions =
        &fake.object(LEASES, "tools", "certlint").unwrap()["spec"]["leaseTransitions"];
    assert_eq!(*transitions, 1);
}

#[tokio::test(start_paused = true)]
async fn the_empty_lease_of_the_chart_is_taken_at_once() {
    let fake = Fake::new();
    fake.put(
        LEASES,
        json!({ "metadata": { "namespace": "tools", "name": "certlint" } }),
    );
    let one = Candidate::new(&fake, "one");
    sleep(Duration::from_millis(100)).await;
    assert!(one.leads());
    assert_eq!(holder(&fake), "one");
}

#[tokio::test(start_paused = true)]
async fn who_stops_lets_go_so_that_nobody_waits() {
    let fake = Fake::new();
    let mut one = Candidate::new(&fake, "one");
    until(|| one.leads()).await;
    let two = Candidate::new(&fake, "two");
    sleep(Duration::from_secs(5)).await;
    one.stop.take().unwrap().send(()).unwrap();
    (&mut one.task).await.unwrap();
    assert_eq!(holder(&fake), "");
    sleep(Duration::from_millis(2100)).await;
    assert!(two.leads() && !one.leads());
}

#[tokio::test(start_paused = true)]
async fn who_dies_is_followed_when_its_time_is_over() {
    let fake = Fake::new();
    let one = Candidate::new(&fake, "one");
    until(|| one.leads()).await;
    let two = Candidate::new(&fake, "two");
    sleep(Duration::from_secs(5)).await;
    one.task.abort();
    sleep(Duration::from_secs(12)).await;
    assert!(!two.leads());
    sleep(Duration::from_secs(6)).await;
    assert!(two.leads());
    assert_eq!(holder(&fake), "two");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_stops_before_another_can_begin() {
    let fake = Fake::new();
    let one = Candidate::new(&fake, "one");
    until(|| one.leads()).await;
    fake.down(true);
    sleep(Duration::from_secs(13)).await;
    assert!(!one.leads());
    fake.down(false);
    until(|| one.leads()).await;
}
