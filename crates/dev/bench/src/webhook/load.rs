//! Sends reviews over TLS on connections that stay open, as the API server does.
//!
//! Requests are prepared and answers hardly looked at: the fewer of the two cores the client takes,
//! the more is seen of the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// Where reviews go, and which.
#[derive(Clone)]
pub(super) struct Load {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    requests: Arc<[Vec<u8>]>,
}

impl Load {
    pub(super) fn new(address: SocketAddr, config: Arc<ClientConfig>, reviews: &[String]) -> Self {
        Self {
            address,
            config,
            requests: reviews.iter().map(|review| request(review)).collect(),
        }
    }

    /// Sends each review once: all must be allowed, without a word.
    pub(super) async fn all_are_allowed(&self) -> Result<()> {
        let mut client = self.connect().await?;
        for request in &*self.requests {
            client.ask(request).await?;
            let answer = String::from_utf8_lossy(&client.answer);
            ensure!(
                answer.contains(r#""allowed":true"#) && !answer.contains("warnings"),
                "a good review got {answer}"
            );
        }
        Ok(())
    }

    /// A review that is not one of those that all are prepared of: how long each of some takes.
    pub(super) async fn repeated(&self, review: &str, times: usize) -> Result<Vec<Duration>> {
        let mut client = self.connect().await?;
        let request = request(review);
        let mut took = Vec::new();
        for _ in 0..times {
            let start = Instant::now();
            client.ask(&request).await?;
            took.push(start.elapsed());
        }
        took.sort_unstable();
        Ok(took)
    }

    /// One review on each of many connections, all at once: how many were judged, and how many were
    /// turned away with 503.
    pub(super) async fn crowd(&self, connections: usize) -> Result<(usize, usize)> {
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(self.connect().await?);
        }
        let mut all = JoinSet::new();
        for (number, mut client) in clients.into_iter().enumerate() {
            let load = self.clone();
            all.spawn(async move {
                let request = &load.requests[number % load.requests.len()];
                client.send(request).await
            });
        }
        let (mut judged, mut shed) = (0, 0);
        while let Some(status) = all.join_next().await {
            match status?? {
                200 => judged += 1,
                503 => shed += 1,
                other => bail!("a review of a crowd got {other}"),
            }
        }
        Ok((judged, shed))
    }

    /// As many reviews as the server answers: how many.
    pub(super) async fn flood(&self, connections: usize, time: Duration) -> Result<usize> {
        let end = Instant::now() + time;
        let next = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            let (load, next) = (self.clone(), next.clone());
            let mut client = self.connect().await?;
            clients.spawn(async move {
                let mut count = 0;
                while Instant::now() < end {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    client
                        .ask(&load.requests[number % load.requests.len()])
                        .await?;
                    count += 1;
                }
                anyhow::Ok(count)
            });
        }
        let mut count = 0;
        while let Some(done) = clients.join_next().await {
            count += done??;
        }
        Ok(count)
    }

    /// So many reviews in each second: how long each took, sorted. One that could not be sent when
    /// it was due, because the answer before was late, took that much longer.
    pub(super) async fn paced(
        &self,
        connections: u32,
        rate: u32,
        time: Duration,
    ) -> Result<Vec<Duration>> {
        let interval = Duration::from_secs(1) / rate;
        let start = Instant::now() + Duration::from_millis(100);
        let rounds = u32::try_from(time.as_millis())? * rate / 1000 / connections;
        let mut clients = JoinSet::new();
        for connection in 0..connections {
            let load = self.clone();
            let mut client = self.connect().await?;
            clients.spawn(async move {
                let mut times = Vec::new();
                for round in 0..rounds {
                    let number = round * connections + connection;
                    let due = start + interval * number;
                    // The clock of the runtime ticks in milliseconds: that is not the server's fault.
                    let sent = if Instant::now() < due {
                        tokio::time::sleep_until(due.into()).await;
                        Instant::now()
                    } else {
                        due
                    };
                    client
                        .ask(&load.requests[number as usize % load.requests.len()])
                        .await?;
                    times.push(sent.elapsed());
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(done) = clients.join_next().await {
            times.extend(done??);
        }
        times.sort_unstable();
        Ok(times)
    }

    async fn connect(&self) -> Result<Client> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let connector = TlsConnector::from(self.config.clone());
        Ok(Client {
            stream: connector.connect(name, stream).await?,
            answer: Vec::new(),
        })
    }
}

fn request(review: &str) -> Vec<u8> {
    let head = format!(
        "POST /validate?timeout=5s HTTP/1.1\r\nHost: certlint.certlint.svc:443\r\nUser-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        review.len()
    );
    (head + review).into_bytes()
}

struct Client {
    stream: TlsStream<TcpStream>,
    answer: Vec<u8>,
}

impl Client {
    /// Sends a request that must be judged, and reads its answer.
    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        let status = self.send(request).await?;
        ensure!(status == 200, "the status of an answer is {status}");
        Ok(())
    }

    /// Sends a request and reads its answer: the status.
    async fn send(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the connection was closed");
            }
            let Some(end) = self.answer.windows(4).position(|it| it == b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&self.answer[..end])?;
            let status = head
                .strip_prefix("HTTP/1.1 ")
                .and_then(|rest| rest.get(..3));
            let status = status.context("an answer without status")?.parse()?;
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.context("an answer without length")?.parse()?;
            if self.answer.len() >= end + 4 + length {
                return Ok(status);
            }
        }
    }
}
