//! The linter in CI and the webhook say the same, here with a real API server between them: for
//! every fixture that it accepts, the errors of an object and the causes for which the webhook
//! refuses it are one set of rules and fields.
//!
//! Where they must differ is in [`EXCEPTIONS`] with the reason; an exception that is no longer
//! needed fails, too.

mod fixture;
mod linter;
mod resources;
mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tools::say;

use self::fixture::Fixture;
use self::scene::Scene;
use super::case::{Case, Suite};
use super::world::World;

/// Rule and field.
type Errors = BTreeSet<(String, String)>;

/// Folders with manifests.
const FOLDERS: [&str; 2] = ["fixtures/kubernetes", "fixtures/corpus/kubernetes"];

/// Files about which the two differ, with the reasons.
const EXCEPTIONS: &str = include_str!("../../../../../fixtures/agreement.txt");

/// For how long the two may differ: within the same second a new object is as old as those that were
/// there, and changes of labels and of a `status` cannot be counted.
const PATIENCE: Duration = Duration::from_secs(2);

/// Only dry runs are reviewed, so that what a fixture is about can be made around them.
const ONLY_DRY_RUNS: [&str; 4] = [
    "config.shutdown.delay=1s",
    "webhook.failurePolicy=Fail",
    "webhook.matchConditions[0].name=only-dry-runs",
    "webhook.matchConditions[0].expression=request.dryRun",
];

pub(super) fn suite() -> Suite {
    Suite {
        name: "agree",
        prepares: "the chart with reviews of dry runs only",
        prepare: |world| world.install(&ONLY_DRY_RUNS),
        cases: vec![
            Case::new(
                "the linter and the webhook agree on every fixture",
                |world| {
                    let seen = compare(world, |fixture| !fixture.requires_secrets)?;
                    // Fewer than that, and the comparison has lost its fixtures.
                    seen.at_least(350, 100)
                },
            ),
            Case::new(
                "they agree where Secrets that are missing are refused, too",
                |world| {
                    let mut values = ONLY_DRY_RUNS.to_vec();
                    values.push("config.missingSecret=deny");
                    world.install(&values)?;
                    let seen = compare(world, |fixture| fixture.requires_secrets)?;
                    seen.at_least(3, 1)
                },
            ),
        ],
    }
}

/// How much was compared.
#[derive(Default)]
struct Seen {
    reviewed: usize,
    refused: usize,
}

impl Seen {
    fn at_least(&self, reviewed: usize, refused: usize) -> Result<()> {
        if self.reviewed < reviewed || self.refused < refused {
            bail!(
                "only {} objects were reviewed, and {} refused",
                self.reviewed,
                self.refused
            );
        }
        Ok(())
    }
}

fn compare(world: &World, is_meant: impl Fn(&Fixture) -> bool) -> Result<Seen> {
    let fixtures: Vec<_> = fixture::all(&FOLDERS)?
        .into_iter()
        .filter(is_meant)
        .collect();
    let mut scene = Scene::new(world, &fixtures)?;
    let mut seen = Seen::default();
    let mut wrong = String::new();
    let mut needed = BTreeSet::new();
    for fixture in &fixtures {
        let name = &fixture.name;
        scene.set(fixture).with_context(|| name.clone())?;
        for (object, in_ci, at_admission) in both(&scene, fixture).with_context(|| name.clone())? {
            seen.reviewed += 1;
            seen.refused += usize::from(!at_admission.is_empty());
            if in_ci == at_admission {
                continue;
            }
            match exceptions().find(|exception| name == exception) {
                Some(exception) => {
                    needed.insert(exception);
                }
                None => wrong.push_str(&format!(
                    "{name}: {object}\n  in CI {in_ci:?}\n  at admission {at_admission:?}\n"
                )),
            }
        }
        scene.clear().with_context(|| name.clone())?;
    }
    say::line(format!(
        "      {} files, {} objects reviewed, {} refused; left out: {}",
        fixtures.len(),
        seen.reviewed,
        seen.refused,
        listed(&scene.left_out)
    ));
    for exception in exceptions() {
        let is_asked = fixtures.iter().any(|it| it.name == exception);
        if is_asked && !needed.contains(exception) {
            wrong.push_str(&format!("{exception} is no exception\n"));
        }
    }
    if !wrong.is_empty() {
        bail!("{wrong}");
    }
    Ok(seen)
}

/// The verdicts of both on each object that is reviewed.
fn both(scene: &Scene<'_>, fixture: &Fixture) -> Result<Vec<(String, Errors, Errors)>> {
    let mut all = Vec::new();
    for index in scene.reviewed() {
        let in_ci = linter::errors(&scene.stream(index), &fixture.arguments)?;
        let deadline = Instant::now() + PATIENCE;
        let mut at_admission = scene.review(index)?;
        while at_admission != in_ci && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(100));
            at_admission = scene.review(index)?;
        }
        all.push((scene.name(index), in_ci, at_admission));
    }
    Ok(all)
}

fn listed(left_out: &BTreeMap<&str, usize>) -> String {
    let reasons: Vec<_> = (left_out.iter())
        .map(|(why, number)| format!("{number} {why}"))
        .collect();
    reasons.join(", ")
}

fn exceptions() -> impl Iterator<Item = &'static str> {
    EXCEPTIONS
        .lines()
        .map(|line| line.strip_prefix("server: ").unwrap_or(line))
        .filter(|line| line.starts_with("fixtures/"))
}
