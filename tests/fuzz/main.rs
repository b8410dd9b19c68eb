//! Random inputs for the parser, the formatter and the evaluator: texts in use, bent in random ways, and expressions made
//! at random. `FUZZ_CASES` says how many of each; `FUZZ_SEED` begins elsewhere.
//!
//! What must hold: nothing panics, nothing hangs; every span lies in its text; formatting twice is formatting once, and
//! never changes what a file means; what is said of an unknown value is true once it is known; secrets stay marked.

#![allow(
    clippy::disallowed_methods,
    reason = "it reads the corpus and the environment, and watches the clock"
)]

mod chance;
mod corpus;
mod expressions;
mod meaning;
mod policies;

#[path = "../memory/mod.rs"]
mod memory;

use chance::Chance;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vaultform::source::{Diagnostic, FileId};
use vaultform::syntax::{
    Body, format, layout, parse_expression, parse_file, parse_json_file, parse_template,
};

/// How many cases of each kind are tried where nothing else is said.
const CASES: u64 = 2_000;

/// A case that takes longer than this hangs.
const HANGS: Duration = Duration::from_secs(60);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a check with many texts; on a failure it tells the text that failed.
fn with_texts(what: &str, make: impl Fn(&mut Chance) -> String, check: impl Fn(&str)) {
    let cases = number("FUZZ_CASES").unwrap_or(CASES);
    let first = number("FUZZ_SEED").unwrap_or(1);
    let watch = Watch::start();
    for seed in first..first + cases {
        let text = make(&mut Chance::new(seed));
        watch.at(seed, &text);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&text)));
        if outcome.is_err() {
            panic!("{what}: FUZZ_SEED={seed}, of the text:\n{text}");
        }
    }
    println!("{what}: {cases} cases");
}

/// Ends the process where a case hangs, and tells which.
struct Watch {
    beat: Arc<AtomicU64>,
    text: Arc<Mutex<(u64, String)>>,
}

impl Watch {
    fn start() -> Watch {
        let watch = Watch {
            beat: Arc::default(),
            text: Arc::default(),
        };
        let (beat, text) = (Arc::downgrade(&watch.beat), Arc::clone(&watch.text));
        std::thread::spawn(move || {
            let mut seen = 0;
            loop {
                std::thread::sleep(HANGS);
                let Some(beat) = beat.upgrade() else { return };
                let now = beat.load(Ordering::Relaxed);
                if now == seen {
                    eprintln!("hangs: {:?}", text.lock().unwrap());
                    std::process::abort();
                }
                seen = now;
            }
        });
        watch
    }

    fn at(&self, seed: u64, text: &str) {
        self.beat.fetch_add(1, Ordering::Relaxed);
        *self.text.lock().unwrap() = (seed, text.to_owned());
    }
}

fn labels_lie_in(text: &str, told: &[Diagnostic]) {
    for label in told.iter().flat_map(|one| &one.labels) {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(
            text.get(start..end).is_some(),
            "{start}..{end} is no place: {told:?}"
        );
    }
    for one in told {
        assert!(
            !one.message.is_empty() && !one.labels.is_empty(),
            "{one:?} tells no place"
        );
    }
}

fn spans_lie_in(text: &str, body: &Body) {
    for attribute in &body.attributes {
        let span = attribute.span;
        assert!(text.get(span.start as usize..span.end as usize).is_some());
        attribute.value.walk(&mut |inner| {
            let span = inner.span;
            assert!(text.get(span.start as usize..span.end as usize).is_some());
        });
    }
    body.blocks
        .iter()
        .for_each(|block| spans_lie_in(text, &block.body));
}

fn incomplete(body: &Body) -> bool {
    body.incomplete || body.blocks.iter().any(|block| incomplete(&block.body))
}

#[test]
fn the_parser_reads_anything() {
    let corpus = corpus::files();
    let make = |chance: &mut Chance| corpus::bent(&corpus, chance);
    with_texts("parser", make, |text| {
        let (body, told) = parse_file(FileId(0), text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        labels_lie_in(text, &told);
        spans_lie_in(text, &body);
        assert!(
            !incomplete(&body) || !told.is_empty(),
            "something is missing and nothing is told"
        );
        if let Err(told) = parse_template(FileId(0), text) {
            assert!(!told.is_empty());
        }
        if let Err(told) = parse_expression(FileId(0), text, 0) {
            assert!(!told.is_empty());
        }
    });
}

#[test]
fn the_json_parser_reads_anything() {
    let corpus = corpus::json();
    let make = |chance: &mut Chance| corpus::bent(&corpus, chance);
    with_texts("JSON parser", make, |text| {
        let (_, told) = parse_json_file(FileId(0), text);
        labels_lie_in(text.strip_prefix('\u{feff}').unwrap_or(text), &told);
    });
}

#[test]
fn the_formatter_keeps_what_files_mean() {
    let corpus = corpus::files();
    let make = |chance: &mut Chance| corpus::bent(&corpus, chance);
    with_texts("formatter", make, |text| {
        // The layout takes anything, also what is no configuration.
        let laid_out = layout(text);
        let Ok(once) = format(text) else { return };
        assert_eq!(format(&once).as_ref(), Ok(&once), "formatted twice");
        let (before, _) = parse_file(FileId(0), text);
        let (after, told) = parse_file(FileId(0), &once);
        assert!(told.is_empty(), "{told:?}\n{once}");
        if !glues_a_number(text) {
            assert_eq!(meaning::of(&before), meaning::of(&after), "became:\n{once}");
        }
        assert!(laid_out.len() + 16 >= text.trim().len() / 4);
    });
}

/// Tells whether a legacy index stands apart from a number, as in `2 .0`: `terraform fmt` makes `2.0` of it, and so do we.
fn glues_a_number(text: &str) -> bool {
    let mut before = ' ';
    let mut apart = false;
    for letter in text.chars() {
        match letter {
            ' ' | '\t' => apart = before.is_ascii_digit(),
            '.' if apart => return true,
            other => (before, apart) = (other, false),
        }
    }
    false
}

#[test]
fn the_evaluator_answers_anything() {
    with_texts("evaluator", expressions::random, expressions::check);
}
