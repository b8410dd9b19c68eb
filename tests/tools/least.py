"""Least privilege: with the policies that the program writes, its runs work, and with less they are refused before they write.

usage: least.py [NAME…]      some examples; else all of them. One of them line by line besides
"""
import re
import sys

import dump
import example
import vf

LINES = "zakupai"


def policy(place, run):
    """The policy that the program writes for a run of this configuration."""
    done = place.program("policy", f"for-{run}")
    assert done.code == 0, done.text
    return done.out


def token(place, text, name="least"):
    """A token that may do what a policy says, and what `default` says."""
    place.bao.write(f"sys/policies/acl/{name}", {"policy": text})
    made = place.bao.write("auth/token/create", {"policies": [name], "ttl": "1h", "no_parent": True})
    return made["auth"]["client_token"]


def granted(text):
    """What a policy grants: a set of names by path."""
    rules = re.findall(r'path "([^"]+)" \{ capabilities = \[([^\]]*)\]', text)
    return {path: set(re.findall(r'"(\w+)"', names)) for path, names in rules}


def cycle(place, check):
    """Read-only policies read, and refuse to write; the policy for applying carries the whole life of an example."""
    run, bao = place.program, place.bao
    texts = {name: policy(place, name) for name in ("plan", "drift", "apply")}
    check("the policy for a plan only reads", not re.search(r'"(create|delete|patch)"', texts["plan"]), texts["plan"])
    reader, applier = token(place, texts["plan"], "reader"), token(place, texts["apply"], "applier")
    before = place.state()
    check.run("plan with the policy for plans", run("plan", "-detailed-exitcode", VAULT_TOKEN=reader), 2)
    refused = run("apply", "-auto-approve", VAULT_TOKEN=reader)
    check("apply with it is refused: exit 6", refused.code == 6 and "lacks capabilities" in refused.err, refused.text)
    check("before its first write", not dump.difference(before, place.state()), "\n".join(dump.difference(before, place.state())))
    reads, writes = granted(texts["plan"]), granted(texts["apply"])
    wanted = {path for path, names in writes.items() if names - reads.get(path, set()) - {"list", "read", "sudo"}}
    named = {path for path in wanted if f"{path}:" in refused.err.replace("│ ", "")}
    check("it lists each missing capability", len(named) == len(wanted), sorted(wanted - named)[:20])
    check.run("apply with the policy for it", run("apply", "-auto-approve", VAULT_TOKEN=applier), 0)
    check.run("the plan is empty", run("plan", "-detailed-exitcode", VAULT_TOKEN=applier), 0)
    drifter = token(place, policy(place, "drift"), "drifter")
    check.run("no drift, with the policy for drift", run("drift", VAULT_TOKEN=drifter), 0)
    address, path, body = place.table.CHANGED
    bao.write(path, body)
    found = run("drift", VAULT_TOKEN=drifter)
    check("drift, with the policy for drift", found.code == 2 and address in found.text, found.text)
    refused = run("apply", "-auto-approve", VAULT_TOKEN=drifter)
    check("healing with it is refused: exit 6", refused.code == 6 and "lacks" in refused.err, refused.text)
    check.run("healing with the policy for applying", run("apply", "-auto-approve", VAULT_TOKEN=applier), 0)
    check.run("destroy with it", run("destroy", "-auto-approve", VAULT_TOKEN=applier), 0)
    left = dump.difference({}, {k: v for k, v in place.state().items() if k not in before and "policies/acl" not in k})
    check("nothing is left", not left, "\n".join(left))


def line_by_line(place, check):
    """A policy without one of its lines: the look before the run names that line's path."""
    run, bao = place.program, place.bao
    lines = [line for line in policy(place, "apply").splitlines() if line.startswith("path ")]
    silent = []
    for number, line in enumerate(lines):
        path = re.match(r'path "([^"]+)"', line)[1]
        rest = "\n".join(lines[:number] + lines[number + 1:])
        done = run("apply", "-auto-approve", VAULT_TOKEN=token(place, rest))
        if path not in done.text:
            silent.append(f"{path}: exit {done.code}\n{done.text[-600:]}")
        if done.code == 0 or done.code == 3:
            check.run("  (undone again)", run("destroy", "-auto-approve"), 0)
    check(f"without any one of its {len(lines)} lines, the line's path is named", not silent, "\n".join(silent))


def run(names=()):
    check = vf.Checks("least privilege")
    for name in names or example.names():
        print(f"  {name}", flush=True)
        with example.Place(name) as place:
            cycle(place, check)
    with example.Place(LINES) as place:
        line_by_line(place, check)
    return check


if __name__ == "__main__":
    run(sys.argv[1:]).exit()
