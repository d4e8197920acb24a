//! The colours of tables and pages.

use clap::builder::styling::{AnsiColor, Style};

use crate::report::printable;

/// Colours, where they are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    pub(crate) is_colored: bool,
}

impl Paint {
    pub(crate) fn style(self, style: Style) -> Style {
        match self.is_colored {
            true => style,
            false => Style::new(),
        }
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red, text)
    }

    pub(crate) fn warn(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow, text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green, text)
    }

    fn paint(self, color: AnsiColor, text: &str) -> String {
        let style = self.style(Style::new().fg_color(Some(color.into())));
        format!("{style}{}{style:#}", printable(text))
    }
}
