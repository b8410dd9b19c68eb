//! No answer grows faster than what it is about: work is counted, in pieces and bytes of memory asked for, not timed.
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use vaultform::policy::lint::{AuthRole, Facts, NamedPolicy, Origin, lint};
use vaultform::policy::{
    Census, Context, Holder, HolderKind, Operation, Policy, PolicyText, Request, RuleSet, Server,
    access, difference, parse,
};

/// Counts what a thread asks the system for.
struct Counting;

thread_local! {
    static PIECES: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

fn count(size: usize) {
    let _ = PIECES.try_with(|pieces| pieces.set(pieces.get() + 1));
    let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + size as u64));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Returns pieces and bytes that something takes.
fn work<T>(what: impl FnOnce() -> T) -> (u64, u64) {
    let before = (PIECES.get(), BYTES.get());
    let made = what();
    let after = (PIECES.get(), BYTES.get());
    drop(made);
    (after.0 - before.0, after.1 - before.1)
}

/// Twice the input may take twice the work and a little more: vectors grow by leaps.
#[track_caller]
fn grows_evenly(what: &str, of: impl Fn(usize) -> (u64, u64)) {
    of(10);
    let (half, whole) = (of(1_000), of(2_000));
    let even = |half: u64, whole: u64| whole <= half * 5 / 2 + 50_000;
    assert!(
        even(half.0, whole.0) && even(half.1, whole.1),
        "{what}: {half:?} becomes {whole:?}"
    );
}

type Line = fn(usize) -> String;

/// Policies of many lines, each made to be dear in its own way.
const LINES: &[(&str, Line)] = &[
    ("rules", |at| {
        format!("path \"kv/team-{at}/*\" {{ capabilities = [\"read\"] }}\n")
    }),
    ("prefixes of each other", |at| {
        let nested = "a".repeat(at % 50);
        format!(
            "path \"{}/{nested}*\" {{ capabilities = [\"read\"] }}\n",
            at / 50
        )
    }),
    ("chains of `+`", |at| {
        format!(
            "path \"{}x{at}\" {{ capabilities = [\"read\"] }}\n",
            "+/".repeat(at % 50)
        )
    }),
    ("`+` in the middle", |at| {
        format!("path \"+/team-{at}/+/x*\" {{ capabilities = [\"read\"] }}\n")
    }),
    ("the same path", |at| {
        format!(
            "path \"kv/a\" {{ capabilities = [\"read\"] allowed_parameters = {{ p{at} = [\"1\"] }} }}\n"
        )
    }),
    ("unknown keys", |at| {
        format!("path \"a\" {{ capabilites{at} = 1 }}\n")
    }),
    ("unknown blocks", |at| format!("paht{at} \"a\" {{ }}\n")),
    ("templates", |at| {
        format!(
            "path \"kv/{{{{identity.entity.metadata.k{at}}}}}\" {{ capabilities = [\"read\"] }}\n"
        )
    }),
    ("open heredocs", |_| "path \"a\" { x = <<A\n".to_owned()),
    ("open comments", |_| "/* path \"a\" { } \n".to_owned()),
];

fn text(line: Line, lines: usize) -> String {
    (0..lines).map(line).collect()
}

fn parsed(text: &str) -> [Policy; 1] {
    [parse(text, None, Server::OPENBAO).0]
}

#[test]
fn reading_takes_what_the_text_is_long() {
    for (what, line) in LINES {
        grows_evenly(what, |lines| {
            let text = text(*line, lines);
            work(|| parse(&text, None, Server::OPENBAO))
        });
    }
}

#[test]
fn merging_takes_what_there_are_rules() {
    let context = Context::new(Server::OPENBAO);
    for (what, line) in LINES {
        grows_evenly(what, |lines| {
            let policies = parsed(&text(*line, lines));
            work(|| RuleSet::new(&policies, &context))
        });
    }
}

/// However many rules there are: what matters is how many match.
#[test]
fn deciding_takes_what_the_path_is_long() {
    let context = Context::new(Server::OPENBAO);
    let path = format!("kv/team-1/{}", "a/".repeat(2_000));
    // Rules whose template has no value are told with every answer.
    for (what, line) in LINES.iter().filter(|(what, _)| *what != "templates") {
        let of = |lines: usize| {
            let rules = RuleSet::new(&parsed(&text(*line, lines)), &context).expect("no identity");
            let request = Request::new(Operation::Read, path.as_str());
            let (pieces, _) = work(|| rules.decide(&request, &context));
            pieces.max(work(|| rules.capabilities("", &path)).0)
        };
        let (few, many) = (of(100), of(5_000));
        assert!(many <= few + 400, "{what}: {few} pieces become {many}");
    }
}

#[test]
fn linting_takes_what_there_are_rules() {
    for (what, line) in LINES {
        grows_evenly(what, |lines| {
            let text = text(*line, lines);
            let [policy] = parsed(&text);
            work(|| {
                lint(&Facts::new(
                    Server::OPENBAO,
                    &[NamedPolicy::new("p", &policy, &text)],
                ))
            })
        });
    }
}

#[test]
fn a_small_difference_takes_what_there_are_rules() {
    let context = Context::new(Server::OPENBAO);
    for (what, line) in LINES {
        grows_evenly(what, |lines| {
            let text = text(*line, lines);
            let more = format!("path \"zz/new\" {{ capabilities = [\"update\"] }}\n{text}");
            let (before, after) = (parsed(&text), parsed(&more));
            work(|| difference(&before, &after, &context))
        });
    }
}

#[test]
fn access_takes_what_there_are_policies_and_roles() {
    let census = |count: usize, name: &str| Census {
        policies: (0..count)
            .map(|at| PolicyText {
                name: format!("p{at}"),
                namespace: String::new(),
                text: format!("path \"kv/data/{at}/*\" {{ capabilities = [\"{name}\"] }}"),
                origin: Origin::default(),
            })
            .collect(),
        holders: (0..count)
            .map(|at| {
                let role = AuthRole {
                    name: format!("auth/approle/role/r{at}"),
                    policies: vec![format!("p{at}")],
                    ..AuthRole::default()
                };
                Holder::new(HolderKind::Role, role)
            })
            .collect(),
        ..Census::default()
    };
    let context = Context::new(Server::OPENBAO);
    grows_evenly("access changes", |count| {
        let (before, after) = (census(count, "read"), census(count, "update"));
        work(|| access(&before, &after, &context))
    });
}
