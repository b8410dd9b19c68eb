//! Writing what puts findings right into the files, all else of them untouched.

use super::judge::Found;
use crate::source::{Diagnostic, FileId, Sources, Span};
use std::collections::BTreeMap;

/// Writes the edits of all findings that nobody has silenced; returns the files that changed.
///
/// # Errors
/// When a file cannot be written, or is no longer what was read.
pub fn mend(found: &[Found], sources: &Sources) -> Result<Vec<FileId>, Diagnostic> {
    let mut by_file: BTreeMap<FileId, Vec<(Span, &str)>> = BTreeMap::new();
    let loud = found.iter().filter(|one| one.silenced.is_none());
    for one in loud {
        if !disjoint(&one.edits, &by_file) {
            continue;
        }
        for (span, text) in &one.edits {
            by_file.entry(span.file).or_default().push((*span, text));
        }
    }
    let mut changed = Vec::new();
    for (file, edits) in by_file {
        write(file, edits, sources)?;
        changed.push(file);
    }
    Ok(changed)
}

/// Tells whether edits touch nothing that others do: what overlaps waits for the next round.
fn disjoint(edits: &[(Span, String)], known: &BTreeMap<FileId, Vec<(Span, &str)>>) -> bool {
    let free = |span: &Span| {
        let others = known.get(&span.file).into_iter().flatten();
        others
            .into_iter()
            .all(|(other, _)| span.end <= other.start || other.end <= span.start)
    };
    !edits.is_empty() && edits.iter().all(|(span, _)| free(span))
}

fn write(file: FileId, mut edits: Vec<(Span, &str)>, sources: &Sources) -> Result<(), Diagnostic> {
    let source = sources.file(file);
    let failed = |why: &str| {
        let message = format!("`{}` cannot be fixed: {why}", source.path.display());
        Diagnostic::error("file-unusable", message)
    };
    let held = std::fs::read_to_string(&source.path)
        .map_err(|error| failed(&crate::command::files::words(&error)))?;
    let (mark, text) = match held.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", held.as_str()),
    };
    if text != &*source.text {
        return Err(failed("it has changed meanwhile"));
    }
    edits.sort_by_key(|(span, _)| *span);
    let (mut out, mut at) = (mark.to_owned(), 0);
    for (span, new) in edits {
        out.push_str(text.get(at..span.start as usize).unwrap_or_default());
        out.push_str(new);
        at = span.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    std::fs::write(&source.path, out).map_err(|error| failed(&crate::command::files::words(&error)))
}
