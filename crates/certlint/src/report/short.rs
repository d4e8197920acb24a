//! One line for each finding: `file:line:column: level[rule] message`.

use std::io::{self, Write};

use super::{Look, Report, printable};

pub(super) fn write(report: &Report<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for (model, finding) in report.shown(look) {
        let source = model.sources.get(finding.primary.at.source);
        let at = source.position(finding.primary.at.start());
        writeln!(
            out,
            "{}:{}:{}: {}[{}] {}",
            printable(source.name()),
            at.line,
            at.column,
            finding.level,
            finding.rule,
            printable(&finding.message)
        )?;
    }
    Ok(())
}
