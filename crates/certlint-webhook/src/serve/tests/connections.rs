//! Connections: TLS, limits, and clients that take their time.

use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// Limits that a test can wait for.
fn short() -> Settings {
    let mut settings = settings();
    settings.limits.header_timeout = Span(Duration::from_millis(300));
    settings.limits.body_timeout = Span(Duration::from_millis(300));
    settings
}

#[tokio::test]
async fn a_header_that_comes_byte_by_byte_is_cut_off() {
    let running = Running::start(short()).await;
    let mut client = running.connect().await;
    let start = Instant::now();
    for byte in b"POST / HTTP/1.1\r\nHost: certlint" {
        client.send(&[*byte]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(client.answer().await.is_none());
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn the_header_of_the_second_request_has_its_own_time() {
    let running = Running::start(short()).await;
    let mut client = running.connect().await;
    for uid in ["a", "b", "c"] {
        assert!(client.ask(&review(uid, 0)).await.allowed(uid));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    client.send(b"POST / HTTP/1.1\r\n").await;
    assert!(client.answer().await.is_none());
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_longer_than_a_header_may_take() {
    let running = Running::start(short()).await;
    let mut client = running.connect().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(client.ask(&review("a", 0)).await.allowed("a"));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(client.ask(&review("b", 0)).await.allowed("b"));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let mut settings = settings();
    settings.limits.idle_timeout = Span(Duration::from_millis(200));
    let running = Running::start(settings).await;
    let mut client = running.connect().await;
    assert!(client.ask(&review("a", 0)).await.allowed("a"));
    assert!(client.answer().await.is_none());
}

#[tokio::test]
async fn a_body_that_does_not_come_gets_408() {
    let running = Running::start(short()).await;
    let mut client = running.connect().await;
    client
        .send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        .await;
    let answer = client.answer().await.unwrap();
    assert_eq!(answer.status, 408);
    assert!(client.answer().await.is_none());
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let running = Running::start(short()).await;
    let mut stream = TcpStream::connect(running.webhook).await.unwrap();
    stream.write_all(&[22, 3, 1]).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0; 100])).await;
    assert_eq!(ended.unwrap().unwrap_or(0), 0);
}

#[tokio::test]
async fn one_connection_too_many_is_closed() {
    let mut settings = settings();
    settings.limits.connections = 1;
    let running = Running::start(settings).await;
    let mut first = running.connect().await;
    assert!(first.ask(&review("a", 0)).await.allowed("a"));
    assert!(Client::tls(running.webhook, &running.root).await.is_err());
    assert!(first.ask(&review("b", 0)).await.allowed("b"));
    drop(first);
    while Client::tls(running.webhook, &running.root).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_huge_header_is_refused() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    let header = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    client.send(header.as_bytes()).await;
    assert_eq!(client.answer().await.unwrap().status, 431);
}

#[tokio::test]
async fn http_2_is_not_offered() {
    let running = Running::start(settings()).await;
    let versions = rustls::ALL_VERSIONS;
    let both = Client::with(
        running.webhook,
        &running.root,
        versions,
        &["h2", "http/1.1"],
    )
    .await;
    assert_eq!(both.unwrap().alpn.unwrap(), b"http/1.1");
    let only = Client::with(running.webhook, &running.root, versions, &["h2"]).await;
    assert!(only.is_err());
    let none = Client::with(running.webhook, &running.root, versions, &[]).await;
    assert!(none.unwrap().ask(&review("a", 0)).await.allowed("a"));
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let running = Running::start(settings()).await;
    for version in [&TLS12, &TLS13] {
        let client = Client::with(running.webhook, &running.root, &[version], &["http/1.1"]).await;
        assert!(client.unwrap().ask(&review("a", 0)).await.allowed("a"));
    }
}

#[tokio::test]
async fn tls_1_2_is_refused_where_1_3_is_wanted() {
    let mut settings = settings();
    settings.tls.min_version = crate::settings::TlsVersion::Tls13;
    let running = Running::start(settings).await;
    let alpn = ["http/1.1"];
    assert!(
        Client::with(running.webhook, &running.root, &[&TLS12], &alpn)
            .await
            .is_err()
    );
    assert!(
        Client::with(running.webhook, &running.root, &[&TLS13], &alpn)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn tls_1_1_is_refused() {
    let running = Running::start(settings()).await;
    // RFC 4346 section 7.4.1.2: version 3.2, a random, no session, one cipher suite that every
    // server had then, no compression; one signature algorithm, which rustls asks for first.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x09, 1, 0]);
    hello.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let mut record = vec![
        22,
        3,
        1,
        0,
        hello.len() as u8 + 4,
        1,
        0,
        0,
        hello.len() as u8,
    ];
    record.extend(hello);
    let mut stream = TcpStream::connect(running.webhook).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut alert = [0; 7];
    stream.read_exact(&mut alert).await.unwrap();
    // RFC 5246 section 7.2: a fatal alert, `protocol_version`.
    assert_eq!((alert[0], alert[5], alert[6]), (21, 2, 70));
}
