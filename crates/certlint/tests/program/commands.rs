//! The commands that findings give: one for each cause, and none that undoes another's.

use crate::support::{NOW, Tree, main_file, server};

/// The commands of a run, each once.
fn commands(tree: &Tree) -> Vec<String> {
    let run = tree.run(&["nginx.conf", "--format", "json", "--now", NOW]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let mut commands: Vec<String> = findings
        .iter()
        .filter_map(|it| it["help"].as_str()?.split_once("certificate: "))
        .map(|(_, command)| command.to_owned())
        .collect();
    commands.sort();
    commands.dedup();
    commands
}

#[test]
fn all_names_that_a_certificate_lacks_are_in_one_command() {
    let configuration = format!(
        "events {{}}\nhttp {{\n{}{}{}}}\n",
        server("example.com api.example.com", "certs/a"),
        server("shop.example.com", "certs/a"),
        // Another certificate has it: no reason to ask for it again.
        server("www.example.org", "certs/a")
    );
    let tree = Tree::new(&[("nginx.conf", &configuration)]);
    tree.certificate("example.com", "certs/a");
    tree.certificate("example.org", "certs/b");
    let with_other = configuration.replace(
        "http {\n",
        &format!("http {{\n{}", server("example.org", "certs/b")),
    );
    tree.write("nginx.conf", with_other);
    assert_eq!(
        commands(&tree),
        [
            "certbot certonly --expand -d example.com -d www.example.com -d api.example.com \
             -d shop.example.com"
        ]
    );
}

#[cfg(unix)]
#[test]
fn certbots_name_is_in_the_path_that_is_written() {
    let live = "letsencrypt/live/shop-0001";
    let tree = Tree::new(&[(
        "nginx.conf",
        &main_file("example.com api.example.com", &format!("{live}/site")),
    )]);
    tree.certificate("example.com", "letsencrypt/archive/shop-0001/site1");
    std::fs::create_dir_all(tree.path().join(live)).unwrap();
    for ending in ["crt", "key"] {
        let target = format!("../../archive/shop-0001/site1.{ending}");
        let link = tree.path().join(format!("{live}/site.{ending}"));
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    assert_eq!(
        commands(&tree),
        [
            "certbot certonly --cert-name shop-0001 --expand -d example.com -d www.example.com \
             -d api.example.com"
        ]
    );
}
