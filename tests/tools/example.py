"""Takes one example through its life on throw-away servers.

usage: example.py NAME            all of it, from the first plan to the last destroy
       KEEP=1 example.py NAME     only plan and apply; the server stays, and the lines to reach it are printed
"""
import base64
import html
import importlib.util
import json
import pathlib
import re
import shutil
import sys
import tempfile
import zlib

import dump
import vf
from people import People

CANARY = "canary"


def names():
    """The examples there are."""
    return sorted(p.parent.name for p in (vf.ROOT / "examples").glob("*/checks.py"))


def checks_of(name):
    """The example's own table and checks."""
    spec = importlib.util.spec_from_file_location(f"checks_{name}", vf.ROOT / "examples" / name / "checks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Place:
    """A copy of an example, the servers it needs, and the program to run there."""

    def __init__(self, name, bao=None, kind="dev"):
        self.name, self.table = name, checks_of(name)
        self.bao = bao or vf.Bao(kind)
        self.postgres = vf.Postgres() if "postgres" in getattr(self.table, "NEEDS", ()) else None
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-run-"))
        self.dir = self.root / "examples" / name
        shutil.copytree(vf.ROOT / "examples" / name, self.dir, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(vf.ROOT / "policies", self.root / "policies")
        (self.dir / "terraform.tfvars.example").rename(self.dir / "terraform.tfvars")
        variables = {"audit_log": self.bao.dir / "audit.log"}
        if self.postgres:
            variables |= {"pg_host": self.postgres.host, "pg_port": self.postgres.port}
            self.table.prepare(self.postgres)
        if hasattr(self.table, "variables"):
            variables |= self.table.variables()
        self.variables = {f"TF_VAR_{k}": str(v) for k, v in variables.items()}
        self.program = vf.Program(self.dir, self.bao.env() | self.variables)

    def dump(self):
        return dump.dump(self.bao)

    def state(self):
        return dump.comparable(self.dump())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not vf.KEEP:
            for process in (self.bao, self.postgres):
                if process:
                    process.stop()
            shutil.rmtree(self.root, ignore_errors=True)


def create(place, check):
    """From nothing to everything, and then nothing more to do."""
    run, before = place.program, place.dump()
    check.run("the first plan has changes", run("plan", "-detailed-exitcode", "-out=first.plan"), 2)
    check("and changes nothing yet", not dump.difference(before, place.dump()))
    check.run("apply", run("apply", "-auto-approve"), 0)
    return check.run("the second plan is empty", run("plan", "-detailed-exitcode", "-out=second.plan"), 0)


def access_changes(place):
    """What the plan says of access, and the plan itself."""
    run = place.program("plan", "-out=access.plan")
    return json.loads((place.dir / "access.plan").read_text()).get("access_changes", []), run


def wider(path):
    """A path with its last segment, or all below its last directory, opened."""
    head = path.removesuffix("/*").rpartition("/")[0]
    return f"{head}/*" if head else None


def policy_files(place):
    """The files of the example's policies that its configuration uses."""
    files = sorted(p for p in (place.root / "policies" / place.name).glob("*.hcl") if not p.name.endswith(".vaultpolicytest.hcl"))
    used = "\n".join(p.read_text() for p in place.dir.glob("*.tf"))
    return [p for p in files if f'"{p.stem}"' in used or f"/{p.name}" in used or "${each.key}.hcl" in used]


STANZA = re.compile(r'path "(?P<path>[^"]+)" \{[^}]*?capabilities = \[(?P<list>[^\]]*)\]', re.S)


def first_is(changes, path, *capabilities):
    """Whether the first access change is a gain on just this path."""
    first = changes[0] if changes else {}
    return first.get("direction") == "gains" and first.get("path") == path and set(capabilities) <= set(first.get("capabilities", []))


def pages(place):
    """The first access change as a plan's Markdown and its page tell it, without their signs."""
    for form, begin, item in (("markdown", "Access changes", r"(?m)^- (.*)$"), ("html", 'id="access"', r"(?s)<li>(.*?)</li>")):
        text = place.program("show", f"-format={form}", "access.plan").out.partition(begin)[2]
        first = re.search(item, text)
        plain = re.sub(r"<[^>]*>", "", html.unescape(first[1])) if first else ""
        yield form, plain.replace("\\", "").replace("**", "")


def review(place, check):
    """What a reviewer is told: `sudo` and wider paths first, and nothing of a new layout."""
    files = policy_files(place)
    texts = {file: file.read_text() for file in files}
    tried = 0
    for file, before in texts.items():
        plain = next((s for s in STANZA.finditer(before) if "sudo" not in s["list"] and "deny" not in s["list"]), None)
        opened = wider(plain["path"]) if plain else None
        if not opened or f'"{opened}"' in before:
            continue
        tried += 1
        file.write_text(before[:plain.start("list")] + '"sudo", ' + before[plain.start("list"):])
        changes, run = access_changes(place)
        check(f"{file.name}: added sudo is the first access change", first_is(changes, plain["path"], "sudo"), run.text)
        section = run.out.partition("Access changes, the worst first:")[2].strip()
        check("in the text too", re.match(rf"\+ .* gains? sudo on {re.escape(plain['path'])}(\s|,|$)", section), run.out)
        for form, told in pages(place):
            check(f"and as {form}", f"sudo on {plain['path']}" in told, told)
        check.run("and a pipeline can refuse it", place.program("plan", "-fail-on-access-gain"), 1)
        file.write_text(before[:plain.start("path")] + opened + before[plain.end("path"):])
        changes, run = access_changes(place)
        check(f"{file.name}: a wider path is the first access change", first_is(changes, opened), run.text)
        section = run.out.partition("Access changes, the worst first:")[2].strip()
        check("in the text too", re.match(rf"\+ .* gains? .* on {re.escape(opened)}(\s|,|$)", section), run.out)
        file.write_text(before)
    check("policies to try it with", tried, place.name)
    for file, before in texts.items():
        stanzas = re.split(r"\n(?=path )", re.sub(r"(?m)^#.*\n", "", before))
        file.write_text("# laid out anew\n" + "\n".join(s.strip().replace("  ", "\t") for s in reversed(stanzas)))
    changes, run = access_changes(place)
    check("a new layout of all policies changes no access", run.code == 0 and not changes and "Access changes" not in run.out, run.text)
    check.run("and a pipeline lets it through", place.program("plan", "-fail-on-access-gain"), 0)
    for file, before in texts.items():
        file.write_text(before)
    (place.dir / "access.plan").unlink()


def meddle(place, check):
    """Three changes behind the program's back: `drift` names exactly these, and `apply` heals them."""
    table, bao, run, before = place.table, place.bao, place.program, place.state()
    check.run("no drift", run("drift"), 0)
    changed, deleted, overwritten = table.CHANGED, table.DELETED, table.OVERWRITTEN
    bao.write(changed[1], changed[2])
    bao.request("DELETE", deleted[1])
    bao.write(overwritten[1], overwritten[2])
    drift = run("drift")
    check.run("drift", drift, 2)
    expected = {changed[0], deleted[0], overwritten[0]} | getattr(table, "ALSO_DRIFTED", set())
    check("drift names exactly what was touched", drift.addresses() == expected, f"named {sorted(drift.addresses())}\nexpected {sorted(expected)}\n{drift.text}")
    check("and shows that something secret changed, not what", "(sensitive value)" in drift.text and CANARY not in drift.text, drift.text)
    check.run("apply heals", run("apply", "-auto-approve"), 0)
    check("the server is as before", not dump.difference(before, place.state()), "\n".join(dump.difference(before, place.state())))
    check.run("and the next plan empty", run("plan", "-detailed-exitcode"), 0)


def shrink(place, check):
    """What leaves the files leaves the server; what was never declared stays."""
    table, bao, run = place.table, place.bao, place.program
    bao.write("sys/policies/acl/somebody-elses", {"policy": 'path "x" { capabilities = ["read"] }'})
    file, text, gone = table.REMOVED
    source = (place.dir / file).read_text()
    assert source.count(text) == 1, f"{text!r} stands {source.count(text)} times in {file}"
    (place.dir / file).write_text(source.replace(text, getattr(table, "REPLACEMENT", "")))
    planned = run("plan", "-detailed-exitcode")
    check.run("an object less in the files", planned, 2)
    check("is announced as destroyed", "will be destroyed" in planned.out, planned.out)
    check.run("apply", run("apply", "-auto-approve"), 0)
    check("it is gone from the server", bao.request("GET", gone, ok=False)["status"] == 404, gone)
    check("what was not declared is still there", bao.request("GET", "sys/policies/acl/somebody-elses", ok=False)["status"] == 200)
    check.run("the next plan is empty", run("plan", "-detailed-exitcode"), 0)
    (place.dir / file).write_text(source)
    check.run("put back", run("apply", "-auto-approve"), 0)
    bao.request("DELETE", "sys/policies/acl/somebody-elses")


def remove(place, check, before):
    """Destroy spares the secrets of others, and else leaves the server as it was found."""
    bao, run, foreign = place.bao, place.program, place.table.FOREIGN
    bao.write(foreign, {"data": {"kept": "by somebody else"}})
    refused = run("destroy", "-auto-approve")
    check.run("destroy with somebody else's secret inside is refused", refused, 6)
    check("and says how to allow it", "-allow-data-loss" in refused.text, refused.text)
    check("their secret is still there", bao.request("GET", foreign, ok=False)["status"] == 200)
    bao.request("DELETE", foreign.replace("/data/", "/metadata/", 1))
    check.run("destroy", run("destroy", "-auto-approve"), 0)
    left = dump.difference(before, place.dump())
    check("the server is as it was found", not left, "\n".join(left))


def readable(text):
    """The ways in which a stored string may hide text: itself, base64, compressed below that."""
    yield text.encode()
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return
    yield raw
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS | 32):
        try:
            yield zlib.decompress(raw, bits)
        except zlib.error:
            pass


def strings(value):
    """Every string in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values()) + list(value.keys())
    if isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def look(place, check):
    """Everything that only shows: what it prints and writes is searched for secrets afterwards."""
    run = place.program
    for words in (("show",), ("show", "-json"), ("plan", "-vv"), ("plan", "-json", "-vv"), ("drift", "-json", "-vv"), ("ledger", "list")):
        check.run(" ".join(words), run(*words), 0)
    check.run("plan -destroy", run("plan", "-destroy", "-vv", "-out=destroy.plan"), 0)
    for words in (("show", "destroy.plan"), ("show", "-json", "destroy.plan")):
        check.run(" ".join(words), run(*words), 0)
    log = "\n".join(place.program.transcript[-9:])
    check("and the log tells of requests", "GET sys/" in log, log[-2000:])


def no_secret_outside(place, check):
    """No canary in what was printed, in a saved plan, in a file left behind, or in the ledger."""
    told = [t for t in place.program.transcript if CANARY in t]
    check("no secret was printed", not told, "\n".join(told)[:2000])
    given = {place.dir / "terraform.tfvars", place.dir / "checks.py"}
    files = [p for p in vf.find_in(CANARY, place.root) if pathlib.Path(p) not in given]
    check("no secret stands in a plan or any other file", not files, files)
    ledger = {p: d for p, d in place.dump().items() if p.startswith("vaultform/data/")}
    check("the ledger is kept on the server", ledger)
    texts = [t for d in ledger.values() for s in strings(d["data"]) for t in readable(s)]
    check("and holds no secret", not any(CANARY.encode() in t for t in texts))


def whole(name, kind="dev"):
    """All of an example's life; the checks."""
    check = vf.Checks(f"example {name} ({kind})")
    with Place(name, kind=kind) as place:
        before = place.dump()
        if not create(place, check):
            return check
        with People(place.bao) as people:
            place.table.use(place, check, people)
        review(place, check)
        meddle(place, check)
        shrink(place, check)
        look(place, check)
        no_secret_outside(place, check)
        remove(place, check, before)
    return check


def keep(name):
    """Applies an example and leaves all running for somebody to look at."""
    place = Place(name)
    done = place.program("apply", "-auto-approve")
    print(done.text)
    print(f"# {name} is applied. To look at it:")
    print(f"cd {place.dir}")
    for key, value in (place.bao.env() | place.variables).items():
        print(f"export {key}={value}")
    ids = [p.child.pid for p in (place.bao, place.postgres) if p]
    print(f"# To end it: kill {' '.join(map(str, ids))}")
    return done.code


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in names():
        sys.exit(f"{__doc__}\nexamples: {' '.join(names())}")
    sys.exit(keep(sys.argv[1]) if vf.KEEP else whole(sys.argv[1]).close())
