//! `console`: expressions from a pipe, with and without a server.

use crate::place::{Place, Ran, request, started};
use crate::{CANARY, CONFIGURATION};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::process::Stdio;

fn asked(place: &Place, words: &[&str], lines: &str) -> Ran {
    let mut child = place
        .command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_pipe_gives_an_answer_a_line() {
    let place =
        Place::new("locals {\n  a = { b = [1, \"x\"] }\n}\nvariable \"v\" {\n  type = number\n}\n");
    let lines =
        "1 + 1\nlocal.a.b[1]\nupper(local.a.c)\nvar.v\nsensitive(\"s3cret\")\ntype(local.a)\n";
    let ran = asked(&place, &["console", "-json", "-var=v=0.1"], lines).ended(1);
    let answers: Vec<Json> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        answers[0],
        json!({ "value": 2, "type": "number", "sensitive": false })
    );
    assert_eq!(answers[1]["value"], "x");
    assert_eq!(
        answers[2],
        json!({ "error": "this object has no attribute `c` (there is `b`)" })
    );
    assert_eq!(answers[3]["value"].to_string(), "0.1");
    assert_eq!(
        answers[4],
        json!({ "value": null, "type": "string", "sensitive": true })
    );
    assert_eq!(
        answers[5]["value"],
        "object({\n    b: tuple([\n        number,\n        string,\n    ]),\n})"
    );
    let text = asked(&place, &["console"], "[\n  1,\n  2,\n]\n<<EOT\na\nb\nEOT\n").ended(0);
    assert_eq!(text.out, "[\n  1,\n  2,\n]\n<<EOT\na\nb\n\nEOT\n");
    asked(&place, &["console"], "var.v\nvar.w\n")
        .ended(1)
        .says("(known after apply)")
        .says("The variable `w` is not declared");
}

#[test]
fn objects_are_as_they_live() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION);
    let line =
        "[vault_mount.kv.description, vault_mount.kv.path, vault_kv_secret_v2.a.data_json]\n";
    asked(&place, &["console"], "vault_mount.kv.accessor\n")
        .ended(0)
        .says("(known after apply)");
    place.run(&["apply", "-auto-approve"]).ended(0);
    let tune = json!({ "description": "by hand" });
    request(&runtime, &bao, "POST", "sys/mounts/kv/tune", &tune);
    let ran = asked(&place, &["console"], line).ended(0).says_not(CANARY);
    assert_eq!(
        ran.out,
        "[\n  \"by hand\",\n  \"kv\",\n  (sensitive value),\n]\n"
    );
    let away = Place::new(CONFIGURATION).with("VAULT_ADDR", "http://127.0.0.1:1");
    asked(&away, &["console"], "1 + 1\n")
        .ended(0)
        .says_not("server");
    asked(
        &away,
        &["console", "-var=secret=x"],
        "vault_mount.kv.path\n",
    )
    .ended(0)
    .says("Values of objects are unknown")
    .says("(known after apply)");
}
