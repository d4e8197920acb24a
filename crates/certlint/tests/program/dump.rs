//! The output of `nginx -T` as an input.

use crate::support::{NOW, Tree, server};

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
