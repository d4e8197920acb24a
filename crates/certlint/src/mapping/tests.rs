use super::*;

const LAYOUT: &Layout = &Layout {
    main: "nginx.conf",
    programs: &["nginx"],
    prefixes: &["/etc/nginx", "/usr/local/nginx/conf"],
    pieces: &["conf.d", "sites-enabled"],
    packaged: &["mime.types", "snippets/fastcgi-php.conf"],
    modules: &["modules-enabled", "nginx/modules"],
};

fn places(maps: &[(&str, &str)], root: Option<&str>) -> Places {
    Places {
        maps: maps
            .iter()
            .map(|(from, to)| (from.as_bytes().to_vec(), PathBuf::from(to)))
            .collect(),
        root: root.map(PathBuf::from),
        tree: vec![PathBuf::from("/repo")],
    }
}

#[test]
fn the_longest_map_wins_then_the_root_then_the_guess() {
    type Case = (
        &'static [(&'static str, &'static str)],
        Option<&'static str>,
        &'static str,
        &'static str,
        Option<(&'static str, bool)>,
    );
    let table: &[Case] = &[
        // A guess from the directory of the main file.
        (
            &[],
            None,
            "/repo/n",
            "/etc/nginx/a",
            Some(("/repo/n/a", false)),
        ),
        (
            &[],
            None,
            "/repo/n",
            "/usr/local/nginx/conf/a",
            Some(("/repo/n/a", false)),
        ),
        (&[], None, "/repo/n", "/etc/nginxes/a", None),
        (&[], None, "/repo/n", "/etc/ssl/a", None),
        // A tree that looks like a root.
        (
            &[],
            None,
            "/repo/r/etc/nginx",
            "/etc/ssl/a",
            Some(("/repo/r/etc/ssl/a", false)),
        ),
        // A live server.
        (
            &[],
            None,
            "/etc/nginx",
            "/etc/ssl/a",
            Some(("/etc/ssl/a", true)),
        ),
        // The tree itself.
        (&[], None, "/repo/n", "/repo/x/a", Some(("/repo/x/a", true))),
        (
            &[],
            None,
            "/other/n",
            "/other/n/a",
            Some(("/other/n/a", true)),
        ),
        (&[], None, "/repo/n", "/repository/a", None),
        // What the user said.
        (
            &[],
            Some("/r"),
            "/repo/n",
            "/etc/nginx/a",
            Some(("/r/etc/nginx/a", false)),
        ),
        (
            &[],
            Some("/r"),
            "/repo/n",
            "/repo/n/a",
            Some(("/repo/n/a", true)),
        ),
        (
            &[("/etc", "/e"), ("/etc/nginx/", "/n")],
            Some("/r"),
            "/repo/n",
            "/etc/nginx/a",
            Some(("/n/a", false)),
        ),
        (
            &[("/etc", "/e"), ("/etc/nginx/", "/n")],
            Some("/r"),
            "/repo/n",
            "/etc/ssl/a",
            Some(("/e/ssl/a", false)),
        ),
        (
            &[("/etc/ssl", "/s")],
            None,
            "/repo/n",
            "/etc/nginx/a",
            Some(("/repo/n/a", false)),
        ),
        (
            &[("/", "/r")],
            None,
            "/repo/n",
            "/repo/n/a",
            Some(("/repo/n/a", true)),
        ),
        (
            &[("/", "/r")],
            None,
            "/repo/n",
            "/etc/nginx/a",
            Some(("/r/etc/nginx/a", false)),
        ),
        (
            &[("/repo", "/m")],
            None,
            "/repo",
            "/repo/a",
            Some(("/m/a", false)),
        ),
    ];
    for &(maps, root, conf_dir, path, expected) in table {
        let mapping = Mapping::new(&places(maps, root), LAYOUT, Some(Path::new(conf_dir)), true);
        let found = mapping.find(path.as_bytes());
        let found = found.map(|place| (place.path, place.certain));
        let expected = expected.map(|(path, certain)| (PathBuf::from(path), certain));
        assert_eq!(found, expected, "{maps:?} {root:?} {conf_dir} {path}");
    }
}

#[test]
fn the_directory_of_a_rule_is_its_base() {
    let mapping = Mapping::new(&places(&[], None), LAYOUT, Some(Path::new("/repo/n")), true);
    assert!(mapping.find(b"/etc/nginx").unwrap().is_base);
    assert!(!mapping.find(b"/etc/nginx/a").unwrap().is_base);
    assert_eq!(mapping.find(b"/etc"), None);
}

#[test]
fn files_of_packages_are_only_expected_where_nginx_runs() {
    let is_packaged = |root, conf_dir: &str, path: &str| {
        let conf_dir = Some(Path::new(conf_dir));
        let mapping = Mapping::new(&places(&[], root), LAYOUT, conf_dir, true);
        mapping.is_packaged(path.as_bytes())
    };
    assert!(is_packaged(None, "/repo/n", "/repo/n/mime.types"));
    assert!(is_packaged(None, "/repo/n", "/repo/n/conf/mime.types"));
    assert!(is_packaged(None, "/repo/n", "/etc/nginx/mime.types"));
    assert!(is_packaged(None, "/repo/n", "/etc/nginx/modules-enabled"));
    assert!(is_packaged(
        None,
        "/repo/n",
        "/etc/nginx/modules-enabled/50-mod.conf"
    ));
    assert!(is_packaged(None, "/repo/n", "/usr/share/nginx/modules"));
    assert!(is_packaged(
        None,
        "/repo/n",
        "/srv/snippets/fastcgi-php.conf"
    ));
    assert!(is_packaged(Some("/r"), "/repo/n", "/repo/n/mime.types"));
    assert!(!is_packaged(None, "/repo/n", "/repo/n/my-mime.types"));
    assert!(!is_packaged(None, "/repo/n", "/repo/n/site.conf"));
    assert!(!is_packaged(None, "/repo/n", "/srv/modules/site.conf"));
    assert!(!is_packaged(None, "/etc/nginx", "/etc/nginx/mime.types"));
    assert!(!is_packaged(Some("/"), "/repo/n", "/etc/nginx/mime.types"));
}

#[test]
fn the_place_says_what_is_known_of_other_files() {
    let home = |maps, root, conf_dir: Option<&str>, is_in_git| {
        let conf_dir = conf_dir.map(Path::new);
        Mapping::new(&places(maps, root), LAYOUT, conf_dir, is_in_git).home()
    };
    assert_eq!(home(&[], None, Some("/etc/nginx"), false), Home::Live);
    // `/etc` may well be in git itself.
    assert_eq!(home(&[], None, Some("/etc/nginx"), true), Home::Live);
    assert_eq!(home(&[], Some("/"), Some("/srv/a"), true), Home::Live);
    assert_eq!(home(&[], None, Some("/srv/a"), false), Home::Installed);
    assert_eq!(home(&[], None, Some("/srv/a"), true), Home::Copy);
    assert_eq!(home(&[], Some("/r"), Some("/srv/a"), false), Home::Copy);
    assert_eq!(
        home(&[("/x", "/y")], None, Some("/srv/a"), false),
        Home::Copy
    );
    assert_eq!(home(&[], None, None, false), Home::Elsewhere);
}

#[test]
fn the_longest_tail_that_exists_tells_the_prefix() {
    let tree = tempfile::TempDir::new().unwrap();
    for file in [
        "sites-enabled/a",
        "ssl/a.crt",
        "site.crt",
        "live/x/fullchain.pem",
    ] {
        let file = tree.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
    }
    let mapping = Mapping::new(&Places::default(), LAYOUT, Some(tree.path()), true);
    let cases = [
        ("/opt/nginx/conf/sites-enabled", Some("/opt/nginx/conf")),
        ("/opt/nginx/conf/sites-enabled/a", Some("/opt/nginx/conf")),
        ("/srv/web/sites-enabled", Some("/srv/web")),
        ("/config/ssl/a.crt", Some("/config")),
        (
            "/usr/local/etc/nginx/site.crt",
            Some("/usr/local/etc/nginx"),
        ),
        (
            "/etc/letsencrypt/live/x/fullchain.pem",
            Some("/etc/letsencrypt"),
        ),
        // A file of that name alone may be any.
        ("/etc/ssl/private/site.crt", None),
        ("/etc/ssl", None),
        ("/etc/nginx/ssl/b.crt", None),
    ];
    for (path, expected) in cases {
        let found = mapping.by_tail(path.as_bytes());
        let from = found
            .as_ref()
            .map(|tail| String::from_utf8_lossy(&tail.from));
        assert_eq!(from.as_deref(), expected, "{path}");
        if let Some(tail) = found {
            assert!(tail.path.starts_with(tree.path()) && tail.base == tree.path());
        }
    }
}

#[test]
fn nothing_is_guessed_for_a_configuration_from_elsewhere() {
    let mapping = Mapping::new(&places(&[], None), LAYOUT, None, false);
    assert_eq!(mapping.find(b"/etc/nginx/a"), None);
    let mapping = Mapping::new(&places(&[], Some("/r")), LAYOUT, None, false);
    assert!(mapping.find(b"/etc/nginx/a").is_some());
}
