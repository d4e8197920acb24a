//! Prose in lines that fit a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Breaks `text` into lines of at most `width` columns, at blanks only: a longer word, such as a
/// path, has a line of its own. Without a width there is no terminal, and a line stays as it is.
pub(crate) fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width else {
        return vec![text.to_owned()];
    };
    let options = Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let lines = textwrap::wrap(text, options);
    lines.into_iter().map(Into::into).collect()
}

/// Columns that a text takes, without those of colours.
pub(crate) fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_only() {
        let text = "add `www.my-shop.example` to it: fullchain.pem is there";
        let lines = wrap(text, Some(20));
        assert_eq!(
            lines,
            [
                "add",
                "`www.my-shop.example`",
                "to it: fullchain.pem",
                "is there"
            ]
        );
        assert_eq!(wrap(text, None), [text]);
    }

    #[test]
    fn colours_take_no_columns_and_wide_characters_two() {
        let lines = wrap("\u{1b}[31mcannot read\u{1b}[0m it", Some(14));
        assert_eq!(lines, ["\u{1b}[31mcannot read\u{1b}[0m it"]);
        assert_eq!(columns("\u{1b}[1m例え\u{1b}[0m."), 5);
    }
}
