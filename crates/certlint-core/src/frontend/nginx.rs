//! nginx as a front-end.

use std::path::Path;

use super::{FrontEnd, HEAD, Layout, Options, Reader, Rooted, Shape, Words, extension, file_name};
use crate::files::{File, FileError};
use crate::loader::Loader;
use crate::model::Fragment;
use crate::nginx::dump::Dump;
use crate::nginx::{self, Kind, Lowered, only_includes};

/// Configuration of nginx and its forks, and the output of `nginx -T`.
pub(super) struct Nginx;

static LAYOUT: Layout = Layout {
    main: "nginx.conf",
    programs: &["angie", "nginx", "openresty", "tengine"],
    prefixes: &[
        "/etc/nginx",
        "/usr/local/nginx/conf",
        "/usr/local/openresty/nginx/conf",
        "/opt/homebrew/etc/nginx",
    ],
    pieces: &[
        "conf.d",
        "default.d",
        "http.d",
        "servers",
        "sites-available",
        "sites-enabled",
        "snippets",
        "stream.d",
        "streams-available",
        "streams-enabled",
        "vhosts",
        "vhosts.d",
    ],
    packaged: &[
        "fastcgi.conf",
        "fastcgi_params",
        "koi-utf",
        "koi-win",
        "mime.types",
        "options-ssl-nginx.conf",
        "proxy_params",
        "scgi_params",
        "snippets/fastcgi-php.conf",
        "ssl-dhparams.pem",
        "uwsgi_params",
        "win-utf",
    ],
    modules: &["modules-available", "modules-enabled", "nginx/modules"],
};

impl FrontEnd for Nginx {
    fn words(&self) -> Words {
        Words {
            one: "nginx configuration",
            many: "nginx configurations",
        }
    }

    /// `*.conf`, `*.vhost`, `nginx.conf*`, templates of these, and whatever is in a directory of
    /// sites: there, `docs.rs` is the name of a site.
    fn selects(&self, path: &Path) -> bool {
        let name = file_name(path);
        let is_piece = path.parent().is_some_and(|parent| {
            let name = file_name(parent);
            LAYOUT.holds_pieces(parent) || name.starts_with("sites-") || name.starts_with("vhosts")
        });
        let is_configuration = |path: &Path| matches!(extension(path).as_str(), "conf" | "vhost");
        let is_template = TEMPLATES.contains(&extension(path).as_str())
            && is_configuration(Path::new(path.file_stem().unwrap_or_default()));
        is_piece || is_template || is_configuration(path) || name.starts_with("nginx.conf")
    }

    fn recognise(&self, text: &[u8]) -> Option<Shape> {
        let head = &text[..text.len().min(HEAD)];
        // A dump is as good as a main file.
        if Dump::is_dump(head) {
            return Some(Shape::Whole);
        }
        match nginx::sniff(head) {
            Kind::Main => Some(Shape::Whole),
            Kind::Fragment | Kind::MainPiece => Some(Shape::Piece),
            Kind::Template => Some(Shape::Template),
            Kind::Other => None,
        }
    }

    fn reader(&self) -> Reader {
        Reader::Rooted(&Self)
    }
}

/// Endings that template engines add to the name of the file that they make.
const TEMPLATES: &[&str] = &[
    "ctmpl", "ejs", "epp", "erb", "j2", "jinja", "jinja2", "template",
];

impl Rooted for Nginx {
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    /// A main file may do nothing but include others.
    fn may_be_root(&self, text: &[u8]) -> bool {
        only_includes(text)
    }

    fn unpack(&self, text: &[u8]) -> Option<Dump> {
        Dump::split(text)
    }

    fn lower(
        &self,
        loader: &Loader<'_>,
        main: &[u8],
        prefix: &[u8],
        options: &Options,
    ) -> Result<Lowered, FileError> {
        let options = nginx::Options {
            conf_prefix: Some(prefix.to_vec()),
            ..options.nginx.clone()
        };
        nginx::lower(loader, main, &options)
    }

    fn lower_pieces(
        &self,
        loader: &Loader<'_>,
        paths: &[Vec<u8>],
        prefix: &[u8],
        options: &Options,
    ) -> Result<Vec<Lowered>, (Vec<u8>, FileError)> {
        let options = nginx::Options {
            conf_prefix: Some(prefix.to_vec()),
            ..options.nginx.clone()
        };
        nginx::lower_sites(loader, paths, &options)
    }

    fn not_enabled(&self, loader: &Loader<'_>, sites: Vec<File>) -> Option<Fragment> {
        nginx::not_enabled(loader, sites)
    }
}
