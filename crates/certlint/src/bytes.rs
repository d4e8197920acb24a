//! Paths as bytes: nginx knows nothing else, and on Unix nor does the system.

use std::path::{Path, PathBuf};

/// The bytes of a path; on other systems its text with `/`.
pub(crate) fn of_path(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

/// Bytes that sort as the components of a path do, for many paths: those are slow to compare.
pub(crate) fn order(path: &Path) -> Vec<u8> {
    let mut bytes = of_path(path);
    for byte in &mut bytes {
        if *byte == b'/' {
            // No path has it, so that the end of a name comes before whatever else is in one.
            *byte = 0;
        }
    }
    bytes
}

/// The path that bytes spell.
pub(crate) fn to_path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(bytes).into()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(bytes).into_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ordered_by_their_components() {
        let texts = [
            "/a", "/a/b", "/a/b/c", "/a b", "/a-b/c", "/a.d", "/a0", "/b", "/ä",
        ];
        let mut paths: Vec<&Path> = texts.iter().map(Path::new).rev().collect();
        paths.sort_by_cached_key(|path| order(path));
        assert_eq!(paths, texts.map(Path::new));
        assert!(paths.is_sorted());
    }
}
