//! Files, spans and diagnostics: where a thing was said, and what is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file among the [`Sources`] of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` inclusive, `end` exclusive, both on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// Returns the smallest span that covers both; `other` must be of the same file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

impl Span {
    /// Tells whether the two have a place in common.
    #[must_use]
    pub fn meets(self, other: Span) -> bool {
        self.file == other.file
            && self.start < other.end.max(other.start + 1)
            && other.start < self.end.max(self.start + 1)
    }
}

/// One file as it was read: its path as the user would type it, and its text without a byte order mark.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub path: PathBuf,
    pub text: Arc<str>,
}

/// All files that a run has read; a [`Span`] means nothing without it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    /// Where the lines of each file begin.
    starts: Vec<Arc<[u32]>>,
}

/// A place as people count: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
    pub byte: usize,
}

impl Sources {
    /// Adds a file and returns its id. A leading byte order mark is cut off.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: &str) -> FileId {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let ends = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(_, after)| after));
        self.starts.push(starts.collect());
        self.files.push(SourceFile {
            path: path.into(),
            text: text.into(),
        });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// Returns a file that [`Sources::add`] gave the id of.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Iterates over all files, in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(self.files.iter())
    }

    /// Returns the text below a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        let text = &self.file(span.file).text;
        text.get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Returns the lines that a span touches, with the span's first line but without the last line's end, and the byte
    /// where they begin.
    #[must_use]
    pub fn lines(&self, span: Span) -> (&str, u32) {
        let text = &self.file(span.file).text;
        let starts = self.starts_of(span.file);
        let first = starts.get(line_at(starts, span.start)).copied();
        let first = first.unwrap_or_default();
        let after = line_at(starts, span.end.max(span.start)) + 1;
        let end = starts.get(after).map_or(text.len(), |at| *at as usize - 1);
        let lines = text.get(first as usize..end).unwrap_or_default();
        (lines, first)
    }

    fn starts_of(&self, file: FileId) -> &[u32] {
        self.starts.get(file.0 as usize).map_or(&[], AsRef::as_ref)
    }

    /// Returns line and column of a byte offset.
    #[must_use]
    pub fn position(&self, file: FileId, byte: u32) -> Position {
        let text = &self.file(file).text;
        let byte = byte as usize;
        let asked = if text.is_char_boundary(byte) {
            byte
        } else {
            text.len()
        };
        let starts = self.starts_of(file);
        let line = line_at(starts, u32::try_from(asked).unwrap_or(u32::MAX));
        let start = starts.get(line).map_or(0, |at| *at as usize);
        let before = text.get(start..asked).unwrap_or_default();
        Position {
            line: line + 1,
            column: before.chars().count() + 1,
            byte,
        }
    }
}

/// Returns which line a byte stands in, from 0.
fn line_at(starts: &[u32], byte: u32) -> usize {
    let after = starts.partition_point(|start| *start <= byte);
    after.saturating_sub(1)
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// A span with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Something to tell the user. It never holds a secret.
///
/// `message` is one line, lower case, without a final full stop, user input in backticks. The first label is the
/// primary one. `values` are the variables of a failing expression, already rendered and hidden where sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    pub detail: Option<String>,
    pub labels: Vec<Label>,
    pub hints: Vec<String>,
    pub address: Option<String>,
    pub values: Vec<(String, String)>,
}

impl Diagnostic {
    fn new(severity: Severity, code: &'static str, message: String) -> Diagnostic {
        Diagnostic {
            severity,
            code,
            message,
            detail: None,
            labels: Vec::new(),
            hints: Vec::new(),
            address: None,
            values: Vec::new(),
        }
    }

    /// Makes an error. `code` is stable kebab-case such as `unknown-attribute`.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, message.into())
    }

    /// Makes a warning.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, message.into())
    }

    /// Makes a note.
    #[must_use]
    pub fn note(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, code, message.into())
    }

    /// Adds a place; the first one added is the primary place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Diagnostic {
        self.hints.push(text.into());
        self
    }

    /// Sets the longer explanation.
    #[must_use]
    pub fn detail(mut self, text: impl Into<String>) -> Diagnostic {
        self.detail = Some(text.into());
        self
    }

    /// Names the object that it is about.
    #[must_use]
    pub fn address(mut self, address: impl ToString) -> Diagnostic {
        self.address = Some(address.to_string());
        self
    }

    /// Tells whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A result that may fail with many errors at once.
pub type Outcome<T> = Result<T, Vec<Diagnostic>>;

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub is_directory: bool,
}

/// What pure rooms may ask of the world: files and the time. Implemented in `command`, and by tests.
pub trait Surroundings: Send + Sync {
    /// Reads a whole file.
    ///
    /// # Errors
    /// Tells in words why it cannot be read.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;
    /// Lists a directory, sorted by name.
    ///
    /// # Errors
    /// Tells in words why it cannot be listed.
    fn list(&self, path: &Path) -> Result<Vec<Entry>, String>;
    /// Tells whether a file or directory is there.
    fn exists(&self, path: &Path) -> bool;
    /// Returns the time at which the run began, in seconds since 1970: what `plantimestamp()` answers.
    fn started(&self) -> i64;
    /// Returns the absolute path of the working directory.
    fn working_directory(&self) -> PathBuf;
    /// Returns the user's home directory, for `pathexpand("~")`.
    fn home(&self) -> Option<PathBuf>;
}

/// Returns the candidate nearest to `word`, when near enough to be a slip of the finger.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let limit = (length / 3).max(1) + 1;
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        // Where nothing is left of the word, it was not a slip.
        .filter(|(far, candidate)| *far <= limit && *far < length.max(candidate.chars().count()))
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// Returns the number of insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let cost = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (row[j - 1] + 1)
                .min(rows[i - 1][j] + 1)
                .min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_a_slip_and_refuses_a_stranger() {
        let names = ["description", "path", "options"];
        assert_eq!(nearest("descripton", names), Some("description"));
        assert_eq!(nearest("pahт", names), Some("path"));
        assert_eq!(nearest("zzzzzz", names), None);
        assert_eq!(nearest("x", ["", "y"]), None);
    }

    #[test]
    fn positions_count_characters() {
        let mut sources = Sources::default();
        let file = sources.add("main.tf", "\u{feff}a = 1\näö = 2\n");
        let at = sources.position(file, 10);
        assert_eq!((at.line, at.column), (2, 3));
        let places = [0, 5, 6, 99].map(|byte| {
            let at = sources.position(file, byte);
            (at.line, at.column)
        });
        assert_eq!(places, [(1, 1), (1, 6), (2, 1), (3, 1)]);
        let span = |start, end| Span { file, start, end };
        assert_eq!(sources.lines(span(6, 8)), ("äö = 2", 6));
        assert_eq!(sources.lines(span(2, 7)), ("a = 1\näö = 2", 0));
        assert_eq!(sources.lines(span(15, 15)), ("", 15));
    }
}
