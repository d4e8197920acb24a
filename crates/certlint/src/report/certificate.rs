//! A certificate in one line, as the first line of its PEM text says nothing about it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use certlint_core::finding::Label;
use certlint_core::model::Model;
use certlint_core::source::{SourceId, Span};
use certlint_core::x509::{Certificate, Curve, KeyType, PublicKey};
use jiff::Timestamp;

/// The certificates of all models that were asked for, by their places.
#[derive(Default)]
pub(super) struct Certificates<'m> {
    by_model: RefCell<BTreeMap<*const Model, ByPlace<'m>>>,
}

type ByPlace<'m> = BTreeMap<(SourceId, Span), &'m Certificate>;

impl<'m> Certificates<'m> {
    /// The certificate that a label points at; `None` for one inside of another text.
    pub(super) fn at(&self, model: &'m Model, label: &Label) -> Option<&'m Certificate> {
        let place = (label.at.source, label.at.span?);
        let mut by_model = self.by_model.borrow_mut();
        let by_place = by_model
            .entry(std::ptr::from_ref(model))
            .or_insert_with(|| index(model));
        by_place.get(&place).copied()
    }
}

fn index(model: &Model) -> ByPlace<'_> {
    let files = model.bundles.iter().filter(|it| it.field.is_none());
    let places = files.flat_map(|bundle| {
        let place = |certificate: &Certificate| (bundle.source, certificate.at);
        let chain = bundle.chain().iter();
        chain.map(move |certificate| (place(certificate), certificate))
    });
    places.collect()
}

/// `certs/example.com.crt covers example.com · RSA 2048 · until 2026-12-30`.
pub(super) fn line(file: &str, line: usize, text: &str, certificate: &Certificate) -> String {
    let place = match line {
        0 => file.to_owned(),
        _ => format!("{file}:{}", line + 1),
    };
    // Nothing around the names could be taken for one.
    let text = text.replace('`', "");
    let key = key(&certificate.public_key);
    format!(
        "{place} {text} · {key} · until {}",
        day(certificate.not_after)
    )
}

/// `RSA 2048`, `ECDSA P-256`, `Ed25519`.
fn key(public: &PublicKey) -> String {
    let kind = public.key_type();
    match public.curve() {
        Some(Curve::P256) => format!("{kind} P-256"),
        Some(Curve::P384) => format!("{kind} P-384"),
        Some(Curve::P521) => format!("{kind} P-521"),
        _ if kind == KeyType::Rsa => format!("{kind} {}", public.bits()),
        _ => kind.to_string(),
    }
}

/// A moment's date in UTC.
pub(crate) fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}
