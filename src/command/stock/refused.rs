//! What a server would refuse in the policies of a configuration, told where it stands in the files.

use super::place::{Finder, Place, Written};
use super::{Read, documents, read_policy};
use crate::command::context::Context;
use crate::policy::lint::Origin;
use crate::policy::{Census, Extent, PolicyText, Server};
use crate::reconcile::Planned;
use crate::source::{Diagnostic, FileId, Label, Surroundings};
use std::collections::HashSet;
use std::path::PathBuf;

/// Both sides of what is judged: what was there already is not judged again.
pub struct Judged<'j> {
    pub before: &'j Census,
    pub after: &'j Census,
    /// The server that the policies are for; either product where nothing is said.
    pub server: Option<Server>,
    /// The files that evaluation read.
    pub read: &'j [(PathBuf, String)],
}

/// Tells what the server would refuse in policies that are new or change, and in documents of rules. A census has no text
/// that is sensitive: that is left to the server.
pub fn refused(context: &Context, planned: &Planned, judged: &Judged<'_>) -> Vec<Diagnostic> {
    let now = context.files.started();
    let known: HashSet<&str> = texts(judged.before).collect();
    let news = judged.after.policies.iter();
    let news = news.filter(|policy| !known.contains(policy.text.as_str()));
    let wrong: Vec<(&PolicyText, Read)> = news
        .map(|policy| (policy, read(&policy.text, judged.server, now)))
        .filter(|(_, read)| !read.1.is_empty())
        .collect();
    let documents = documents(planned);
    let told: HashSet<&str> = known.into_iter().chain(texts(judged.after)).collect();
    let loose = documents
        .iter()
        .filter(|document| !document.text().is_empty() && !told.contains(document.text()));
    let loose: Vec<Diagnostic> = loose
        .flat_map(|document| {
            let read = read(document.text(), judged.server, now);
            faults(&read, &document.place(), &Origin::default())
        })
        .collect();
    if wrong.is_empty() {
        return loose;
    }
    let mut sources = context.sources.borrow_mut();
    let written = Written::of(&sources);
    let finder = Finder {
        world: &planned.world,
        read: judged.read,
        documents: &documents,
        written: &written,
    };
    let mut found = Vec::new();
    for (policy, read) in &wrong {
        let place = finder.place(policy, &mut sources);
        found.extend(faults(read, &place, &policy.origin));
    }
    found.extend(loose);
    without_repetition(found)
}

fn texts(census: &Census) -> impl Iterator<Item = &str> {
    census.policies.iter().map(|policy| policy.text.as_str())
}

/// The file that texts seem to stand in while they are read; spans in it are places in the text.
const TEXT: FileId = FileId(u32::MAX);

fn read(text: &str, server: Option<Server>, now: i64) -> Read {
    let mut read = read_policy(text, Some(TEXT), server, now);
    read.0.file = None;
    read
}

/// Returns what the server would refuse in a policy's text, each fault at its place; `read` is a text in no file.
#[must_use]
pub fn faults((policy, faults, _): &Read, place: &Place, origin: &Origin) -> Vec<Diagnostic> {
    let placed = |fault: &Diagnostic| {
        let mut fault = fault.clone();
        let at = fault.labels.first().map(|label| Extent {
            start: label.span.start,
            end: label.span.end,
        });
        let span = at.and_then(|extent| place.span(policy, extent));
        let label = |span| Label {
            span,
            text: String::new(),
        };
        fault.labels = span.or(origin.span).map(label).into_iter().collect();
        match &origin.address {
            Some(address) => fault.address(address),
            None => fault,
        }
    };
    faults.iter().map(placed).collect()
}

/// Leaves out what is told of the same place again: by the instances of a block, or by policies that share a text.
fn without_repetition(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told = HashSet::new();
    let place = |one: &Diagnostic| one.labels.first().map(|label| label.span);
    found
        .into_iter()
        .filter(|one| told.insert((one.message.clone(), place(one))))
        .collect()
}
