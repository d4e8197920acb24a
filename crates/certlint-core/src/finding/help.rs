//! The lines of a cure: prose, and commands ready to be copied.
//!
//! A command is a line of its own, indented as Markdown indents code. Programs get the cure on one
//! line.

/// What the line of a command begins with.
const COMMAND: &str = "    ";

/// A line of [`Finding::help`](super::Finding::help).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpLine<'a> {
    /// A command to type.
    Command(&'a str),
    /// Anything else.
    Prose(&'a str),
}

/// A command on a line of its own, to be put after a colon.
#[must_use]
pub fn command_line(command: &str) -> String {
    format!("\n{COMMAND}{command}")
}

/// The lines of a cure.
pub fn help_lines(help: &str) -> impl Iterator<Item = HelpLine<'_>> {
    help.lines().map(|line| match line.strip_prefix(COMMAND) {
        Some(command) => HelpLine::Command(command),
        None => HelpLine::Prose(line.trim_end()),
    })
}

/// The cure on one line.
#[must_use]
pub fn help_on_one_line(help: &str) -> String {
    let lines: Vec<&str> = help_lines(help)
        .map(|line| match line {
            HelpLine::Command(text) | HelpLine::Prose(text) => text,
        })
        .collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_line_of_its_own_and_of_one_line_for_programs() {
        let help = format!("renew it: {}", command_line("certbot renew"));
        let lines: Vec<HelpLine<'_>> = help_lines(&help).collect();
        assert_eq!(
            lines,
            [
                HelpLine::Prose("renew it:"),
                HelpLine::Command("certbot renew")
            ]
        );
        assert_eq!(help_on_one_line(&help), "renew it: certbot renew");
        assert_eq!(help_on_one_line("remove it"), "remove it");
    }
}
