"""What reviewers and their tools get: plans and drift in every format, events, and the plan document beside Terraform's.

usage: review.py
"""
import json
import pathlib
import shutil
import sys
import tempfile

import scene
import vf

RECORDED = vf.ROOT / "tests" / "vectors" / "plan_document"
COMMENT = 65_536
FORMATS = {
    "plan": ["text", "json", "markdown", "html"],
    "show": ["text", "json", "markdown", "html"],
    "drift": ["text", "json", "markdown", "html", "sarif", "junit"],
    "lint": ["text", "json", "sarif", "junit"],
    "validate": ["text", "json", "sarif", "junit"],
}


def no_secrets(check, at, name, text):
    found = [which for which, value in at.secrets.items() if value in text]
    check(f"{name} tells no secret", not found, found)


def formats(check, at):
    for command, names in FORMATS.items():
        more = {"plan": ["-allow-data-loss"], "show": ["plan.json"]}.get(command, [])
        for name in names:
            done = at.run(command, f"-format={name}", *more)
            check(f"{command} -format={name}", done.code in (0, 2) and done.out.strip(), f"exit {done.code}\n{done.text}")
            no_secrets(check, at, f"{command} -format={name}", done.text)
        done = at.run(command, "-format=pdf", *more)
        listed = all(f"`{name}`" in done.err for name in names)
        check(f"{command} -format=pdf: an error that lists the formats", done.code == 1 and listed and not done.out, done.text)


def markdown(check, at):
    text = at.run("show", "-format=markdown", "plan.json").out
    order = [text.find(part) for part in ("### Plan:", "[!CAUTION]", "#### Access changes", "#### Changed outside", "#### What will happen")]
    check("markdown: what is lost first, then access, then drift, then changes", -1 not in order and order == sorted(order), order)
    check("markdown: what goes with a mount is told", "`vault_mount.archive` will be destroyed, and with it **1 secret (" in text)
    check("markdown: a section to unfold for each object", text.count("<details>") == text.count("</details>") >= 15)
    failed = at.run("plan", "-format=markdown")
    check("markdown: a refused plan is told with its reason", failed.code == 1 and "#### 1 error" in failed.out and "#### What will happen" in failed.out, failed.text)
    many = at.dir.with_name(at.dir.name + "-many")
    many.mkdir()
    (many / "main.tf").write_text('resource "vault_policy" "p" {\n  count  = 1500\n  name   = "p${count.index}"\n'
                                  '  policy = "path \\"kv/data/${count.index}/${join("", [for n in range(60) : "long"])}\\" { capabilities = [\\"read\\"] }"\n}\n')
    done = vf.Program(many, at.server.env() | {"VAULTFORM_NAME": "many"})("plan", "-format=markdown")
    check("markdown: a plan of 1,500 objects fits a comment", done.code == 0 and len(done.out) <= COMMENT, len(done.out))
    check("markdown: and tells how many are left out", " without details**" in done.out and " more\n" in done.out, done.out[-600:])
    shutil.rmtree(many)


def events(check, name, text, wanted):
    """Every line an event with what all events have; the wanted kinds in this order."""
    lines = [json.loads(line) for line in text.splitlines()]
    whole = all({"@level", "@message", "@module", "@timestamp", "type"} <= line.keys() for line in lines)
    kinds = [line["type"] for line in lines]
    firsts = [kinds.index(kind) if kind in kinds else None for kind in wanted]
    check(f"events of {name}: {', '.join(wanted)}", whole and None not in firsts and firsts == sorted(firsts), kinds)
    return lines


def streams(check, at):
    done = at.run("plan", "-json", "-allow-data-loss")
    lines = events(check, "plan", done.out, ["version", "refresh_start", "refresh_complete", "resource_drift", "planned_change", "change_summary", "outputs"])
    check("the first says which format", lines[0]["ui"] == "1.2", lines[0])
    starts, ends = ([line["hook"]["resource"]["addr"] for line in lines if line["type"] == kind] for kind in ("refresh_start", "refresh_complete"))
    check("what was read began and ended", starts == ends and "vault_mount.kv" in starts and "vault_mount.transit" not in starts, starts)
    done = at.run("plan", "-json")
    events(check, "a plan that is refused", done.out, ["version", "diagnostic"])
    done = at.run("apply", "-json", "plan.json")
    lines = events(check, "apply", done.out, ["version", "apply_start", "apply_complete", "change_summary", "outputs"])
    summary = next(line for line in lines if line["type"] == "change_summary")["changes"]
    check("the summary counts what was done", (summary["add"], summary["change"], summary["remove"], summary["operation"]) == (10, 3, 2, "apply"), summary)
    outputs = next(line for line in lines if line["type"] == "outputs")["outputs"]
    check("a secret output has no value", outputs["secret"]["sensitive"] and "value" not in outputs["secret"] and outputs["mount"]["value"] == "kv", outputs)
    (at.dir / "fails.tf").write_text('resource "vault_transit_secret_backend_key" "wrong" {\n  backend = vault_mount.transit.path\n  name    = "wrong"\n  type    = "none-such"\n}\n')
    done = at.run("apply", "-json", "-auto-approve")
    events(check, "an apply that fails", done.out, ["version", "planned_change", "change_summary", "apply_start", "apply_errored"])
    check("its error is an event", any(json.loads(line)["type"] == "diagnostic" for line in done.out.splitlines()), done.out[-2000:])
    (at.dir / "fails.tf").unlink()
    done = at.run("destroy", "-json", "-auto-approve", "-allow-data-loss")
    lines = events(check, "destroy", done.out, ["version", "refresh_start", "planned_change", "apply_start", "apply_complete"])
    last = [line for line in lines if line["type"] == "change_summary"][-1]
    check("its summary says destroy", last["changes"]["operation"] == "destroy" and done.code == 0, done.text[-2000:])
    no_secrets(check, at, "no stream of events", "".join(at.run.transcript))


def validated(check, at):
    (at.dir / "wrong.tf").write_text('output "wrong" {\n  value = var.misspelt\n}\n')
    document = json.loads(at.run("validate", "-json").out)
    (at.dir / "wrong.tf").unlink()
    check("validate -json: format 1.0", (document["format_version"], document["valid"], document["error_count"], document["warning_count"]) == ("1.0", False, 1, 0))
    found = document["diagnostics"][0]
    check("a diagnostic has its place and the line", found["severity"] == "error" and found["range"]["filename"] == "wrong.tf"
          and found["range"]["start"] == {"line": 2, "column": 11, "byte": 27} and found["snippet"]["code"] == "  value = var.misspelt", found)


def bare(value):
    """A tree of marks without its false branches; hosts of providers aside."""
    if isinstance(value, dict):
        kept = {key: bare(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in ({}, [], False, None)}
    if isinstance(value, list):
        kept = [bare(one) for one in value]
        return kept if any(one not in ({}, [], False, None) for one in kept) else []
    return value.removeprefix("terraform.io/") if isinstance(value, str) else value


def planned(change):
    """A change less `output`, which is known here before Terraform knows it, and less what follows from it."""
    own = change["change"]
    entry = {key: value for key, value in change.items() if key not in ("change", "vaultform")}
    unknown = bare(own["after_unknown"])
    unknown.pop("output", None), unknown.pop("input", None)
    return bare(entry) | {"actions": own["actions"], "unknown": unknown, "before": own["before"]}


def beside_terraform(check, server):
    where = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-document-"))
    shutil.copytree(RECORDED, where, dirs_exist_ok=True)
    run = vf.Program(where, server.env() | {"VAULTFORM_NAME": "document", "TF_VAR_need": "must"})
    check.run("the recorded configuration is planned", run("plan", "-out=plan.json"), 0)
    ours, theirs = json.loads(run("show", "-json", "plan.json").out), vf.load(RECORDED / "terraform.json")
    shutil.rmtree(where)
    check("the document has every part of Terraform's", set(theirs) <= set(ours) and ours["format_version"] == theirs["format_version"], set(theirs) - set(ours))
    # On purpose: no value of a secret variable, and the value of `for_each` where Terraform has none.
    configuration = ours["configuration"]
    configuration["root_module"]["module_calls"]["m"].pop("for_each_expression")
    theirs["configuration"]["root_module"]["variables"]["b"].pop("default")
    for part in ("provider_config", "root_module"):
        same(check, f"configuration.{part}", bare(configuration[part]), bare(theirs["configuration"][part]))
    same(check, "resource_changes", [planned(one) for one in ours["resource_changes"]], [planned(one) for one in theirs["resource_changes"]])
    def attributes(document):
        return sorted(json.dumps(one) for one in document["relevant_attributes"])
    same(check, "relevant_attributes", attributes(ours), attributes(theirs))
    def addresses(document):
        return [(one["address"], [each["address"] for each in one["instances"]]) for one in document["checks"]]
    same(check, "checks", addresses(ours), addresses(theirs))
    theirs["variables"].pop("b")
    ours["variables"].pop("b")
    same(check, "variables", ours["variables"], theirs["variables"])
    def marks(document):
        return {name: (one["actions"], one["after_sensitive"]) for name, one in document["output_changes"].items()}
    same(check, "output_changes", marks(ours), marks(theirs))
    def tree(module):
        resources = [{key: one[key] for key in one if key not in ("values", "sensitive_values", "provider_name")} for one in module.get("resources", [])]
        return module.get("address"), resources, [tree(one) for one in module.get("child_modules", [])]
    same(check, "planned_values", tree(ours["planned_values"]["root_module"]), tree(theirs["planned_values"]["root_module"]))


def same(check, name, ours, theirs):
    check(f"{name} as Terraform's", ours == theirs, f"ours   {json.dumps(ours)[:3000]}\ntheirs {json.dumps(theirs)[:3000]}")


def run():
    check = vf.Checks("reviews")
    at = scene.Scene(check)
    try:
        formats(check, at)
        markdown(check, at)
        validated(check, at)
        beside_terraform(check, at.server)
        streams(check, at)
    finally:
        at.stop()
    return check


if __name__ == "__main__":
    sys.exit(run().close())
