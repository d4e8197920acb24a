//! Tells which front-end a text belongs to.

use std::path::Path;

use certlint_core::frontend::{FRONT_ENDS, FrontEnd, HEAD, Reader, Shape, Words};

/// A text that a front-end recognises.
#[derive(Clone, Copy)]
pub(crate) struct Sniffed {
    pub(crate) front_end: &'static dyn FrontEnd,
    pub(crate) shape: Shape,
}

impl Sniffed {
    /// The front-end cannot read it.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.front_end.reader(), Reader::None)
    }
}

/// What a file in a walk is worth.
#[derive(Clone, Copy)]
pub(crate) enum Worth {
    /// A front-end reads it.
    Input(Sniffed),
    /// A front-end would read it if it had another name.
    LooksLike(Words),
    /// It is known by sight only.
    Unread(Words),
    /// Nobody knows it.
    Nothing,
}

/// What a text is that somebody named.
pub(crate) fn sniff(text: &[u8]) -> Option<Sniffed> {
    sniff_with(text, FRONT_ENDS.iter().copied())
}

/// What a text is that a walk has found: its name counts, too.
pub(crate) fn sniff_file(path: &Path, text: &[u8]) -> Worth {
    let (selected, others): (Vec<_>, Vec<_>) = FRONT_ENDS
        .iter()
        .copied()
        .partition(|front_end| front_end.selects(path));
    if let Some(sniffed) = sniff_with(text, selected.iter().copied()) {
        return match sniffed.is_unread() {
            true => Worth::Unread(sniffed.front_end.words()),
            false => Worth::Input(sniffed),
        };
    }
    // What has a name of its own, such as a values file, is nobody else's.
    if !selected.is_empty() {
        return Worth::Nothing;
    }
    let readers = others
        .into_iter()
        .filter(|front_end| !matches!(front_end.reader(), Reader::None));
    match sniff_with(text, readers) {
        Some(sniffed) => Worth::LooksLike(sniffed.front_end.words()),
        None => Worth::Nothing,
    }
}

/// True for a file whose name a front-end knows.
pub(crate) fn is_selected(path: &Path) -> bool {
    FRONT_ENDS.iter().any(|front_end| front_end.selects(path))
}

fn sniff_with(
    text: &[u8],
    mut front_ends: impl Iterator<Item = &'static dyn FrontEnd>,
) -> Option<Sniffed> {
    let head = &text[..text.len().min(HEAD)];
    front_ends.find_map(|front_end| {
        let shape = front_end.recognise(head)?;
        Some(Sniffed { front_end, shape })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str, text: &str) -> (&'static str, &'static str) {
        match sniff_file(Path::new(path), text.as_bytes()) {
            Worth::Input(sniffed) => ("input", sniffed.front_end.words().one),
            Worth::LooksLike(words) => ("looks like", words.one),
            Worth::Unread(words) => ("unread", words.one),
            Worth::Nothing => ("nothing", ""),
        }
    }

    #[test]
    fn the_name_of_a_walked_file_counts() {
        const SERVER: &str = "server {\n  listen 443 ssl;\n  server_name a.example;\n}\n";
        const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\n";
        let cases = [
            ("a.conf", SERVER, ("input", "nginx configuration")),
            (
                "sites-enabled/a.json",
                SERVER,
                ("input", "nginx configuration"),
            ),
            ("old.txt", SERVER, ("looks like", "nginx configuration")),
            ("a.yaml", SERVER, ("nothing", "")),
            ("a.yaml", INGRESS, ("input", "Kubernetes manifest")),
            ("conf.d/a.yaml", INGRESS, ("input", "Kubernetes manifest")),
            ("a.txt", INGRESS, ("looks like", "Kubernetes manifest")),
            (
                "a.conf",
                "<VirtualHost *:443>\n</VirtualHost>\n",
                ("unread", "Apache configuration"),
            ),
            (
                "a.txt",
                "<VirtualHost *:443>\n</VirtualHost>\n",
                ("nothing", ""),
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(words(path, text), expected, "{path}");
        }
    }
}
