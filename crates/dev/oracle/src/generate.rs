//! Random configurations, each decided by its seed.
//!
//! Mostly such that nginx accepts: servers share addresses and names on purpose, certificates are
//! inherited, missing, doubled, of several key types, or with variables in their paths.

use std::collections::BTreeMap;

use super::breakage;
use super::case::{Case, Entry};
use super::item::{Item, blocks};
use super::layout;
use super::names;
use super::pool;
use super::rng::Rng;
use super::spelling::spell;

/// Ways to write addresses; the ways in one row mean the same address.
const ADDRESSES: [&[&str]; 13] = [
    &["127.0.0.1:@P1@", "127.0.0.1:0@P1@"],
    &["*:@P1@", "@P1@", "0.0.0.0:@P1@"],
    &["*:@P1@", "@P1@"],
    &["127.0.0.2:@P1@"],
    &["[::1]:@P1@", "[0:0::1]:@P1@"],
    &["[::]:@P1@"],
    &["127.0.0.1:@P2@"],
    &["@P2@", "*:@P2@"],
    &["[::]:@P2@"],
    &["unix:@DIR@/one.sock"],
    &["127.0.0.1:@P1@-@P2@", "127.0.0.1:@P1@-@P1@"],
    &["@P2@-@P3@"],
    &["127.0.0.1:@P3@", "localhost:@P3@"],
];

/// Addresses of mail servers, none of which two may share.
const MAIL_ADDRESSES: [&str; 5] = [
    "127.0.0.1:@P4@",
    "127.0.0.2:@P4@",
    "localhost:@P4@",
    "@P4@",
    "*:@P4@",
];

/// The case that `seed` decides.
pub(crate) fn case(seed: u64, ipv6: bool) -> Case {
    let mut plan = Plan {
        rng: Rng::new(seed),
        ipv6,
        names: Vec::new(),
        marked: Vec::new(),
        uses_map: false,
        snippets: BTreeMap::new(),
    };
    let mut items = plan.main();
    let mut note = String::new();
    if plan.rng.chance(20) {
        note = breakage::items(&mut items, &mut plan.rng);
    }
    let mut files = layout::lay(items, &mut plan.rng);
    files.extend(plan.snippets);
    if note.contains("dangling") {
        let link = Entry::Link("nowhere".to_owned());
        files.insert(b"dangling.conf".to_vec(), link);
    }
    if plan.rng.chance(6) {
        let what = breakage::files(&mut files, &mut plan.rng);
        note = [note, what].join(" ").trim().to_owned();
    }
    Case {
        names: names::asked(&plan.names, &mut plan.rng),
        files,
        note,
    }
}

struct Plan {
    rng: Rng,
    ipv6: bool,
    /// Names that the configuration has.
    names: Vec<String>,
    /// Addresses with a `default_server`.
    marked: Vec<&'static str>,
    /// Some certificate's path has the variable of [`Plan::map`].
    uses_map: bool,
    /// Files that several servers include.
    snippets: BTreeMap<Vec<u8>, Entry>,
}

impl Plan {
    fn main(&mut self) -> Vec<Item> {
        let events = match self.rng.chance(70) {
            true => vec![Item::simple(["worker_connections", "64"])],
            false => Vec::new(),
        };
        let mut items = vec![Item::block(["events"], events), self.http()];
        if self.rng.chance(12) {
            items.push(self.stream());
            items.insert(
                0,
                Item::simple(["load_module", "/usr/lib/nginx/modules/ngx_stream_module.so"]),
            );
        }
        if self.rng.chance(15) {
            items.push(self.mail());
            items.insert(
                0,
                Item::simple(["load_module", "/usr/lib/nginx/modules/ngx_mail_module.so"]),
            );
        }
        items
    }

    /// Servers that speak TLS from the first byte on; after `STARTTLS` no handshake is tried.
    fn mail(&mut self) -> Item {
        let mut items = vec![Item::simple(["auth_http", "127.0.0.1:9/auth"])];
        if self.rng.chance(30) {
            items.extend(pair(&self.good()));
        }
        for _ in 0..self.rng.pick(&[1, 1, 2, 3]) {
            let address = self.rng.pick(&MAIL_ADDRESSES);
            let mut listen = vec!["listen", address];
            let has_tls = self.rng.chance(80);
            if has_tls {
                listen.push("ssl");
            }
            let protocol = self.rng.pick(&["imap", "pop3", "smtp"]);
            let mut server = vec![Item::simple(listen), Item::simple(["protocol", protocol])];
            if self.rng.chance(60) {
                let name = self
                    .rng
                    .pick(&["a.test", "mail.a.test", "*.a.test", "mx1", "$host"]);
                server.push(Item::simple(["server_name", name]));
            }
            match self.rng.below(10) {
                0..6 => server.extend(pair(&self.good())),
                6 => {
                    let path = "certs/$host.crt".to_owned();
                    server.push(Item::simple(["ssl_certificate".to_owned(), path]));
                    server.push(key(&self.good()));
                }
                7 => server.push(certificate(&self.good())),
                _ => {}
            }
            if has_tls && self.rng.chance(20) {
                let value = self.rng.pick(&["on", "only", "off"]);
                server.push(Item::simple(["starttls", value]));
            }
            items.push(Item::block(["server"], server));
        }
        Item::block(["mail"], items)
    }

    fn http(&mut self) -> Item {
        let mut items = Vec::new();
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            // The built-in folders belong to root.
            items.push(Item::simple([
                format!("{kind}_temp_path"),
                "tmp".to_owned(),
            ]));
        }
        items.push(Item::simple(["access_log", "off"]));
        self.tls(&mut items, true);
        self.noise(&mut items);
        let addresses = self.addresses();
        let count = self.rng.pick(&[1, 2, 2, 3, 3, 4, 5, 6, 8, 12]);
        let at = items.len();
        for _ in 0..count {
            let server = self.server(&addresses);
            items.push(server);
        }
        if self.rng.chance(85) {
            self.repair(&mut items);
        }
        if self.uses_map {
            let map = self.map();
            items.push(map);
        }
        if self.rng.chance(20) {
            // Directives before the servers may as well follow them.
            items.rotate_left(at);
        }
        Item::block(["http"], items)
    }

    /// The addresses of this case, each with the chance that a `listen` there says `ssl`.
    fn addresses(&mut self) -> Vec<(&'static [&'static str], usize)> {
        let count = self.rng.pick(&[1, 1, 2, 2, 3, 4]);
        (0..count)
            .map(|_| {
                let index = self.rng.below(ADDRESSES.len());
                let is_v6 = ADDRESSES[index][0].starts_with('[');
                let row = ADDRESSES[if is_v6 && !self.ipv6 { 0 } else { index }];
                (row, self.rng.pick(&[100, 100, 100, 60, 30, 0]))
            })
            .collect()
    }

    fn server(&mut self, addresses: &[(&'static [&'static str], usize)]) -> Item {
        let mut items = Vec::new();
        let mut taken = Vec::new();
        for _ in 0..self.rng.pick(&[1, 1, 1, 2, 2, 3]) {
            let (row, ssl) = self.rng.pick(addresses);
            if taken.contains(&row[0]) {
                continue;
            }
            taken.push(row[0]);
            let address = self.rng.pick(row).to_owned();
            items.push(self.listen(row[0], address, ssl));
        }
        for _ in 0..self.rng.pick(&[0, 1, 1, 1, 1, 2]) {
            let names: Vec<_> = (0..self.rng.pick(&[1, 1, 2, 3]))
                .map(|_| names::server_name(&mut self.rng))
                .collect();
            self.names.extend(names.iter().cloned());
            let words = std::iter::once("server_name".to_owned()).chain(names);
            items.push(Item::simple(words));
        }
        if self.rng.chance(80) {
            self.tls(&mut items, false);
        }
        self.server_noise(&mut items);
        if self.rng.chance(30) && !items.is_empty() {
            let by = self.rng.below(items.len());
            items.rotate_left(by);
        }
        Item::block(["server"], items)
    }

    fn listen(&mut self, key: &'static str, address: String, ssl: usize) -> Item {
        let mut words = vec!["listen".to_owned(), address];
        if self.rng.chance(ssl) {
            words.push("ssl".to_owned());
        }
        // A port range overlaps with its ports: better none of them is marked twice.
        let marked = &mut self.marked;
        let overlaps = key.contains('-') || marked.iter().any(|other| other.contains('-'));
        if self.rng.chance(15) && !marked.contains(&key) && !overlaps {
            marked.push(key);
            words.push(
                (self
                    .rng
                    .pick(&["default_server", "default_server", "default"]))
                .to_owned(),
            );
        }
        if self.rng.chance(3) {
            let option = self
                .rng
                .pick(&["backlog=64", "http2", "bind", "rcvbuf=8k", "deferred"]);
            words.push(option.to_owned());
        }
        if words.len() > 3 && self.rng.chance(30) {
            words[2..].reverse();
        }
        Item::simple(words)
    }

    fn noise(&mut self, items: &mut Vec<Item>) {
        let extra = match self.rng.below(12) {
            0 => Item::block(
                ["types"],
                vec![
                    Item::simple(["text/html", "html", "htm"]),
                    Item::simple(["server", "x"]),
                ],
            ),
            1 => Item::block(
                ["map", "$http_x", "$y"],
                vec![
                    Item::simple(["default", "0"]),
                    Item::simple(["~^a{1}b", "}"]),
                ],
            ),
            2 => Item::block(
                ["geo", "$zone"],
                vec![
                    Item::simple(["default", ""]),
                    Item::simple(["127.0.0.0/8", "home"]),
                ],
            ),
            3 => Item::block(
                ["upstream", "backend"],
                vec![Item::simple(["server", "127.0.0.1:9", "weight=2"])],
            ),
            4 => Item::block(
                ["split_clients", "$remote_addr", "$half"],
                vec![Item::simple(["50%", "include"]), Item::simple(["*", "x"])],
            ),
            5 => Item::simple(["log_format", "mine", "$remote_addr \"$request\"", " {};\n"]),
            _ => return,
        };
        items.push(extra);
    }

    fn server_noise(&mut self, items: &mut Vec<Item>) {
        let extra = match self.rng.below(12) {
            0 => Item::block(
                ["location", "/"],
                vec![Item::simple(["return", "200", "ok; {x} 'y'"])],
            ),
            1 => Item::block(
                ["location", "~", r"^/a{2}\.php$"],
                vec![Item::simple(["deny", "all"])],
            ),
            2 => Item::block(
                ["if", "($host", "=", "a.test", ")"],
                vec![Item::simple(["return", "403"])],
            ),
            3 => Item::simple(["add_header", "X-Odd", "a\\b \"c\" $host"]),
            4 => Item::simple(["set", "$own", "ec00"]),
            5 => Item::simple(["root", "/srv/a b"]),
            _ => return,
        };
        items.push(extra);
    }

    /// Gives a certificate to default servers that would keep nginx from starting without one.
    fn repair(&mut self, http: &mut [Item]) {
        let has_certificate = |items: &[Item]| items.iter().any(|i| i.name() == "ssl_certificate");
        if has_certificate(http) {
            return;
        }
        let mut servers = blocks(http, "server");
        let mut defaults = BTreeMap::<String, usize>::new();
        for (index, server) in servers.iter().enumerate() {
            for listen in server.iter().filter(|item| item.name() == "listen") {
                let address = listen.words[1].replace("*:", "").replace("0.0.0.0:", "");
                if listen.words.iter().any(|word| word.starts_with("default")) {
                    defaults.insert(address, index);
                } else {
                    defaults.entry(address).or_insert(index);
                }
            }
        }
        for index in defaults.into_values() {
            if !has_certificate(servers[index]) {
                servers[index].extend(pair(&self.good()));
            }
        }
    }

    /// Certificates and whether handshakes are refused, for `http` or for a server.
    fn tls(&mut self, items: &mut Vec<Item>, outer: bool) {
        let mut kind = self.rng.below(100);
        if outer {
            match self.rng.below(100) {
                0..25 => kind = self.rng.below(75),
                25..29 => items.push(key(&self.good())),
                29..31 => items.push(certificate(&self.good())),
                _ => kind = 99,
            }
        }
        match kind {
            0..44 => {
                let name = self.good();
                items.extend(pair(&name));
            }
            44..50 => {
                let name = self.good();
                let path = format!("snippets/{name}.inc");
                let text = spell(&pair(&name), &mut self.rng);
                self.snippets
                    .insert(path.clone().into_bytes(), Entry::Text(text));
                items.push(Item::simple(["include".to_owned(), path]));
            }
            50..60 => self.two_types(items),
            60..65 => {
                let (one, two) = (self.ecdsa(), self.ecdsa());
                items.extend(pair(&one).into_iter().chain(pair(&two)));
            }
            65..72 => {
                let (file, key) = self.rng.pick(&pool::ODD);
                items.push(path("ssl_certificate", file));
                items.push(path("ssl_certificate_key", key));
            }
            72..75 => {
                let password = path("ssl_password_file", "password");
                items.extend([
                    certificate("ec00"),
                    path("ssl_certificate_key", "encrypted-ec.key"),
                ]);
                items.push(password);
            }
            75..79 => {
                // nginx accepts a key of another type; no handshake succeeds then.
                let (certificate_name, key_name) = match self.rng.chance(50) {
                    true => (self.ecdsa(), self.rsa()),
                    false => (self.rsa(), self.ecdsa()),
                };
                items.extend([certificate(&certificate_name), key(&key_name)]);
            }
            79..84 if !outer => self.dynamic(items),
            84..86 => items.push(certificate(&self.good())),
            86..87 => items.push(key(&self.good())),
            _ => {}
        }
        if self.rng.chance(if outer { 4 } else { 10 }) {
            let value = self.rng.pick(&["on", "on", "off", "ON", "Off"]);
            items.push(Item::simple(["ssl_reject_handshake", value]));
        }
        if self.rng.chance(10) {
            items.push(Item::simple(["ssl_protocols", "TLSv1.2", "TLSv1.3"]));
        }
    }

    /// Certificates of two key types, sometimes with keys in another order.
    fn two_types(&mut self, items: &mut Vec<Item>) {
        let (one, two) = (
            self.ecdsa(),
            if self.rng.chance(80) {
                self.rsa()
            } else {
                self.eddsa()
            },
        );
        let mut lines: Vec<_> = pair(&one).into_iter().chain(pair(&two)).collect();
        match self.rng.below(6) {
            0 => lines.swap(1, 3),
            1 => lines.swap(0, 2),
            2 => lines.reverse(),
            3 => lines.rotate_left(1),
            _ => {}
        }
        items.extend(lines);
    }

    /// Certificates at paths with variables; nginx looks at them during each handshake.
    fn dynamic(&mut self, items: &mut Vec<Item>) {
        let name = self.rng.pick(&[
            "$ssl_server_name",
            "${ssl_server_name}",
            "$server_name",
            "$server_addr",
            "$own",
            "$host",
            "$bundle",
            "$bundle",
        ]);
        if name == "$own" {
            items.push(Item::simple(["set", "$own", "ec00"]));
        }
        self.uses_map |= name == "$bundle";
        let fixed = self.ecdsa();
        match self.rng.below(4) {
            0 => items.extend([certificate(name), key(&fixed)]),
            _ => items.extend(pair(name)),
        }
    }

    /// Leads SNI values to certificates.
    fn map(&mut self) -> Item {
        let mut lines = Vec::new();
        for source in [
            "hostnames",
            "default",
            "a.test",
            "*.a.test",
            ".b.test",
            "www.*",
            "~^x",
            r"~*^(\w+)\.C\.test$",
            "",
            "B.TEST",
        ] {
            if source == "hostnames" && self.rng.chance(50) {
                lines.push(Item::simple([source]));
            } else if source != "hostnames" && self.rng.chance(40) {
                lines.push(Item::simple([source.to_owned(), self.ecdsa()]));
            }
        }
        let input = self
            .rng
            .pick(&["$ssl_server_name", "$ssl_server_name", "$server_name"]);
        Item::block(["map", input, "$bundle"], lines)
    }

    /// Stream servers; before nginx 1.25.5 there is one for each address.
    fn stream(&mut self) -> Item {
        let mut items = Vec::new();
        if self.rng.chance(30) {
            items.extend(pair(&self.ecdsa()));
        }
        for address in ["127.0.0.1:@P4@", "127.0.0.2:@P4@", "@P4@"] {
            if self.rng.chance(40) {
                continue;
            }
            let mut server = vec![Item::simple(["listen", address])];
            if self.rng.chance(70) {
                server[0].words.push("ssl".to_owned());
            }
            if self.rng.chance(75) {
                server.extend(pair(&self.good()));
            }
            if self.rng.chance(4) {
                server.push(Item::simple(["server_name", "a.test"]));
            }
            server.push(Item::simple(["return", "hello"]));
            items.push(Item::block(["server"], server));
        }
        Item::block(["stream"], items)
    }

    fn good(&mut self) -> String {
        match self.rng.below(10) {
            0..6 => self.ecdsa(),
            6..9 => self.rsa(),
            _ => self.eddsa(),
        }
    }

    fn ecdsa(&mut self) -> String {
        format!("ec{:02}", self.rng.below(pool::ECDSA))
    }

    fn rsa(&mut self) -> String {
        format!("rsa{:02}", self.rng.below(pool::RSA))
    }

    fn eddsa(&mut self) -> String {
        format!("ed{:02}", self.rng.below(pool::ED25519))
    }
}

fn pair(name: &str) -> [Item; 2] {
    [certificate(name), key(name)]
}

fn certificate(name: &str) -> Item {
    path("ssl_certificate", &format!("{name}.crt"))
}

fn key(name: &str) -> Item {
    path("ssl_certificate_key", &format!("{name}.key"))
}

fn path(directive: &str, file: &str) -> Item {
    Item::simple([directive.to_owned(), format!("certs/{file}")])
}
