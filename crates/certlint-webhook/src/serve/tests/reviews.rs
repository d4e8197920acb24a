//! Reviews, good and bad.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::*;

/// Reviews for which there was no time.
const LATE: &str = "certlint_admission_errors_total{reason=\"late\"}";

#[tokio::test]
async fn the_uid_is_copied_whatever_the_path_and_the_decision() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    for (path, uid) in [
        ("/", "a"),
        ("/any/path?timeout=3s&x", "b"),
        ("/validate", "c"),
    ] {
        client.post(path, &review(uid, 0)).await;
        assert!(client.answer().await.unwrap().allowed(uid));
    }
    let answer = client.ask(&review("deny", 0)).await;
    assert!(!answer.allowed("deny"));
    assert!(answer.body.contains(r#""code":403"#));
    assert!(answer.head.contains("content-type: application/json"));
    assert!(!answer.closes());
}

#[tokio::test]
async fn what_is_no_review_gets_400_and_one_line() {
    let running = Running::start(settings()).await;
    for body in [
        String::new(),
        "{".to_owned(),
        review("", 0),
        review("a", 0).replace("/v1", "/v2"),
    ] {
        let answer = running.connect().await.ask(&body).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.body.lines().count(), 1, "{}", answer.body);
    }
    let metric = "certlint_admission_errors_total{reason=\"envelope\"}";
    assert_eq!(running.metric(metric).await, 4.0);
    assert!(
        running
            .connect()
            .await
            .ask(&review("a", 0))
            .await
            .allowed("a")
    );
}

#[tokio::test]
async fn reviews_come_by_post_only() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.answer().await.unwrap().status, 405);
}

#[tokio::test]
async fn a_body_beyond_the_limit_gets_413_announced_or_not() {
    let mut settings = settings();
    settings.limits.body_bytes = 10_000;
    let running = Running::start(settings).await;
    let mut announced = running.connect().await;
    announced
        .send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n")
        .await;
    assert_eq!(announced.answer().await.unwrap().status, 413);
    let mut chunked = running.connect().await;
    chunked
        .send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    chunked
        .send(format!("2711\r\n{}\r\n", "x".repeat(10_001)).as_bytes())
        .await;
    let answer = chunked.answer().await.unwrap();
    assert_eq!(answer.status, 413);
    assert!(answer.closes());
    assert!(
        running
            .connect()
            .await
            .ask(&review("a", 0))
            .await
            .allowed("a")
    );
}

#[tokio::test]
async fn five_megabytes_are_answered() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    assert!(client.ask(&review("large", 5 << 20)).await.allowed("large"));
    assert!(client.ask(&review("small", 0)).await.allowed("small"));
}

#[tokio::test]
async fn one_review_too_many_gets_503_at_once() {
    let mut settings = settings();
    settings.limits.in_flight = 1;
    let running = Running::start(settings).await;
    let mut first = running.connect().await;
    first.post("/?timeout=30s", &review("wait", 0)).await;
    running.puppet.waiting.notified().await;
    assert_eq!(running.metric("certlint_admission_in_flight").await, 1.0);
    let answer = running.connect().await.ask(&review("a", 0)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(running.metric("certlint_admission_shed_total").await, 1.0);
    running.puppet.gate.notify_waiters();
    assert!(first.answer().await.unwrap().allowed("wait"));
    assert_eq!(running.metric("certlint_admission_in_flight").await, 0.0);
}

#[tokio::test]
async fn a_place_is_free_again_when_its_client_goes_away() {
    let mut settings = settings();
    settings.limits.in_flight = 1;
    let running = Running::start(settings).await;
    let mut first = running.connect().await;
    first.post("/?timeout=30s", &review("wait", 0)).await;
    running.puppet.waiting.notified().await;
    drop(first);
    while running.metric("certlint_admission_in_flight").await > 0.0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        running
            .connect()
            .await
            .ask(&review("a", 0))
            .await
            .allowed("a")
    );
}

#[tokio::test]
async fn a_panic_stops_nothing_but_its_own_review() {
    let running = Running::start(settings()).await;
    for size in [0, 1 << 20] {
        let answer = running.connect().await.ask(&review("panic", size)).await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.body, "internal error\n");
        assert!(
            running
                .connect()
                .await
                .ask(&review("a", size))
                .await
                .allowed("a")
        );
    }
    assert_eq!(
        running
            .metric("certlint_admission_errors_total{reason=\"panic\"}")
            .await,
        2.0
    );
    assert_eq!(running.metric("certlint_admission_in_flight").await, 0.0);
}

#[tokio::test]
async fn a_verdict_that_does_not_come_in_time_is_not_waited_for() {
    let running = Running::start(settings()).await;
    for size in [0, 1 << 20] {
        let mut client = running.connect().await;
        client.post("/?timeout=500ms", &review("sleep", size)).await;
        assert!(client.answer().await.unwrap().allowed("sleep"));
    }
    let late = running.metric(LATE).await;
    assert_eq!(late, 2.0);
}

#[tokio::test]
async fn a_verdict_that_comes_after_the_answer_is_counted_as_late_and_only_once() {
    let answered = |decision| {
        format!(
            "certlint_admission_requests_total{{resource=\"ingresses\",operation=\"CREATE\",decision=\"{decision}\",mode=\"enforce\"}}"
        )
    };
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    client
        .post("/?timeout=500ms", &review("work", 1 << 20))
        .await;
    let answer = client.answer().await;
    running.puppet.works.store(false, Ordering::Relaxed);
    assert!(answer.unwrap().allowed("work"));
    let (mut late, mut allowed) = (0.0, 0.0);
    while late + allowed == 0.0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        late = running.metric(&answered("error")).await;
        allowed = running.metric(&answered("allow")).await;
    }
    assert_eq!((late, allowed), (1.0, 0.0));
    assert_eq!(running.metric(LATE).await, 1.0);
}

#[tokio::test]
async fn a_verdict_that_does_not_come_in_time_is_a_refusal_where_that_is_wanted() {
    let mut settings = settings();
    settings.policy.on_internal_error = crate::settings::Verdict::Deny;
    let running = Running::start(settings).await;
    let mut client = running.connect().await;
    client.post("/?timeout=100ms", &review("sleep", 0)).await;
    let answer = client.answer().await.unwrap();
    assert!(!answer.allowed("sleep"));
    assert!(answer.body.contains("not checked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_thousand_reviews_at_once_is_answered_or_turned_away() {
    // Both ends are in this process.
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let running = Arc::new(Running::start(settings()).await);
    let clients = (0..1000).map(|number| {
        let running = Arc::clone(&running);
        tokio::spawn(async move {
            let uid = format!("u{number}");
            let mut client = running.connect().await;
            client.post("/", &review(&uid, 10_000)).await;
            match client.answer().await {
                // On a busy machine a client may be too slow for us.
                None => false,
                Some(answer) if answer.status == 503 => false,
                Some(answer) => answer.allowed(&uid),
            }
        })
    });
    let mut answered = 0;
    for client in clients.collect::<Vec<_>>() {
        answered += usize::from(client.await.unwrap());
    }
    assert!(answered >= 256, "{answered}");
    let shed = running.metric("certlint_admission_shed_total").await;
    assert!(shed as usize <= 1000 - answered, "{shed} {answered}");
}

#[tokio::test]
async fn labels_of_metrics_are_words_of_ours() {
    let running = Running::start(settings()).await;
    let odd = review("a", 0)
        .replace("ingresses", "odd\\n")
        .replace("CREATE", "ODD");
    assert!(running.connect().await.ask(&odd).await.allowed("a"));
    let labels = r#"{resource="other",operation="other",decision="allow",mode="enforce"}"#;
    let line = format!("certlint_admission_requests_total{labels}");
    assert_eq!(running.metric(&line).await, 1.0);
}
