//! The end of the process.

use super::*;

#[tokio::test]
async fn whoever_still_comes_is_served_and_sent_elsewhere() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    assert!(!client.ask(&review("a", 0)).await.closes());
    assert_eq!(running.get("/readyz").await.0, 200);
    let admin = running.admin;
    running.stop.send(()).unwrap();
    let mut probe = Client::plain(admin).await;
    let mut status = 200;
    while status == 200 {
        probe.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        status = probe.answer().await.unwrap().status;
    }
    assert_eq!(status, 503);
    let answer = client.ask(&review("b", 0)).await;
    assert!(answer.allowed("b"));
    assert!(answer.closes());
    let mut late = Client::tls(running.webhook, &running.root).await.unwrap();
    assert!(late.ask(&review("c", 0)).await.closes());
    running.ended.await.unwrap().unwrap();
    assert!(Client::tls(running.webhook, &running.root).await.is_err());
}

#[tokio::test]
async fn an_answer_that_is_under_way_arrives() {
    let mut settings = settings();
    settings.shutdown.delay = Span::seconds(0);
    let running = Running::start(settings).await;
    let mut client = running.connect().await;
    client.post("/?timeout=30s", &review("wait", 0)).await;
    running.puppet.waiting.notified().await;
    let idle = running.connect().await;
    running.stop.send(()).unwrap();
    while Client::tls(running.webhook, &running.root).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.puppet.gate.notify_waiters();
    assert!(client.answer().await.unwrap().allowed("wait"));
    running.ended.await.unwrap().unwrap();
    drop(idle);
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let mut settings = settings();
    settings.shutdown.delay = Span::seconds(0);
    settings.shutdown.drain = Span(Duration::from_millis(100));
    let running = Running::start(settings).await;
    let mut client = running.connect().await;
    client.post("/?timeout=30s", &review("wait", 0)).await;
    running.puppet.waiting.notified().await;
    running.stop.send(()).unwrap();
    running.ended.await.unwrap().unwrap();
}

#[test]
fn a_panic_is_never_made_an_abort() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let manifest = std::fs::read_to_string(path).unwrap();
    assert!(manifest.contains("[profile.release]"));
    assert!(
        !manifest.contains("panic = "),
        "a panic must stay one request's affair"
    );
}
