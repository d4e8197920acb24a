//! Kubernetes manifests as a front-end.

use std::path::Path;

use super::{FrontEnd, HEAD, LoweredTogether, Options, Reader, Shape, Together, Words, extension};
use crate::kubernetes;
use crate::loader::Loader;

/// YAML and JSON that hold objects.
pub(super) struct Kubernetes;

impl FrontEnd for Kubernetes {
    fn words(&self) -> Words {
        Words {
            one: "Kubernetes manifest",
            many: "Kubernetes manifests",
        }
    }

    fn selects(&self, path: &Path) -> bool {
        matches!(extension(path).as_str(), "json" | "yaml" | "yml")
    }

    fn recognise(&self, text: &[u8]) -> Option<Shape> {
        let head = &text[..text.len().min(HEAD)];
        kubernetes::looks_like_manifest(head).then_some(Shape::Whole)
    }

    fn reader(&self) -> Reader {
        Reader::Together(&Self)
    }
}

impl Together for Kubernetes {
    fn lower(&self, loader: &Loader<'_>, paths: &[Vec<u8>], options: &Options) -> LoweredTogether {
        let options = kubernetes::Options {
            nginx: options.nginx.clone(),
            ..options.kubernetes.clone()
        };
        let (lowered, unreadable) = kubernetes::lower(loader, paths, &options);
        LoweredTogether {
            fragments: lowered.fragments,
            files: lowered.files,
            unreadable,
        }
    }
}
