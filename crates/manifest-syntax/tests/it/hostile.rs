//! Manifests that are made to hurt: each is read in bounded time and memory, and told why not.

use std::fmt::Write as _;

use manifest_syntax::{Body, MAX_DEPTH, read, read_with};

fn message(text: &str) -> Option<String> {
    read(text.as_bytes())
        .into_iter()
        .find_map(|document| match document.body {
            Body::Broken(error) => Some(error.message),
            _ => None,
        })
}

#[test]
fn an_alias_bomb_is_told() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merges = "a0: &a0 {}\n".to_owned();
    let mut lists = "a0: &a0 {}\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        let many = format!("*a{below}, ").repeat(9);
        writeln!(laughs, "a{level}: &a{level} [{many}]").unwrap();
        writeln!(merges, "a{level}: &a{level} {{<<: [{many}]}}").unwrap();
        let many = format!("<<: *a{below}, ").repeat(9);
        writeln!(lists, "a{level}: &a{level} {{{many}}}").unwrap();
    }
    for bomb in [laughs, merges, lists] {
        let message = message(&bomb).unwrap();
        let limit = 1000 + 4 * bomb.len();
        assert_eq!(message, format!("aliases make more than {limit} values"));
        // Many of them cost as much each, and the others are read.
        let stream = format!("{bomb}---\n").repeat(50) + "a: 1\n";
        let trees = read_with(stream.as_bytes(), |document| document.tree().is_some());
        assert_eq!(trees.iter().filter(|&&is_tree| is_tree).count(), 1);
    }
}

#[test]
fn a_chain_of_aliases_cannot_nest_deeper_than_values_may() {
    let mut chain = "a0: &a0 [x]\n".to_owned();
    let mut merges = "a0: &a0 {x: 1}\n".to_owned();
    for level in 1..200 {
        writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
        writeln!(merges, "a{level}: &a{level} {{<<: *a{}}}", level - 1).unwrap();
    }
    // Room for all the copies, so that it is the depth that counts.
    let comment = format!("# {}\n", "x".repeat(100_000));
    let nested = format!("with its aliases, values are nested deeper than {MAX_DEPTH} levels");
    assert_eq!(message(&(comment.clone() + &chain)), Some(nested));
    let nested = format!("merge keys are nested deeper than {MAX_DEPTH} levels");
    assert_eq!(message(&(comment + &merges)), Some(nested));
}

#[test]
fn deep_nesting_is_told() {
    let block = |depth: usize| -> String {
        let line = |level: usize| format!("{}a:\n", " ".repeat(level));
        (0..depth).map(line).collect()
    };
    let dashes = |depth: usize| "- ".repeat(depth) + "x\n";
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    let told = format!("values are nested deeper than {MAX_DEPTH} levels");
    for make in [
        &block as &dyn Fn(usize) -> String,
        &dashes,
        &lists,
        &objects,
    ] {
        assert_eq!(message(&make(MAX_DEPTH)), None);
        assert_eq!(message(&make(MAX_DEPTH + 1)).as_ref(), Some(&told));
        assert_eq!(
            message(&format!("x: 1\n---\n{}", make(1000))).as_ref(),
            Some(&told)
        );
    }
}

#[test]
fn a_long_run_of_anything_is_read_in_time() {
    for piece in [
        "{",
        "[",
        "}",
        "]",
        "- ",
        "? ",
        ": ",
        "&a ",
        "*a ",
        "!t ",
        "'",
        "\"",
        "|",
        ">",
        "\t",
        "#",
        "# \n",
        "%",
        "%x\n",
        "---\n",
        "...\n",
        "{{",
        "{%",
        "\\",
        "\0",
        "\u{feff}",
        "a: ",
        "a:\n",
        "- a\n",
        "a: 1\n",
        "{}\n",
        "[]",
        "{\"a\":\n",
        "{\"",
        "\"\\u",
        "0",
        "-",
        "--",
        "---",
        "---\n{\n",
        "<<: \n",
        "<<: {}\n",
        "a: &a\n",
        "a: *a\n",
        "a: |\n",
        "a: |\n  x\n",
        " ",
        "\n",
        "\r",
        "\r\n",
        "é",
        "a: é\n",
        "'a': 1\n",
        "[a, ",
        "{a: ",
        "a: [\n",
        "'x\n",
        "- |\n",
        "a: {{ x }}\n---\n",
        "a: 'x\n---\n",
    ] {
        let text = piece.repeat(100_000 / piece.len());
        let documents = read_with(text.as_bytes(), |document| {
            document.tree().map(|tree| tree.root().items().count())
        });
        assert!(documents.len() <= 50_000, "{piece:?}: {}", documents.len());
    }
}

#[test]
fn long_scalars_are_read_without_harm() {
    let long = "QUJD".repeat(2_000_000);
    let lines = "QUJDRUZHSElKS0xNTk9QUVJTVFVWV1hZWg==\n".repeat(100_000);
    let indented = lines.replace('\n', "\n  ");
    for (text, length) in [
        (format!("a: {long}\n"), long.len()),
        (format!("a: \"{long}\"\n"), long.len()),
        (format!("a: |\n  {indented}\nb: 1\n"), lines.len()),
        (format!("a: >\n  {indented}\nb: 1\n"), lines.len()),
        (format!("{{\"a\": \"{long}\"}}"), long.len()),
        (
            format!("{{\"a\": \"{}\"}}", lines.replace('\n', "\\n")),
            lines.len(),
        ),
    ] {
        let documents = read(text.as_bytes());
        let root = documents[0].tree().unwrap().root();
        assert_eq!(
            root.get("a").and_then(|node| node.str()).map(str::len),
            Some(length)
        );
    }
}

#[test]
fn ten_thousand_documents_keep_their_order() {
    let mut text = String::new();
    for number in 0..10_000 {
        let style = if number % 3 == 0 { "'é'" } else { "x" };
        write!(text, "kind: A\nnumber: {number}\ns: {style}\n---\n").unwrap();
    }
    let numbers = read_with(text.as_bytes(), |document| {
        let tree = document.tree()?;
        let number = tree.root().get("number")?.text()?;
        number.parse::<u32>().ok()
    });
    let expected: Vec<_> = (0..10_000).map(Some).chain([None]).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn wide_collections_stay_cheap() {
    let mut text = "list:\n".to_owned();
    for number in 0..100_000 {
        writeln!(text, "- h{number}").unwrap();
    }
    text.push_str("map:\n");
    for number in 0..100_000 {
        writeln!(text, "  k{}: {number}", number % 50_000).unwrap();
    }
    let documents = read(text.as_bytes());
    let tree = documents[0].tree().unwrap();
    assert_eq!(tree.duplicates().len(), 50_000);
    let list = tree.root().get("list").unwrap();
    let last = list.items().map(|item| item.path()).last().unwrap();
    assert_eq!(last.as_str(), "list[99999]");
    assert_eq!(tree.root().get("map").unwrap().entries().count(), 50_000);
}
