//! The kinds of blocks that nginx distinguishes.

/// The context of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Outside all blocks of the main file.
    Main,
    /// `events`
    Events,
    /// `http`
    Http,
    /// `server` in `http`
    Server,
    /// `if` in `server`
    ServerIf,
    /// `location`
    Location,
    /// `if` in `location`
    LocationIf,
    /// `limit_except`
    LimitExcept,
    /// `upstream` in `http`
    Upstream,
    /// `stream`
    Stream,
    /// `server` in `stream`
    StreamServer,
    /// `upstream` in `stream`
    StreamUpstream,
    /// `mail`
    Mail,
    /// `server` in `mail`
    MailServer,
    /// A block of data, such as `map`: its first words are no directive names.
    Data,
}

impl Context {
    /// The bit of this context in a row of the table.
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }

    pub(super) fn is_in(self, contexts: u16) -> bool {
        contexts & self.bit() != 0
    }

    /// The context inside the block of the directive `name`, which is in `self`.
    pub(super) fn inside(self, name: &str) -> Self {
        match (name, self) {
            ("events", _) => Self::Events,
            ("http", _) => Self::Http,
            ("stream", _) => Self::Stream,
            ("mail", _) => Self::Mail,
            ("server", Self::Stream) => Self::StreamServer,
            ("server", Self::Mail) => Self::MailServer,
            ("server", _) => Self::Server,
            ("upstream", Self::Stream) => Self::StreamUpstream,
            ("upstream", _) => Self::Upstream,
            ("location", _) => Self::Location,
            ("if", Self::Server) => Self::ServerIf,
            ("if", _) => Self::LocationIf,
            ("limit_except", _) => Self::LimitExcept,
            // `map`, `geo`, `types` and the like: a test holds this against the parser's list.
            _ => Self::Data,
        }
    }
}
