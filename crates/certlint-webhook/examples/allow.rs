//! The webhook with a judge that allows everything, to measure what the exchange itself costs.
//!
//! `cargo run --release --example allow -- 127.0.0.1:8443 127.0.0.1:8080 DIRECTORY`, with `tls.crt`
//! and `tls.key` in the directory.

use anyhow::Context as _;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().context(what);
    let webhook = next("the address of the webhook port")?.parse()?;
    let admin = next("the address of the admin port")?.parse()?;
    let certificates = next("the directory of the certificate")?.into();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(certlint_webhook::harness::serve_allowing(
        webhook,
        admin,
        certificates,
    ))
}
