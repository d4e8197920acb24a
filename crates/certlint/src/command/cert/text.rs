//! The content of certificate files as text.

use std::io::{self, Write};

use certlint_core::name::Verdict;
use certlint_core::x509::chain::{self, ChainOrder};
use certlint_core::x509::profile::{Expiry, expiry};
use certlint_core::x509::{Certificate, Curve, KeyOutcome, Pair};
use clap::builder::styling::Style;

use super::{Item, Judged};
use crate::output::Screen;
use crate::paint::Paint;
use crate::prose;
use crate::report::{day, printable};

const DAY: i64 = 86_400;

/// Columns before the values.
const INDENT: usize = 12;

pub(super) fn write(
    items: &[Item],
    now: i64,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let paint = screen.paint;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let bold = paint.style(Style::new().bold());
        writeln!(out, "{bold}{}{bold:#}", printable(&item.name))?;
        for (key, value) in lines(item, now, paint) {
            let width = screen.width.map(|width| width.saturating_sub(INDENT));
            let mut key = key;
            for line in prose::wrap(&value, width) {
                writeln!(out, "  {key:9} {line}")?;
                key = "";
            }
        }
    }
    Ok(())
}

fn lines(item: &Item, now: i64, paint: Paint) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(refused) = item.refusal() {
        lines.push(("unusable", paint.bad(&refused.message)));
    } else if let Some((leaf, rest)) = item.certificates.certificates.split_first()
        && item.names().is_some()
    {
        lines.extend(of_leaf(leaf, now, paint));
        if let Some(placeholder) = item.placeholder() {
            lines.push(("", paint.warn(&placeholder.to_string())));
        }
        lines.push(("chain", of_chain(rest)));
        if let Some(fault) = chain_fault(&item.certificates.certificates) {
            lines.push(("", paint.warn(fault)));
        }
    }
    let oddities = item.certificates.oddities.iter();
    lines.extend(oddities.map(|oddity| ("oddity", paint.warn(&oddity.kind.to_string()))));
    if let Some(key) = of_key(item, paint) {
        lines.push(("key", key));
    }
    for judged in &item.judged {
        lines.push(("covers", of_name(judged, paint)));
        let sentences = judged.sentences.iter();
        lines.extend(sentences.map(|hint| ("", format!("  {}", printable(hint)))));
    }
    lines
}

fn of_leaf(leaf: &Certificate, now: i64, paint: Paint) -> Vec<(&'static str, String)> {
    let names: Vec<String> = leaf.names.names();
    let names = match names.is_empty() {
        true => paint.bad("none"),
        false => printable(&names.join(", ")).into_owned(),
    };
    let mut lines = vec![
        ("subject", printable(&leaf.subject()).into_owned()),
        ("issuer", printable(&leaf.issuer()).into_owned()),
        ("names", names),
    ];
    for entry in leaf.names.unusable() {
        let (text, reason) = (entry.text(), entry.reason.as_str());
        lines.push((
            "",
            paint.warn(&format!("`{text}` matches nothing: {reason}")),
        ));
    }
    let public = &leaf.public_key;
    let size = match public.curve() {
        Some(Curve::P256) => " P-256".to_owned(),
        Some(Curve::P384) => " P-384".to_owned(),
        Some(Curve::P521) => " P-521".to_owned(),
        _ if public.bits() > 0 => format!(", {} bits", public.bits()),
        _ => String::new(),
    };
    lines.push(("valid", validity(leaf, now, paint)));
    lines.push(("key type", format!("{}{size}", public.key_type())));
    lines.push(("sha256", leaf.sha256_hex()));
    lines
}

fn validity(leaf: &Certificate, now: i64, paint: Paint) -> String {
    let span = format!("{} to {}", day(leaf.not_before), day(leaf.not_after));
    let days = |seconds: i64| match seconds / DAY {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    match expiry(leaf, now) {
        Expiry::Expired { ago } => paint.bad(&format!("{span}, expired {} ago", days(ago))),
        Expiry::Imminent { left } => paint.bad(&format!("{span}, {} left", days(left))),
        Expiry::NotYetValid { starts_in } => {
            paint.bad(&format!("{span}, begins in {}", days(starts_in)))
        }
        Expiry::Soon { left } => paint.warn(&format!("{span}, {} left", days(left))),
        Expiry::Valid => format!("{span}, {} left", days(leaf.not_after - now)),
    }
}

fn of_chain(rest: &[Certificate]) -> String {
    let subjects: Vec<String> = rest.iter().map(Certificate::subject).collect();
    match subjects.is_empty() {
        true => "none".to_owned(),
        false => printable(&subjects.join(" < ")).into_owned(),
    }
}

fn chain_fault(certificates: &[Certificate]) -> Option<&'static str> {
    match chain::order(certificates) {
        ChainOrder::InOrder => None,
        ChainOrder::LeafNotFirst { .. } => Some("the leaf is not the first certificate"),
        ChainOrder::Misordered { .. } => Some("not in order"),
        ChainOrder::Unrelated { .. } => Some("with a certificate that does not belong to the leaf"),
    }
}

fn of_key(item: &Item, paint: Paint) -> Option<String> {
    let kind = match &item.key.outcome {
        KeyOutcome::Encrypted { .. } => "encrypted".to_owned(),
        KeyOutcome::Found(key) => key.key_type().to_string(),
        KeyOutcome::Refused(_) => return None,
    };
    Some(match item.pair {
        None => kind,
        Some(Pair::Match) => format!("{kind}, {}", paint.good("belongs to the certificate")),
        Some(Pair::Mismatch | Pair::OtherType { .. }) => {
            format!(
                "{kind}, {}",
                paint.bad("does not belong to the certificate")
            )
        }
        Some(Pair::Encrypted | Pair::CannotTell) => {
            format!("{kind}, cannot be compared with the certificate")
        }
    })
}

fn of_name(judged: &Judged, paint: Paint) -> String {
    let name = if judged.host.eq_ignore_ascii_case(&judged.name)
        || matches!(judged.verdict, Verdict::Unknown(_) | Verdict::NotApplicable)
    {
        judged.name.clone()
    } else {
        format!("{} ({})", judged.name, judged.host)
    };
    let name = printable(&name);
    match &judged.verdict {
        Verdict::Covered(_) => format!("{name}: {}", paint.good("yes")),
        Verdict::NotApplicable => format!("{name}: there is no name to cover"),
        Verdict::NotCovered => format!("{name}: {}", paint.bad("no")),
        Verdict::Partial(partial) => {
            let missing = match partial.missing.is_empty() {
                true => String::new(),
                false => format!(", missing {}", partial.missing.join(", ")),
            };
            let part = paint.warn(&format!("in part ({})", partial.reason.as_str()));
            format!("{name}: {part}{}", printable(&missing))
        }
        Verdict::Unknown(reason) => format!("{name}: cannot tell ({})", reason.as_str()),
    }
}
