//! Tells manifests from other YAML and JSON before they are parsed.
//!
//! Much YAML holds no objects, and what is wrong with it is not for us to say. Objects have
//! `apiVersion` among their outermost keys.

const KEY: &[u8] = b"apiVersion";

/// Whether a text is worth reading as manifests: it has `kind`, and a line that begins with
/// `apiVersion` as an outermost key or as one of a list; in JSON it may be anywhere.
///
/// What opens as a template does is taken for JSON, and so is YAML in brackets.
#[must_use]
pub fn looks_like_manifest(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if memchr::memmem::find(text, b"kind").is_none() {
        return false;
    }
    let mut places = memchr::memmem::find_iter(text, KEY);
    let Some(root) = Root::of(text) else {
        return false;
    };
    if root.is_flow {
        return places.next().is_some();
    }
    places.any(|at| {
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |line| line + 1);
        root.has_key(&text[line..at])
    })
}

/// The outermost level of a YAML text.
struct Root {
    /// Spaces in front of its first line.
    indent: usize,
    is_list: bool,
    /// Everything is between brackets.
    is_flow: bool,
}

impl Root {
    fn of(text: &[u8]) -> Option<Self> {
        let lines = text.split(|&byte| byte == b'\n');
        // A document may begin on the line of its mark.
        let mut lines = lines.map(|line| line.strip_prefix(b"---").unwrap_or(line));
        let is_content = |line: &&[u8]| !matches!(line.first(), None | Some(b'#' | b'%'));
        let line = lines.find(|line| is_content(&line.trim_ascii()))?;
        let indent = line.iter().take_while(|&&byte| byte == b' ').count();
        Some(Self {
            indent,
            is_list: line[indent..].starts_with(b"- "),
            is_flow: matches!(line.trim_ascii().first(), Some(b'{' | b'[')),
        })
    }

    /// Whether what follows `before` on its line is an outermost key, or one of an item.
    fn has_key(&self, before: &[u8]) -> bool {
        let before = before.strip_suffix(b"\"").unwrap_or(before);
        let (spaces, indent) = match before.strip_suffix(b"- ") {
            Some(spaces) => (spaces, self.indent),
            None if self.is_list => (before, self.indent + 2),
            None => (before, self.indent),
        };
        spaces.len() == indent && spaces.iter().all(|&byte| byte == b' ')
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_manifest;

    #[test]
    fn objects_say_what_they_are_at_their_top() {
        for text in [
            "apiVersion: v1\nkind: List\n",
            "\u{feff}kind: List\n\"apiVersion\": v1\n",
            "# a comment\n---\n  kind: A\n  apiVersion: v1\n",
            "- apiVersion: v1\n  kind: A\n",
            "- kind: A\n  apiVersion: v1\n",
            "- kind: A\n- apiVersion: v1\n",
            "--- # Source: web.yaml\r\napiVersion: v1\r\nkind: A\r\n",
            " [{\"kind\": \"A\", \"apiVersion\": \"v1\"}]",
            "{{- if .Values.on }}\napiVersion: v1\nkind: A\n{{- end }}\n",
            "---\n{\n  apiVersion: \"v1\",\n  kind: \"A\",\n}\n",
            "# a comment\n{\"kind\": \"A\", \"apiVersion\": \"v1\"}\n",
            "--- # a comment\n# another one\n\n[{\"kind\": \"A\", \"apiVersion\": \"v1\"}]\n",
            "--- {kind: A, apiVersion: v1}\n",
        ] {
            assert!(looks_like_manifest(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn words_inside_of_other_texts_say_nothing() {
        for text in [
            "",
            "# apiVersion: v1\n# kind: A\n",
            "apiVersion: v1\n",
            "values:\n  apiVersion: v1\n  kind: A\n",
            "text: the apiVersion of a kind\n",
            "---\n{values: [apiKind]}\n",
            "- name: play\n  k8s:\n    apiVersion: v1\n    kind: A\n",
        ] {
            assert!(!looks_like_manifest(text.as_bytes()), "{text}");
        }
    }
}
