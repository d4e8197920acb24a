//! How fast ordinary configuration is read.

use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// Several megabytes of servers as people write them.
fn servers() -> Vec<u8> {
    let mut text = String::from("user www-data;\nevents { worker_connections 1024; }\nhttp {\n");
    for i in 0..8000 {
        text.push_str(&format!(
            r#"    # site number {i}, owned by team {owner}
    server {{
        listen 443 ssl http2;
        listen [::]:443 ssl http2;
        server_name www{i}.example.com site{i}.example.com *.site{i}.example.net;
        ssl_certificate     /etc/nginx/tls/site{i}.example.com/fullchain.pem;
        ssl_certificate_key /etc/nginx/tls/site{i}.example.com/privkey.pem;
        access_log "/var/log/nginx/site{i}.access.log" main;

        location / {{
            proxy_pass http://backend{i}:8080;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
        location ~ \.php$ {{
            return 301 "https://www.example.com$request_uri"; # moved
        }}
    }}
"#,
            owner = i % 17
        ));
    }
    text.push_str("}\n");
    text.into_bytes()
}

#[divan::bench]
fn ordinary_servers(bencher: divan::Bencher<'_, '_>) {
    let source = servers();
    assert!(nginx_syntax::parse(&source).errors().is_empty());
    bencher
        .counter(BytesCount::of_slice(&source))
        .bench(|| nginx_syntax::parse(divan::black_box(&source)));
}

/// Ten megabytes that open blocks and nothing else.
#[divan::bench]
fn braces(bencher: divan::Bencher<'_, '_>) {
    let source = vec![b'{'; 10_000_000];
    bencher
        .counter(BytesCount::of_slice(&source))
        .bench(|| nginx_syntax::parse(divan::black_box(&source)));
}
