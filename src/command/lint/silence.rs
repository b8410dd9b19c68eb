//! Comments of configuration files that silence findings: `# vaultform:allow VF-R004 until=2027-01-31 why`, in a block or
//! right above it.

use super::judge::Found;
use crate::policy::lint::{Suppression, named};
use crate::source::{Diagnostic, FileId, Sources, Span};
use crate::syntax::comments;

/// Silences what comments silence, and adds findings about comments that silence nothing. `blocks` are the top-level blocks
/// of all configuration files.
pub fn apply(found: &mut Vec<Found>, blocks: &[Span], sources: &Sources, now: i64) {
    let mut faults = Vec::new();
    let mut files: Vec<FileId> = blocks.iter().map(|block| block.file).collect();
    files.dedup();
    for file in files {
        let text = &sources.file(file).text;
        for range in comments(text) {
            let Some(suppression) = text.get(range.clone()).and_then(Suppression::read) else {
                continue;
            };
            let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let span = Span {
                file,
                start: narrow(range.start),
                end: narrow(range.end),
            };
            match (suppression.fault(Some(now)), target(span, blocks, text)) {
                (Some(fault), _) => faults.push(useless(fault, span)),
                (None, Some(block)) => silence(found, block, &suppression),
                (None, None) => {}
            }
        }
    }
    found.append(&mut faults);
}

fn useless(fault: String, span: Span) -> Found {
    let code = named("VF-P019").map_or("VF-P019", |lint| lint.code);
    let diagnostic = Diagnostic::warning(code, fault)
        .at(span, "")
        .hint("write `# vaultform:allow VF-R004 until=2027-01-31 why it is right here`");
    Found {
        diagnostic,
        silenced: None,
        edits: Vec::new(),
    }
}

/// Returns the block that a comment is about: the one around it, or the next one where no empty line lies between.
fn target(comment: Span, blocks: &[Span], text: &str) -> Option<Span> {
    let mut here = blocks.iter().filter(|block| block.file == comment.file);
    let around = here
        .clone()
        .find(|block| block.start <= comment.start && comment.end <= block.end);
    around
        .or_else(|| {
            let next = here.find(|block| block.start >= comment.end)?;
            let between = text.get(comment.end as usize..next.start as usize)?;
            (!between.replace('\r', "").starts_with('\n') && !between.contains("\n\n"))
                .then_some(next)
        })
        .copied()
}

fn silence(found: &mut [Found], block: Span, suppression: &Suppression) {
    for one in found {
        let inside = one.diagnostic.labels.first().is_some_and(|label| {
            let span = label.span;
            span.file == block.file && block.start <= span.start && span.end <= block.end
        });
        if inside
            && suppression
                .codes
                .iter()
                .any(|code| code == one.diagnostic.code)
        {
            one.silenced = Some(suppression.reason.clone());
        }
    }
}
