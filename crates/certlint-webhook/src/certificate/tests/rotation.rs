//! From the first start to the second CA.

use super::*;

const SHORT: Lifetimes = Lifetimes {
    authority: Duration::from_secs(300),
    leaf: Duration::from_secs(60),
    round: Duration::from_secs(1),
    settle: Duration::from_secs(3),
};

#[tokio::test(start_paused = true)]
async fn the_first_start_makes_a_ca_and_has_it_trusted() {
    let world = World::new();
    let replica = world.replica(true);
    until(|| world.trusts(&replica)).await;
    assert_eq!(world.secret_data("tls.crt"), world.secret_data("ca.crt"));
    assert_eq!(world.trusted(0), world.secret_data("ca.crt"));
    let configuration = world.fake.object(CONFIGURATIONS, "", "certlint").unwrap();
    let service = &configuration["webhooks"][0]["clientConfig"]["service"];
    assert_eq!(service["name"], "certlint", "nothing else is touched");
}

#[tokio::test(start_paused = true)]
async fn of_two_replicas_that_start_together_one_makes_the_ca() {
    let world = World::new();
    // Both ask before either has created anything.
    world.fake.delay(Duration::from_millis(100));
    let (one, two) = (world.replica(true), world.replica(false));
    until(|| world.trusts(&one) && world.trusts(&two)).await;
    assert_eq!(count(&world.trusted(0)), 1);
    let requests = world.fake.take_requests();
    let creates = requests.iter().filter(|it| it.starts_with("POST"));
    assert_eq!(creates.count(), 2, "both tried: {requests:?}");
}

#[tokio::test(start_paused = true)]
async fn the_empty_secret_of_the_chart_is_filled_and_keeps_its_labels() {
    let world = World::new();
    world.put_secret(&Value::Null);
    let replica = world.replica(false);
    until(|| replica.leaf().is_some()).await;
    assert_eq!(count(&world.secret_data("ca.crt")), 1);
    assert_eq!(world.secret().unwrap()["metadata"]["labels"]["a"], "b");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_used_is_replaced_by_the_leader_without_a_gap() {
    let world = World::new();
    let replica = world.replica(false);
    replica.leads.send_replace(true);
    until(|| world.trusts(&replica)).await;
    let before = world.secret_data("tls.crt");
    replica.leads.send_replace(false);

    world.put_secret(&json!({ "tls.crt": "Zm9v", "tls.key": "YmFy", "ca.crt": "" }));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.secret_data("tls.crt"), "foo", "not for us to replace");
    assert!(world.trusts(&replica));

    replica.leads.send_replace(true);
    let leaf = replica.leaf();
    until(|| {
        assert!(world.trusts(&replica));
        replica.leaf() != leaf
    })
    .await;
    assert!(!world.secret_data("tls.crt").contains(&before));
    assert_eq!(count(&world.trusted(0)), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_has_ended_is_replaced() {
    let world = World::new();
    let replica = world.replica(true);
    until(|| world.trusts(&replica)).await;
    let before = world.secret_data("tls.crt");
    drop(replica);
    sleep(366 * Duration::from_secs(24 * 60 * 60)).await;

    let replica = world.replica(true);
    until(|| world.trusts(&replica)).await;
    assert_eq!(count(&world.trusted(0)), 1);
    assert!(!world.trusted(0).contains(&before));
}

#[tokio::test(start_paused = true)]
async fn the_api_server_trusts_all_replicas_at_any_time() {
    let world = World::new();
    let (one, two) = (
        world.replica_with(true, SHORT),
        world.replica_with(false, SHORT),
    );
    until(|| world.trusts(&one) && world.trusts(&two)).await;
    // An API server learns of a change a moment later; here more than two seconds.
    let mut seen = vec![world.trusted(0)];
    let (mut authorities, mut leaves, mut most) = (Vec::new(), Vec::new(), 0);
    for step in 0..1200 {
        sleep(Duration::from_millis(750)).await;
        if step == 700 {
            one.leads.send_replace(false);
            two.leads.send_replace(true);
        }
        seen.push(world.trusted(0));
        let late = &seen[seen.len().saturating_sub(4)];
        for replica in [&one, &two] {
            assert!(world.trusts(replica), "step {step}");
            world.accepts(late, replica).unwrap();
        }
        authorities.push(world.secret_data("tls.crt"));
        leaves.extend(one.leaf());
        most = most.max(count(&world.trusted(0)));
    }
    authorities.dedup();
    leaves.dedup();
    // Every 200 s, and every 40 s.
    assert_eq!(authorities.len(), 5);
    assert!((20..30).contains(&leaves.len()), "{}", leaves.len());
    assert_eq!(most, 2, "those that have ended are dropped");
}

#[tokio::test(start_paused = true)]
async fn a_ca_bundle_that_is_dropped_is_put_back() {
    let world = World::new();
    let replica = world.replica(true);
    until(|| world.trusts(&replica)).await;
    world.configure();
    assert!(!world.trusts(&replica));
    until(|| world.trusts(&replica)).await;
    let leaf = replica.leaf();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(replica.leaf(), leaf);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_while_all_is_well() {
    let world = World::new();
    let (one, two) = (world.replica(true), world.replica(false));
    until(|| world.trusts(&one) && world.trusts(&two)).await;
    sleep(Duration::from_secs(30)).await;
    world.fake.take_requests();
    sleep(Duration::from_secs(600)).await;
    let requests = world.fake.take_requests();
    assert!(
        requests.iter().all(|it| it.starts_with("GET")),
        "{requests:?}"
    );
    assert!((200..=260).contains(&requests.len()), "{}", requests.len());
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_does_not_lead_publishes_nothing() {
    let world = World::new();
    let replica = world.replica(false);
    until(|| replica.leaf().is_some()).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.trusted(0), "");
    replica.leads.send_replace(true);
    until(|| world.trusts(&replica)).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_takes_nothing_away() {
    let world = World::new();
    let replica = world.replica(true);
    until(|| world.trusts(&replica)).await;
    let leaf = replica.leaf();
    world.fake.down(true);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(replica.leaf(), leaf);
    assert!(world.trusts(&replica));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_noticed_within_a_round() {
    let world = World::new();
    let replica = world.replica(true);
    until(|| world.trusts(&replica)).await;
    let leaf = replica.leaf();
    tokio::time::advance(Duration::from_secs(6 * 24 * 60 * 60)).await;
    sleep(Duration::from_secs(11)).await;
    assert_ne!(replica.leaf(), leaf);
    assert!(world.trusts(&replica));
}
