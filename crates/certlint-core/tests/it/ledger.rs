//! The ledger: every name of the input has one row at each of its listeners, `resolve` says what the
//! row says, and no change of the input turns a finding into silence.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use certlint_core::check::{Settings, check_and_count};
use certlint_core::files::{File, FileError, Files};
use certlint_core::finding::{Finding, Level};
use certlint_core::kubernetes;
use certlint_core::ledger::{Entry, Standing, Tally, entries};
use certlint_core::loader::Loader;
use certlint_core::model::{Fragment, Model};
use certlint_core::name::HostPattern;
use certlint_core::nginx;
use certlint_core::resolve::{Answer, Outcome, resolve};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{LOGICAL, NOW, Repository, repository};

/// The repository with some files taken away.
struct Tree {
    repository: Repository,
    gone: BTreeSet<PathBuf>,
}

impl Tree {
    fn new() -> Self {
        Self {
            repository: Repository::new(),
            gone: BTreeSet::new(),
        }
    }

    fn with(path: &Path, text: &[u8]) -> Self {
        let mut tree = Self::new();
        tree.repository
            .over
            .insert(repository().join(path), text.to_vec());
        tree
    }
}

impl Files for Tree {
    fn read(&self, path: &[u8]) -> Result<File, FileError> {
        let file = self.repository.read(path)?;
        match self.gone.contains(Path::new(&file.name)) {
            true => Err(FileError::NotFound),
            false => Ok(file),
        }
    }

    fn list(&self, directory: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        self.repository.list(directory)
    }
}

/// What one input comes to.
struct Checked {
    model: Model,
    findings: Vec<Finding>,
    tally: Tally,
}

impl Checked {
    fn new(model: Model) -> Self {
        let checked = check_and_count(&model, &Settings::default(), NOW);
        Self {
            model,
            findings: checked.findings,
            tally: checked.tally,
        }
    }
}

fn logical(path: &Path) -> Vec<u8> {
    Path::new(LOGICAL)
        .join(path)
        .as_os_str()
        .as_bytes()
        .to_vec()
}

fn lint_nginx(tree: &Tree, main: &Path) -> Checked {
    let loader = Loader::new(tree);
    let lowered = nginx::lower(&loader, &logical(main), &nginx::Options::default())
        .unwrap_or_else(|error| panic!("{}: {error}", main.display()));
    Checked::new(loader.finish(vec![lowered.fragment]))
}

fn lint_manifest(tree: &Tree, file: &Path) -> Checked {
    let loader = Loader::new(tree);
    let options = kubernetes::Options::default();
    let (lowered, _) = kubernetes::lower(&loader, &[logical(file)], &options);
    Checked::new(loader.finish(lowered.fragments))
}

/// The files below a folder of the repository of which `is_wanted` says yes, sorted.
fn files_below(folder: &str, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("fixtures").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_wanted(&path) {
                let inside = path.strip_prefix(repository()).expect("in the repository");
                files.push(inside.to_owned());
            }
        }
    }
    files.sort();
    files
}

fn configurations() -> Vec<PathBuf> {
    let is_main = |path: &Path| path.file_name().is_some_and(|name| name == "nginx.conf");
    let mut files = files_below("fixtures/rules", is_main);
    files.extend(files_below("fixtures/example", is_main));
    files
}

fn manifests() -> Vec<PathBuf> {
    let is_manifest = |path: &Path| path.extension().is_some_and(|it| it == "yaml");
    let mut files = files_below("fixtures/kubernetes", is_manifest);
    files.extend(files_below("fixtures/corpus/kubernetes", is_manifest));
    files
}

/// What is wrong with the rows of a model: one for each name at each listener, and the counts.
fn faults(checked: &Checked) -> Vec<String> {
    let mut faults = Vec::new();
    for fragment in &checked.model.fragments {
        let mut seen = BTreeSet::new();
        for row in &fragment.rows {
            if !seen.insert((row.name, row.listener)) {
                faults.push(format!("`{}` has two rows", fragment.name(*row).text));
            }
        }
        if !fragment.rows.is_sorted() {
            faults.push("rows are not sorted".to_owned());
        }
        for (server, id) in fragment.servers.iter().zip(0u32..) {
            // Names of a controller are claimed at its listener; servers say where they listen.
            let listens: BTreeSet<_> = server.listens.iter().map(|it| it.listener).collect();
            for (name, index) in server.names.iter().zip(0u32..) {
                let rows = fragment.rows.iter();
                let rows = rows.filter(|row| (row.name.server.0, row.name.name) == (id, index));
                let found: BTreeSet<_> = rows.map(|row| row.listener).collect();
                let is_complete = match listens.is_empty() {
                    true => {
                        !found.is_empty() || fragment.listeners.iter().all(|it| it.hosts.is_none())
                    }
                    false => found == listens,
                };
                if !is_complete {
                    faults.push(format!(
                        "`{}`: rows at {found:?}, not {listens:?}",
                        name.text
                    ));
                }
            }
        }
    }
    let entries = entries(&checked.model);
    let rows: usize = checked.model.fragments.iter().map(|it| it.rows.len()).sum();
    let outcomes: usize = entries.iter().map(|entry| entry.rows.len()).sum();
    if rows != outcomes {
        faults.push(format!("{rows} rows, and {outcomes} outcomes"));
    }
    let tally = &checked.tally;
    if tally.judged > tally.names || (tally.unknown() > 0 && tally.causes.is_empty()) {
        faults.push(format!("{tally:?}"));
    }
    faults
}

/// Whether `resolve` says of a name what its row says.
fn agrees(entry: &Entry<'_>, answer: &Answer) -> bool {
    let is = |word: &str| answer.certificates.iter().any(|one| one.verdict == word);
    match (&entry.standing, answer.outcome) {
        (Standing::Covered, Outcome::Served | Outcome::NoCertificate) => {
            !is("not-covered") && !is("partial")
        }
        (Standing::Uncovered, Outcome::NoCertificate) => true,
        (Standing::Uncovered, Outcome::Served) => is("not-covered"),
        (Standing::Pending { asks_for_name }, Outcome::Pending) => {
            let verdict = answer.pending.as_ref().map(|pending| pending.verdict);
            verdict
                == Some(if *asks_for_name {
                    "covered"
                } else {
                    "not-covered"
                })
        }
        (Standing::Placeholder, Outcome::Placeholder)
        | (Standing::Exempt, Outcome::Rejected)
        | (Standing::Plain, Outcome::Plain)
        | (Standing::Unknown(..), Outcome::Unknown) => true,
        // A file that is not there, or is of no use: the handshake fails, whatever it would say.
        (Standing::Unknown(..), Outcome::NoCertificate) => true,
        _ => false,
    }
}

/// Where `resolve` says something else of a name than its row.
fn contradictions(model: &Model) -> Vec<String> {
    let mut wrong = Vec::new();
    for entry in entries(model) {
        let name = entry.name();
        let HostPattern::Exact(host) = &name.pattern else {
            continue;
        };
        if entry.standing == Standing::Shadowed {
            continue; // the row of what takes it says more
        }
        for row in entry.rows {
            let listener = entry.fragment.listener(row.listener);
            let owner = match &listener.hosts {
                Some(hosts) => match hosts.find(host) {
                    Some((_, found)) if found.name == row.name => None,
                    _ => continue,
                },
                None => Some(row.name.server),
            };
            let selection = listener.select(Some(host));
            let is_other = selection.name.is_some_and(|name| name != row.name.name);
            if owner.is_some_and(|owner| selection.server != owner || is_other) {
                continue;
            }
            let answers = resolve(model, entry.fragment, host, None);
            for answer in answers.iter().filter(|it| it.listen == listener.label) {
                if !agrees(&entry, answer) {
                    wrong.push(format!(
                        "{host} at {}: the row says {:?}, resolve {:?} {:?} {:?}",
                        listener.label,
                        entry.standing,
                        answer.outcome,
                        answer.why,
                        answer
                            .certificates
                            .iter()
                            .map(|one| one.verdict)
                            .collect::<Vec<_>>()
                    ));
                }
            }
        }
    }
    wrong
}

fn report(wrong: &[String]) {
    let shown = wrong[..wrong.len().min(40)].join("\n");
    assert!(wrong.is_empty(), "{} wrong:\n{shown}", wrong.len());
}

/// Every fixture with what it comes to.
fn all_fixtures() -> impl Iterator<Item = (PathBuf, Checked)> {
    let tree = Tree::new();
    let of_nginx = configurations().into_iter().map(|main| {
        let checked = lint_nginx(&Tree::new(), &main);
        (main, checked)
    });
    of_nginx.chain(manifests().into_iter().map(move |file| {
        let checked = lint_manifest(&tree, &file);
        (file, checked)
    }))
}

#[test]
fn every_name_of_the_fixtures_has_one_row_at_each_listener() {
    let mut wrong = Vec::new();
    for (path, checked) in all_fixtures() {
        let faults = faults(&checked).into_iter();
        wrong.extend(faults.map(|fault| format!("{}: {fault}", path.display())));
    }
    report(&wrong);
}

#[test]
fn resolve_says_what_the_row_says_for_every_name_of_the_fixtures() {
    let mut wrong = Vec::new();
    for (path, checked) in all_fixtures() {
        let found = contradictions(&checked.model).into_iter();
        wrong.extend(found.map(|it| format!("{}: {it}", path.display())));
    }
    report(&wrong);
}

/// The hosts that the Ingresses with TLS of a text name, read by another reader.
fn ingress_hosts(text: &str) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for document in text.split("\n---") {
        let Ok(object) = serde_yaml::from_str::<serde_yaml::Value>(document) else {
            continue;
        };
        let labels = &object["metadata"]["labels"];
        let is_solver = labels["acme.cert-manager.io/http01-solver"].as_str() == Some("true");
        let is_leaving = object["metadata"]["deletionTimestamp"].as_str().is_some();
        let entries = object["spec"]["tls"].as_sequence();
        let group = object["apiVersion"].as_str().unwrap_or_default();
        let is_known = group.starts_with("networking.k8s.io/") || group.starts_with("extensions/");
        if !is_known || object["kind"].as_str() != Some("Ingress") || is_solver || is_leaving {
            continue;
        }
        let annotations = &object["metadata"]["annotations"];
        let is_canary = annotations["nginx.ingress.kubernetes.io/canary"].as_str() == Some("true");
        let Some(entries) = entries.filter(|entries| !entries.is_empty() && !is_canary) else {
            continue;
        };
        let listed = entries
            .iter()
            .filter_map(|entry| entry["hosts"].as_sequence());
        let rules = object["spec"]["rules"].as_sequence();
        let ruled = rules.into_iter().flatten().map(|rule| &rule["host"]);
        let all = listed
            .flatten()
            .chain(ruled)
            .filter_map(|host| host.as_str());
        hosts.extend(
            all.filter(|host| !host.is_empty() && !host.contains("{{"))
                .map(str::to_owned),
        );
    }
    hosts
}

#[test]
fn every_host_of_an_ingress_with_tls_has_a_row() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in manifests() {
        let text = fs::read_to_string(repository().join(&file)).expect("text");
        if text.contains("kind: Template") || text.contains("&") {
            continue;
        }
        let checked = lint_manifest(&Tree::new(), &file);
        let entries = entries(&checked.model);
        let rows: BTreeSet<&str> = entries.iter().map(|entry| &*entry.name().text).collect();
        for host in ingress_hosts(&text) {
            seen += 1;
            if !rows.contains(host.as_str()) {
                wrong.push(format!("{}: `{host}` has no row", file.display()));
            }
        }
    }
    assert!(seen > 200, "only {seen} hosts");
    report(&wrong);
}

/// The rules whose findings say what becomes of a name.
const ABOUT_NAMES: [&str; 6] = [
    "certificate-from-default-server",
    "certificate-request-misses-host",
    "common-name-only",
    "default-certificate-served",
    "name-not-covered",
    "name-partly-covered",
];

/// The rules that say that a Secret cannot be used.
const UNUSABLE: [&str; 2] = ["key-unreadable", "secret-malformed"];

/// The errors about names.
fn errors(checked: &Checked) -> impl Iterator<Item = &Finding> {
    let findings = checked.findings.iter();
    findings.filter(|it| it.level == Level::Error && ABOUT_NAMES.contains(&it.rule))
}

/// Why a finding is lost, if it is: it is neither there any more, nor is it known that its names are
/// not known, or still to come.
fn lost(finding: &Finding, after: &Checked) -> Option<String> {
    let entries = entries(&after.model);
    for name in &finding.facts.names {
        let still = after
            .findings
            .iter()
            .any(|other| ABOUT_NAMES.contains(&other.rule) && other.facts.names.contains(name));
        // A Secret that cannot be used is an error of its own, and clients get the certificate of the
        // controller, or nothing.
        let is_malformed = after
            .findings
            .iter()
            .any(|other| other.level == Level::Error && UNUSABLE.contains(&other.rule));
        let is_unknown = |entry: &Entry<'_>| {
            *entry.name().text == **name
                && match entry.standing {
                    Standing::Unknown(..) | Standing::Pending { .. } => true,
                    Standing::Placeholder | Standing::Exempt => is_malformed,
                    _ => false,
                }
        };
        if !still && !entries.iter().any(is_unknown) {
            let standings: Vec<_> = entries
                .iter()
                .filter(|entry| *entry.name().text == **name)
                .map(|entry| &entry.standing)
                .collect();
            return Some(format!(
                "{} of `{name}` is lost: {standings:?}",
                finding.rule
            ));
        }
    }
    None
}

const VAULT: &[u8] = b"$ANSIBLE_VAULT;1.1;AES256\n6162636465666768\n";

#[test]
fn no_change_of_another_file_silences_a_finding_about_nginx() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for main in configurations() {
        let before = lint_nginx(&Tree::new(), &main);
        let files: BTreeSet<PathBuf> = before
            .model
            .sources
            .iter()
            .map(|(_, source)| PathBuf::from(source.name()))
            .filter(|file| *file != main && repository().join(file).is_file())
            .collect();
        for finding in errors(&before) {
            let own = before.model.sources.get(finding.primary.at.source).name();
            for file in files.iter().filter(|file| **file != Path::new(own)) {
                let mut gone = Tree::new();
                gone.gone.insert(file.clone());
                let changes = [
                    ("deleted", gone),
                    ("emptied", Tree::with(file, b"")),
                    ("encrypted", Tree::with(file, VAULT)),
                ];
                for (how, tree) in changes {
                    tried += 1;
                    let after = lint_nginx(&tree, &main);
                    let lost = lost(finding, &after);
                    wrong.extend(lost.map(|lost| {
                        format!("{}: {} {how}: {lost}", main.display(), file.display())
                    }));
                }
            }
        }
    }
    assert!(tried > 100, "only {tried} changes");
    report(&wrong);
}

/// The changes of a manifest that touch its Secrets and not what asks for them.
fn changes(text: &str) -> Vec<(&'static str, String)> {
    const SOPS: &str = "ENC[AES256_GCM,data:YWJj,iv:YWJj,tag:YWJj,type:str]";
    let documents: Vec<&str> = text.split("\n---\n").collect();
    let is_secret = |document: &str| document.lines().any(|line| line == "kind: Secret");
    if !documents.iter().any(|document| is_secret(document)) {
        return Vec::new();
    }
    let change = |change: &dyn Fn(&str) -> Option<String>| {
        let changed = documents
            .iter()
            .filter_map(|document| match is_secret(document) {
                true => change(document),
                false => Some((*document).to_owned()),
            });
        changed.collect::<Vec<_>>().join("\n---\n")
    };
    // The value of a field in one line; block scalars stay as they are.
    let set = |field: &str, value: Option<&str>| {
        change(&|document| {
            let start = format!("  {field}: ");
            let lines = document
                .lines()
                .filter_map(|line| match line.strip_prefix(&start) {
                    Some(old) if !old.starts_with(['|', '>']) => {
                        value.map(|value| format!("{start}{value}"))
                    }
                    _ => Some(line.to_owned()),
                });
            Some(lines.collect::<Vec<_>>().join("\n"))
        })
    };
    vec![
        ("Secrets deleted", change(&|_| None)),
        (
            "Secrets renamed",
            change(&|document| Some(document.replacen("\n  name: ", "\n  name: other-", 1))),
        ),
        ("keys deleted", set("tls.key", None)),
        ("keys emptied", set("tls.key", Some("\"\""))),
        ("keys encrypted", set("tls.key", Some(SOPS))),
        ("keys damaged", set("tls.key", Some("bm8ga2V5"))),
        ("certificates deleted", set("tls.crt", None)),
        ("certificates emptied", set("tls.crt", Some("\"\""))),
        ("certificates encrypted", set("tls.crt", Some(SOPS))),
    ]
}

#[test]
fn no_change_of_a_secret_silences_a_finding_about_a_manifest() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for file in manifests() {
        let text = fs::read_to_string(repository().join(&file)).expect("text");
        let before = lint_manifest(&Tree::new(), &file);
        let changes = match errors(&before).next() {
            Some(_) => changes(&text),
            None => Vec::new(),
        };
        for (how, changed) in changes.iter().filter(|(_, changed)| *changed != text) {
            tried += 1;
            let after = lint_manifest(&Tree::with(&file, changed.as_bytes()), &file);
            for finding in errors(&before) {
                let lost = lost(finding, &after);
                wrong.extend(lost.map(|lost| format!("{}: {how}: {lost}", file.display())));
            }
        }
    }
    assert!(tried > 100, "only {tried} changes");
    report(&wrong);
}

const HOSTS: [&str; 8] = [
    "example.com",
    "www.example.com",
    "api.example.com",
    "*.example.com",
    "a.b.example.com",
    "example.org",
    "WWW.example.org",
    "shop.example.net",
];

fn hosts() -> impl Strategy<Value = Vec<&'static str>> {
    vec(select(&HOSTS[..]), 0..=3)
}

/// An Ingress of one of some classes, with entries that name Secrets which are there, or are not.
fn ingress(index: usize) -> impl Strategy<Value = String> {
    let class = select(
        &[
            "nginx", "traefik", "kong", "cilium", "alb", "contour", "other", "",
        ][..],
    );
    let secret = select(&["one", "two", "gone", ""][..]);
    let entries = vec((hosts(), secret), 0..=2);
    (class, entries, hosts(), any::<bool>()).prop_map(move |(class, entries, rules, is_issued)| {
        let mut text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web-{index}\n"
        );
        if is_issued {
            text += "  annotations: {cert-manager.io/issuer: acme}\n";
        }
        text += "spec:\n";
        if !class.is_empty() {
            text += &format!("  ingressClassName: {class}\n");
        }
        let list = |hosts: &[&str]| {
            let quoted: Vec<_> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
            quoted.join(", ")
        };
        if !entries.is_empty() {
            text += "  tls:\n";
        }
        for (hosts, secret) in entries {
            text += &format!("    - hosts: [{}]\n", list(&hosts));
            if !secret.is_empty() {
                text += &format!("      secretName: {secret}\n");
            }
        }
        if !rules.is_empty() {
            text += "  rules:\n";
        }
        for host in rules {
            text += &format!("    - host: \"{host}\"\n");
        }
        text
    })
}

/// The Secrets of the fixtures, by the names that [`ingress`] gives them.
fn secrets() -> String {
    use base64::Engine as _;
    let base64 = |file: &str| {
        let bytes = fs::read(repository().join("fixtures/certs").join(file)).expect(file);
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let secret = |name: &str, certificate: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: kubernetes.io/tls\ndata:\n  tls.crt: {}\n  tls.key: {}\n",
            base64(&format!("{certificate}.crt")),
            base64(&format!("{certificate}.key"))
        )
    };
    let all = [
        secret("one", "example.com"),
        secret("two", "wildcard.example.com"),
    ];
    all.join("---\n")
}

fn cluster() -> impl Strategy<Value = String> {
    (ingress(0), ingress(1), ingress(2))
        .prop_map(|(one, two, three)| [one, two, three, secrets()].join("---\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_name_of_a_generated_configuration_has_its_rows(
        text in crate::rules::agree::configuration()
    ) {
        let main = Path::new("fixtures/nginx.conf");
        let checked = lint_nginx(&Tree::with(main, text.as_bytes()), main);
        prop_assert_eq!(faults(&checked), Vec::<String>::new(), "{}", text);
        prop_assume!(checked.model.fragments[0].refusals.is_empty());
        prop_assert_eq!(contradictions(&checked.model), Vec::<String>::new(), "{}", text);
    }

    #[test]
    fn every_host_of_a_generated_cluster_has_its_rows(text in cluster()) {
        let file = Path::new("fixtures/generated.yaml");
        let checked = lint_manifest(&Tree::with(file, text.as_bytes()), file);
        prop_assert_eq!(faults(&checked), Vec::<String>::new(), "{}", text);
        prop_assert_eq!(contradictions(&checked.model), Vec::<String>::new(), "{}", text);
        let rows: BTreeMap<String, usize> = entries(&checked.model)
            .iter()
            .map(|entry| (entry.name().text.to_string(), entry.rows.len()))
            .collect();
        for host in ingress_hosts(&text) {
            prop_assert!(rows.contains_key(&host), "no row for {host}: {text}");
        }
    }
}

#[test]
fn names_are_answered_with_what_is_served_once_the_key_is_right() {
    let fixture = Path::new("fixtures/rules/name-not-covered/triggers-whatever-the-key/nginx.conf");
    let checked = lint_nginx(&Tree::new(), fixture);
    let fragment: &Fragment = &checked.model.fragments[0];
    assert!(
        !fragment.refusals.is_empty(),
        "nginx would not start, and that stays said"
    );
    for name in ["missing", "empty", "malformed", "vault", "sops", "foreign"] {
        let answers = resolve(
            &checked.model,
            fragment,
            &format!("{name}.example.com"),
            None,
        );
        assert_eq!(answers[0].outcome, Outcome::Served, "{name}");
        assert_eq!(answers[0].certificates[0].verdict, "not-covered", "{name}");
    }
}
