//! The same expressions in two consoles: Terraform's, where it is on the PATH, and ours. Where it is not, nothing is compared.

#![allow(clippy::disallowed_methods, reason = "it starts both programs")]

#[path = "fuzz/chance.rs"]
mod chance;
#[path = "fuzz/expressions.rs"]
#[allow(
    dead_code,
    reason = "the checks of single values are for the other test"
)]
mod expressions;
mod memory;

use chance::Chance;
use regex::Regex;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use vaultform::source::FileId;
use vaultform::syntax::parse_expression;

/// How many expressions are tried where `FUZZ_CASES` says nothing else.
const CASES: u64 = 300;

/// How many expressions go through one pipe.
const TOGETHER: usize = 400;

/// What Terraform 1.11 does not have, or answers differently with a reason.
const APART: &[&str] = &[
    // Another packer makes other bytes of the same text.
    "base64gzip",
    // OpenTofu's own.
    "base64gunzip",
    "cidrcontains",
    "urldecode",
    "assume",
    // The last digits of a root, which its language computes in its own way.
    "pow(",
    // It knows the sign of 64 bits only.
    "signum(1e30)",
    "convert(",
];

/// Expressions without variables: both consoles know the same names.
fn plain(seed: u64) -> Option<String> {
    let text = expressions::random(&mut Chance::new(seed));
    let names = ["var.", "each.", "k, x in", "x)"];
    let known = !names.iter().any(|name| text.contains(name))
        && !APART.iter().any(|name| text.contains(name));
    let apart = text
        .split(|letter: char| !letter.is_alphanumeric())
        .any(|word| word == "x");
    // One that is no expression would spoil the line it shares with others.
    let whole = parse_expression(FileId(0), &text, 0).is_ok();
    (known && !apart && whole && !text.contains('\n')).then_some(text)
}

/// One line with many expressions, each as what it gives, or that it fails: a pipe shows the last value only.
fn line(some: &[String]) -> String {
    let each = some
        .iter()
        .map(|text| format!("try(jsonencode([{text}]), \"fails\")"));
    format!("[{}]\n", each.collect::<Vec<_>>().join(", "))
}

fn answers(program: &Path, folder: &Path, words: &[&str], input: &str) -> Vec<String> {
    let mut child = Command::new(program)
        .args(words)
        .current_dir(folder)
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feed = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = feed.join();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let inner = lines.get(1..lines.len().saturating_sub(1));
    inner.unwrap_or_default().to_vec()
}

/// Tells whether two answers to an expression are one: zero has no sign here, and an operand that decides makes up for
/// what is wrong beside it, as in OpenTofu.
fn alike(text: &str, theirs: &str, own: &str) -> bool {
    let decided = ["&&", "||", "?"].iter().any(|word| text.contains(word));
    let zero = |answer: &str| {
        let signed = Regex::new(r"(^|[^0-9.eE])-0([^0-9.]|$)").unwrap();
        let once = signed.replace_all(answer, "${1}0${2}").into_owned();
        signed.replace_all(&once, "${1}0${2}").into_owned()
    };
    zero(theirs) == zero(own) || (decided && theirs.contains("\"fails\""))
}

/// The program on the PATH.
fn terraform() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join("terraform"));
    places.find(|place| place.is_file())
}

#[test]
fn both_consoles_answer_alike() {
    let Some(terraform) = terraform() else {
        println!("no terraform on the PATH: nothing to compare with");
        return;
    };
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let (cases, first) = (
        number("FUZZ_CASES").unwrap_or(CASES),
        number("FUZZ_SEED").unwrap_or(1),
    );
    let folder = tempfile::tempdir().unwrap();
    let ours = Path::new(env!("CARGO_BIN_EXE_vaultform"));
    let texts: Vec<String> = (first..first + cases).filter_map(plain).collect();
    let mut compared = Compared::default();
    for some in texts.chunks(TOGETHER) {
        compared.add([&terraform, ours], folder.path(), some);
    }
    let Compared { differ, refused } = compared;
    println!(
        "{} expressions in both consoles; Terraform's takes {} not even inside `try`: {refused:?}",
        texts.len() - refused.len(),
        refused.len()
    );
    assert!(
        differ.is_empty() && refused.len() * 50 <= texts.len(),
        "{} differ:\n{}",
        differ.len(),
        differ.join("\n")
    );
}

/// What came of the comparison.
#[derive(Default)]
struct Compared {
    /// Expressions with both answers.
    differ: Vec<String>,
    /// What ends Terraform's console.
    refused: Vec<String>,
}

impl Compared {
    /// Compares some expressions; where Terraform's console ends, those of each half alone.
    fn add(&mut self, programs: [&Path; 2], folder: &Path, some: &[String]) {
        let input = line(some);
        let theirs = answers(programs[0], folder, &["console"], &input);
        if theirs.len() != some.len() {
            match some {
                [one] => self.refused.push(one.clone()),
                _ => {
                    let (left, right) = some.split_at(some.len() / 2);
                    self.add(programs, folder, left);
                    self.add(programs, folder, right);
                }
            }
            return;
        }
        let own = answers(programs[1], folder, &["console"], &input);
        assert_eq!(own.len(), some.len(), "vaultform stopped at {some:?}");
        for ((text, theirs), own) in some.iter().zip(theirs).zip(own) {
            if !alike(text, &theirs, &own) {
                self.differ
                    .push(format!("{text}\n  terraform {theirs}\n  vaultform {own}"));
            }
        }
    }
}
