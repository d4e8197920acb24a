//! Colour: off for a pipe, on where somebody asks for it.

use crate::support::{NOW, Tree, main_file, program, run};

#[test]
fn colour_is_off_for_a_pipe_unless_asked_for() {
    let tree = Tree::new(&[("nginx.conf", &main_file("other.example", "a"))]);
    tree.certificate("example.com", "a");
    type Case = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        bool,
    );
    let table: &[Case] = &[
        (&[], &[], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "never"], &[("FORCE_COLOR", "1")], false),
        (&[], &[("GITHUB_ACTIONS", "true")], true),
        (&["--format", "json", "--color", "always"], &[], false),
        (&["--format", "short", "--color", "always"], &[], false),
    ];
    for &(options, environment, expected) in table {
        let mut command = program(tree.path());
        command.args(["--now", NOW, "missing", "."]).args(options);
        command.envs(environment.iter().copied());
        let run = run(&mut command, b"");
        let case = format!("{options:?} {environment:?}");
        assert_eq!(run.stdout.contains('\u{1b}'), expected, "{case}");
    }
}

#[test]
fn a_file_gets_colour_only_when_that_is_said() {
    let tree = Tree::new(&[("nginx.conf", &main_file("other.example", "a"))]);
    tree.certificate("example.com", "a");
    for (option, expected) in [("auto", false), ("always", true)] {
        let mut command = program(tree.path());
        command.args(["--output-file", "out", "--color", option]);
        run(command.env("FORCE_COLOR", "1"), b"");
        let text = std::fs::read_to_string(tree.path().join("out")).unwrap();
        assert_eq!(text.contains('\u{1b}'), expected, "{option}");
    }
}
