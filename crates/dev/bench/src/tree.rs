//! The configurations that are measured, kept between runs in `target/bench`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::certificates::Certificates;
use super::kept;

/// Included files of the large configuration.
pub(super) const FILES: usize = 200;
/// Certificates of the large configuration.
pub(super) const CERTIFICATES: usize = 500;

/// Servers with TLS; there are as many that only redirect.
const SERVERS: usize = 10_000;

/// Names the trees; to be raised when they change.
const VERSION: u32 = 1;

/// The main file as a distribution ships it, with one site.
const SMALL: &str = r#"# One site, as most machines have it.
worker_processes auto;

events {
    worker_connections 768;
}

http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;

    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;

    access_log /dev/null;
    gzip on;

    server {
        listen 18080 default_server;
        server_name site0.example.com www.site0.example.com;
        return 301 https://$host$request_uri;
    }

    server {
        listen 18443 ssl;
        server_name site0.example.com www.site0.example.com;

        ssl_certificate     certs/0.crt;
        ssl_certificate_key certs/0.key;

        root /var/www/html;
        index index.html;

        location / {
            try_files $uri $uri/ =404;
        }
    }
}
"#;

/// One server; gives its main file.
pub(super) fn small(parent: &Path) -> Result<PathBuf> {
    kept(parent, &format!("small-{VERSION}"), |folder| {
        let certificates = Certificates::new(folder)?;
        certificates.make(0, &names(0).collect::<Vec<_>>())?;
        fs::write(folder.join("nginx.conf"), SMALL)?;
        Ok(())
    })
    .map(|folder| folder.join("nginx.conf"))
}

/// 20,000 servers; gives the main file.
pub(super) fn large(parent: &Path) -> Result<PathBuf> {
    kept(parent, &format!("large-{VERSION}"), |folder| {
        let certificates = Certificates::new(folder)?;
        for certificate in 0..CERTIFICATES {
            let servers = (certificate..SERVERS).step_by(CERTIFICATES);
            certificates.make(certificate, &servers.flat_map(names).collect::<Vec<_>>())?;
        }
        fs::create_dir(folder.join("sites"))?;
        for file in 0..FILES {
            let mut text = String::new();
            for server in (file..SERVERS).step_by(FILES) {
                site(server, &mut text)?;
            }
            fs::write(folder.join(format!("sites/{file:03}.conf")), text)?;
        }
        let main = "worker_processes auto;\n\nevents {\n    worker_connections 768;\n}\n\nhttp {\n    \
                    access_log /dev/null;\n    server_names_hash_max_size 262144;\n    \
                    server_names_hash_bucket_size 128;\n    include sites/*.conf;\n}\n";
        fs::write(folder.join("nginx.conf"), main)?;
        Ok(())
    })
    .map(|folder| folder.join("nginx.conf"))
}

fn names(server: usize) -> impl Iterator<Item = String> {
    ["", "www."]
        .into_iter()
        .map(move |prefix| format!("{prefix}site{server}.example.com"))
}

fn site(server: usize, text: &mut String) -> Result<()> {
    let certificate = server % CERTIFICATES;
    let names: Vec<_> = names(server).collect();
    let names = names.join(" ");
    write!(
        text,
        r#"# site {server}
server {{
    listen 18080;
    server_name {names};
    return 301 https://$host$request_uri;
}}

server {{
    listen 18443 ssl;
    server_name {names};

    ssl_certificate     certs/{certificate}.crt;
    ssl_certificate_key certs/{certificate}.key;

    location / {{
        proxy_pass http://127.0.0.1:8080;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
}}

"#
    )?;
    Ok(())
}
