//! Runs the documents in `tests/plan`: what a plan says of a configuration and a server.
//!
//! A case is a heading `## …` with fenced blocks, done in their order: `tf` is written to `main.tf`; `server` are requests
//! with the root token, one a line (`POST sys/mounts/kv {"type": "kv"}`); `$ COMMAND …` is a run of the program, and what
//! it says and ends with. A line `apply` does so without being shown. After the last block all is applied, the plan after
//! that is empty, and everything is destroyed. `BLESS=1` writes what is said now.

use crate::bao::Bao;
use crate::place::{Place, request, started};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;
use tokio::runtime::Runtime;

struct Case<'a> {
    runtime: &'a Runtime,
    bao: &'a Bao,
    place: Place,
}

impl Case<'_> {
    fn start<'a>(runtime: &'a Runtime, bao: &'a Bao) -> Case<'a> {
        let place = Place::on(bao, "");
        Case {
            runtime,
            bao,
            place,
        }
    }

    /// Does what a block says; returns what the block says now.
    fn block(&self, fence: &str, content: String) -> String {
        match fence.split_once(' ') {
            None if fence == "tf" => std::fs::write(self.place.path("main.tf"), &content).unwrap(),
            None if fence == "server" => content.lines().for_each(|line| self.ask(line)),
            Some(("$", words)) => return self.shown(words),
            _ => panic!("no block is called `{fence}`"),
        }
        content
    }

    fn ask(&self, line: &str) {
        let mut words = line.splitn(3, ' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let body = words.next().map(|text| serde_json::from_str(text).unwrap());
        let body: Json = body.unwrap_or(json!({}));
        request(self.runtime, self.bao, method, path, &body);
    }

    fn shown(&self, words: &str) -> String {
        let words: Vec<&str> = words.split(' ').chain(["-no-color"]).collect();
        let ran = self.place.run(&words);
        let said = format!("{}\n{}", ran.out.trim_end(), ran.error.trim());
        format!("{}\nexit {}\n", lasting(said.trim()), ran.code)
    }

    /// Whatever was planned can be applied, and then nothing is left to do.
    fn end(self) {
        self.place.run(&["apply", "-auto-approve"]).ended(0);
        self.place.run(&["plan", "-detailed-exitcode"]).ended(0);
        self.place.run(&["destroy", "-auto-approve"]).ended(0);
    }
}

/// Cuts off the note on how to save a plan, and masks what is another in each run.
fn lasting(said: &str) -> String {
    let (told, _) = said.split_once("\n\n\u{2500}").unwrap_or((said, ""));
    let masks = [
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z \(\d+ seconds?\)", "MOMENT"),
        (r"\b([a-z]+)_[0-9a-f]{8}\b", "${1}_ACCESSOR"),
    ];
    masks.iter().fold(told.to_owned(), |text, (pattern, mask)| {
        let pattern = regex::Regex::new(pattern).unwrap();
        pattern.replace_all(&text, *mask).into_owned()
    })
}

fn run(document: &str) -> (String, usize) {
    let (runtime, bao) = started();
    let kv = json!({"type": "kv", "options": {"version": "2"}});
    request(&runtime, &bao, "POST", "sys/mounts/vaultform", &kv);
    request(&runtime, &bao, "DELETE", "sys/mounts/secret", &json!({}));
    let (mut out, mut cases) = (String::new(), 0);
    let mut case: Option<Case<'_>> = None;
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        if line.starts_with("## ") {
            case.take().into_iter().for_each(Case::end);
            case = Some(Case::start(&runtime, &bao));
            cases += 1;
        }
        let Some(case) = &case else { continue };
        if line == "apply" {
            case.place.run(&["apply", "-auto-approve"]).ended(0);
        }
        let Some(fence) = line.strip_prefix("```") else {
            continue;
        };
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let content = content.iter().map(|line| format!("{line}\n")).collect();
        out.push_str(&case.block(fence, content));
        out.push_str("```\n");
    }
    case.into_iter().for_each(Case::end);
    (out, cases)
}

#[test]
fn what_plans_say_is_what_the_documents_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan");
    let bless = std::env::var_os("BLESS").is_some();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let document = std::fs::read_to_string(&path).unwrap();
        let (now, cases) = run(&document);
        seen += cases;
        if bless {
            std::fs::write(&path, now).unwrap();
        } else {
            let how = "`BLESS=1` writes what is said now";
            assert_eq!(document, now, "{}: {how}", path.display());
        }
    }
    assert!(seen > 0, "no documents found");
}
