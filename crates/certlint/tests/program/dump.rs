//! The output of `nginx -T` as an input.

use crate::support::{NOW, Tree, main_file, server};

fn dump() -> String {
    format!(
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
         # configuration file /etc/nginx/nginx.conf:\nevents {{}}\n\
         http {{ include conf.d/*.conf; }}\n\n\
         # configuration file /etc/nginx/conf.d/a.conf:\n{}\n",
        server("other.example", "/etc/ssl/a")
    )
}

#[test]
fn a_dump_is_read_from_a_pipe_or_a_file() {
    let tree = Tree::new(&[("dump.txt", &dump())]);
    tree.certificate("example.com", "root/etc/ssl/a");
    let options = ["--root", "root", "--format", "short", "--now", NOW];
    let expected = ["/etc/nginx/conf.d/a.conf:3 name-not-covered"];
    let run = tree.run_with_input(&[&["-"], &options[..]].concat(), &dump());
    assert_eq!(run.findings(), expected, "{run:?}");
    let run = tree.run(&[&["dump.txt"], &options[..]].concat());
    assert_eq!(run.findings(), expected, "{run:?}");
}

#[test]
fn the_certificates_of_a_dump_from_elsewhere_are_not_looked_for_here() {
    let tree = Tree::new(&[]);
    let run = tree.run_with_input(&["-", "-v", "--format", "short"], &dump());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.has("unverifiable") && !run.has("certificate-missing"),
        "{run:?}"
    );
}

#[test]
fn a_dump_is_of_this_machine_when_all_its_files_are() {
    let tree = Tree::installed(&[("nginx.conf", "events {}\nhttp { include a.conf; }\n")]);
    tree.certificate("example.com", "a");
    let at = |name: &str| tree.path().join(name).to_str().unwrap().to_owned();
    let site = server("other.example", &at("a"));
    tree.write("a.conf", &site);
    let dump = |site: &str| {
        format!(
            "# configuration file {}:\nevents {{}}\nhttp {{ include a.conf; }}\n\n\
             # configuration file {}:\n{site}\n",
            at("nginx.conf"),
            at("a.conf")
        )
    };
    let elsewhere = Tree::new(&[]);
    let run = |text: &str| {
        let options = ["-", "-v", "--format", "short", "--now", NOW];
        elsewhere.run_with_input(&options, text)
    };
    let own = run(&dump(&site));
    assert!(own.has("name-not-covered"), "{own:?}");
    // The main file alone is the same on every new machine.
    let other = run(&dump(&site.replace("other", "another")));
    assert!(
        other.has("unverifiable") && !other.has("name-not-covered"),
        "{other:?}"
    );
    assert!(other.stderr.contains("`--root /`"), "{other:?}");
    let other = run(&dump(
        &site.replace("other", "another").replace("/a.", "/b."),
    ));
    assert!(!other.has("certificate-missing"), "{other:?}");
}

#[test]
fn a_pasted_dump_is_read_as_well() {
    let tree = Tree::new(&[]);
    tree.certificate("example.com", "root/etc/ssl/a");
    let indented: String = dump().lines().map(|line| format!("    {line}\n")).collect();
    let options = ["-", "--root", "root", "--format", "short", "--now", NOW];
    for text in [
        indented,
        format!("```\n{}```\n", dump()),
        format!("$ sudo nginx -T\n{}", dump()),
    ] {
        let run = tree.run_with_input(&options, &text);
        let expected = ["/etc/nginx/conf.d/a.conf:3 name-not-covered"];
        assert_eq!(run.findings(), expected, "{run:?}");
    }
    // Not every text that speaks of it.
    let text = format!(
        "# nginx -T\n{}",
        main_file("other.example", "root/etc/ssl/a")
    );
    let run = tree.run_with_input(&["-", "--format", "short", "--now", NOW], &text);
    assert!(run.has("name-not-covered"), "{run:?}");
}
