"""Drift that nobody watches: new drift is told once, its end once; metrics, ages, what is ignored, what is healed.

usage: drift.py
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import vf
from bare import OPENSSL
from receiver import Receiver, verified

SECRET = "canary-of-the-webhook"
POLICY = 'path "secret/data/app" { capabilities = ["read"] }\n'
MAIN = """
variable "words" {
  default = "for the app"
}
resource "vault_mount" "kv" {
  path        = "kv"
  type        = "kv"
  options     = { version = "2" }
  description = var.words
}
resource "vault_policy" "app" {
  name   = "app"
  policy = <<-EOT
    path "kv/data/app" { capabilities = ["read"] }
  EOT
}
resource "vault_policy" "ops" {
  name   = "ops"
  policy = <<-EOT
    path "kv/*" { capabilities = ["list"] }
  EOT
}
resource "vault_kv_secret_v2" "app" {
  mount     = vault_mount.kv.path
  name      = "app"
  data_json = jsonencode({ password = "canary-password" })
}
"""
SETTINGS = """
name = "watched"
drift {
  notify "webhook" "ops" {
    url    = "URL/ops"
    secret = env("WEBHOOK_SECRET")
  }
  notify "slack" {
    url = env("SLACK_URL")
  }
  notify "teams" {
    url = file("teams-url")
  }
}
"""


class Place:
    """A small configuration, applied, on a server; a receiver of its notifications."""

    def __init__(self, settings=SETTINGS):
        self.bao, self.receiver = vf.Bao(), Receiver()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-run-"))
        (self.dir / "main.tf").write_text(MAIN)
        (self.dir / "teams-url").write_text(self.receiver.url + "/teams/canary-in-url\n")
        self.settings(settings)
        urls = {"SLACK_URL": self.receiver.url + "/slack/canary-in-url", "WEBHOOK_SECRET": SECRET}
        self.program = vf.Program(self.dir, self.bao.env() | urls)
        done = self.program("apply", "-auto-approve")
        assert done.code == 0, done.text

    def settings(self, text):
        (self.dir / "vaultform.hcl").write_text(text.replace("URL/", self.receiver.url + "/"))

    def drift(self, *more, **env):
        return self.program("drift", "-metrics=drift.prom", *more, **env)

    def metrics(self):
        """The values of the file, by name and labels other than those of every line."""
        found = {}
        for line in (self.dir / "drift.prom").read_text().splitlines():
            if not line.startswith("#"):
                name, labels, value = re.fullmatch(r"(\w+)\{configuration=\"watched\",workspace=\"default\",?(.*)\} (\S+)", line).groups()
                found[name.removeprefix("vaultform_drift_") + (f"{{{labels}}}" if labels else "")] = float(value)
        return found

    def meddle(self, text=POLICY):
        self.bao.write("sys/policies/acl/app", {"policy": text})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.receiver.server.shutdown()
        self.bao.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def by_prometheus(place, check):
    """Prometheus' own parser reads the file: every metric is a gauge with a help text, and no sample comes twice."""
    try:
        from prometheus_client.parser import text_string_to_metric_families as families
    except ImportError:
        return print("  skipped: the metrics need `prometheus-client`, which is not installed here", flush=True)
    found = list(families((place.dir / "drift.prom").read_text()))
    samples = [(s.name, tuple(sorted(s.labels.items()))) for family in found for s in family.samples]
    check("Prometheus' parser reads the metrics", len(found) >= 8 and all(f.type == "gauge" and f.documentation for f in found), found)
    check("each sample stands once, everybody may read it", len(samples) == len(set(samples)) and (place.dir / "drift.prom").stat().st_mode & 0o777 == 0o644)


def by_path(messages):
    return sorted(path.split("/")[1] for path, _, _ in messages)


def told_once(place, check):
    """The same drift twice: one notification; after it was healed: one recovery."""
    receiver = place.receiver
    done = place.drift()
    check.run("in sync", done, 0)
    check("nobody is told", not receiver.take())
    found = place.metrics()
    check("metrics say so", found["in_sync"] == 1 and found["checked_objects"] == 4 and found["exit_code"] == 0 and found["oldest_seconds"] == 0, found)
    place.meddle()
    first = place.drift()
    check.run("drift", first, 2)
    messages = receiver.take()
    check("each channel is told once", by_path(messages) == ["ops", "slack", "teams"], by_path(messages))
    hook = next(m for m in messages if m[0] == "/ops")
    body = verified(hook, SECRET)
    check("the receiver verifies the HMAC", body is not None, hook)
    check("another secret does not verify", verified(hook, SECRET + "x") is None)
    check("it names the object and the attribute", body["type"] == "vaultform.drift" and [(i["address"], i["attributes"]) for i in body["data"]["new"]] == [("vault_policy.app", ["policy"])], body)
    check("no message holds a value", not any(b"kv/data" in m[2] or b"secret/data" in m[2] or b"canary" in m[2] for m in messages))
    slack = json.loads(next(m for m in messages if m[0].startswith("/slack"))[2])
    check("Slack's is readable", f"Drift in watched on {place.bao.addr}: 1 changed outside of vaultform" in slack["text"] and slack["blocks"][1]["text"]["text"].startswith("`vault_policy.app`"), slack)
    teams = json.loads(next(m for m in messages if m[0].startswith("/teams"))[2])
    check("that of Teams is a card", teams["attachments"][0]["content"]["type"] == "AdaptiveCard", teams)
    found = place.metrics()
    check("metrics name type and origin", found["in_sync"] == 0 and found['objects{type="vault_policy",origin="drift"}'] == 1 and found["exit_code"] == 2, found)
    check("and that all were told", all(found[f'notification_failed{{channel="{c}"}}'] == 0 for c in ("ops", "slack", "teams")), found)
    by_prometheus(place, check)
    again = place.drift()
    check.run("the same drift again", again, 2)
    check("nobody is told again", not receiver.take())
    check("its age is told", re.search(r"# since \d{4}-\S+Z \(\d+ second", again.out), again.out)
    entry = json.loads(place.drift("-format=json").out)["drift"][0]["vaultform"]
    check("in JSON as well", entry["since"].endswith("Z") and entry["age"] >= 0, entry)
    place.meddle(POLICY.replace("read", "list"))
    place.drift()
    changed = [verified(m, SECRET) for m in receiver.take() if m[0] == "/ops"]
    check("another change of the same object is told", len(changed) == 1 and changed[0]["data"]["changed"] and not changed[0]["data"]["new"], changed)
    check.run("apply heals it", place.program("apply", "-auto-approve"), 0)
    check.run("in sync again", place.drift(), 0)
    messages = receiver.take()
    body = verified(next(m for m in messages if m[0] == "/ops"), SECRET)
    check("one recovery each", by_path(messages) == ["ops", "slack", "teams"] and body["type"] == "vaultform.recovery" and body["data"]["all_clear"], messages)
    place.drift()
    check("and no other", not receiver.take())
    memory = place.bao.read("vaultform/data/watched/default/drift")["data"]["memory"]
    check("nothing is remembered of what is over", json.loads(memory)["drift"] == {}, memory)


def down(place, check):
    """A receiver that is down or refuses: the run's own result stands; it is told later."""
    receiver = place.receiver
    place.meddle()
    receiver.status = 403
    told = place.drift()
    check.run("receivers that refuse", told, 2)
    check("a warning each, without the address", told.text.count("could not be told of drift") == 3 and "status 403" in told.text and "canary-in-url" not in told.text, told.text)
    check("and a metric", place.metrics()['notification_failed{channel="slack"}'] == 1)
    check("no retry where it makes no sense", len(receiver.take()) == 3)
    receiver.status = 500
    place.drift("-format=json")
    check("three attempts where it does", len(receiver.take()) == 9)
    receiver.status = 200
    gone = place.drift(SLACK_URL="http://127.0.0.1:9/canary-in-url")
    check("one that is not there", gone.code == 2 and gone.text.count("could not be told") == 1 and "canary-in-url" not in gone.text, gone.text)
    check("the others are told now", by_path(receiver.take()) == ["ops", "teams"])
    unset = place.drift(SLACK_URL="")
    check("one whose address is not set here", unset.code == 2 and "SLACK_URL is not set" in unset.text, unset.text)
    check.run("not asked to", place.drift("-notify=false"), 2)
    check("nobody is told then", not receiver.take())
    place.drift()
    check("the last one is told when it is there again", by_path(receiver.take()) == ["slack"])
    at = place.metrics()["last_success_timestamp_seconds"]
    time.sleep(1)
    failed = place.drift(VAULT_ADDR="http://127.0.0.1:9")
    found = place.metrics()
    check("a server that is down", failed.code == 1 and found["exit_code"] == 1 and "in_sync" not in found and found["last_success_timestamp_seconds"] == at, found)
    check("nobody is told of that", not receiver.take())


def ignoring(place, check):
    """Known drift, for a reason, until a day."""
    receiver = place.receiver
    rule = '  ignore "vault_policy.app" {\n    attributes = ["policy"]\n    reason     = "the operator edits it"\n    until      = "%s"\n  }\n}\n'
    base = SETTINGS.rstrip().removesuffix("}")
    place.settings(base + rule % "2999-12-31")
    told = place.drift()
    check.run("ignored", told, 0)
    check("it is said why", "the operator edits it, until 3000-01-01" in told.out, told.out)
    check("metrics count it", place.metrics()["ignored_objects"] == 1)
    messages = receiver.take()
    ends = [i["end"] for m in messages if m[0] == "/ops" for i in verified(m, SECRET)["data"]["recovered"]]
    check("those who knew are told that it is ignored from now on", by_path(messages) == ["ops", "slack", "teams"] and ends == ["ignored"], messages)
    place.settings(base + rule % "2020-12-31")
    told = place.drift()
    check("the day is over", told.code == 2 and "its drift counts again" in told.text, told.text)
    receiver.take()
    wrong = {'  ignore "vault_policy.app" {\n  }\n}\n': "has no `reason`", rule % "soon": "neither a day",
             '  ignore "vault policy" {\n    reason = "x"\n  }\n}\n': "not the address", '  ignore "vault_policy.none" {\n    reason = "x"\n  }\n}\n': "names nothing",
             '  notify "irc" {\n    url = env("X")\n  }\n}\n': "none of `webhook`", '  notify "teams" "b" {\n    url = "https://open"\n  }\n}\n': "does not stand in this file",
             '  notify "slack" {\n    url = env("SLACK_URL")\n  }\n}\n': "are called `slack`", '  heal {\n    max_objects = -1\n  }\n}\n': "whole number", "  odd = 1\n}\n": "setting `odd` is known in `drift`"}
    for text, why in wrong.items():
        place.settings(base + text)
        told = place.drift("-notify=false")
        check(f"settings: {why}", why in told.text and (told.code == 1 or why == "names nothing"), told.text)
    place.settings(SETTINGS)
    told = place.drift("-format=xyz")
    check("a form that is none", told.code == 1 and "`-format=xyz`" in told.text, told.text)
    check("the metrics are written all the same", place.metrics()["exit_code"] == 1)
    told = place.drift("-notify=false", "-metrics=no/such/folder/x.prom")
    check("metrics that cannot be written are a warning", told.code == 2 and "metrics cannot be written" in " ".join(told.text.split()), told.text)


def healing(place, check):
    """`-heal` puts right what drifted, and nothing else."""
    receiver, bao = place.receiver, place.bao
    place.drift()
    receiver.take()
    bao.request("DELETE", "sys/policies/acl/ops")
    bao.write("kv/data/app", {"data": {"password": "somebody-elses"}})
    # A change of the configuration that waits for an apply, and drift in the same object.
    bao.write("sys/mounts/kv/tune", {"max_lease_ttl": "1h"})
    place.settings(SETTINGS.rstrip().removesuffix("}") + "  heal {\n    max_objects = 1\n  }\n}\n")
    told = place.drift("-heal", "-var=words=others")
    check("more than the limit: refused, nothing is done", told.code == 6 and "one run may heal 1" in told.text and "ops" not in bao.list("sys/policies/acl"), told.text)
    receiver.take()
    place.settings(SETTINGS)
    told = place.drift("-heal", "-var=words=others")
    check("what is drift is put right", "ops" in bao.list("sys/policies/acl") and "kv/data/app" in bao.read("sys/policies/acl/app")["policy"], told.text)
    mount = bao.read("sys/mounts/kv")
    check("what waits for an apply is left", mount["description"] == "for the app" and "`vault_mount.kv` is not put right" in told.text, told.text)
    check("and is drift still", told.code == 2, told.text)
    found = place.metrics()
    check("metrics count what was healed", found["healed_objects"] == 2 or found["healed_objects"] == 3, found)
    body = [verified(m, SECRET) for m in receiver.take() if m[0] == "/ops"]
    healed = {i["address"] for b in body for i in b["data"]["recovered"] if i["end"] == "healed"}
    check("it is told what was healed", {"vault_policy.ops", "vault_policy.app"} <= healed, body)
    told = place.drift("-heal")
    check.run("with the configuration as it was, the rest is healed", told, 0)
    check("nothing is left to do", place.program("plan", "-detailed-exitcode").code == 0)
    place.meddle()
    told = place.drift("-heal", "-format=json")
    report = json.loads(told.out)
    check("the report is JSON alone", told.code == 0 and report["drift"] == [] and report["exit"] == "done", told.text)
    place.meddle()
    told = place.drift("-heal", "-target=vault_policy.ops")
    check("a target is looked at, and nothing else is healed", told.code == 0 and "secret/data/app" in bao.read("sys/policies/acl/app")["policy"], told.text)
    check.run("until it is meant", place.drift("-heal"), 0)


def reading_only(place, check):
    """An identity that only reads: with the policy for drift it remembers; with less, a file does."""
    receiver, bao = place.receiver, place.bao

    def token(name, text):
        bao.write(f"sys/policies/acl/{name}", {"policy": text})
        return bao.write("auth/token/create", {"policies": [name], "no_parent": True})["auth"]["client_token"]

    drifter = token("drifter", place.program("policy", "for-drift").out)
    planner = token("planner", place.program("policy", "for-plan").out)
    receiver.take()
    place.meddle()
    for _ in range(2):
        check.run("drift with the policy for drift", place.drift(VAULT_TOKEN=drifter), 2)
    check("is told once", len(receiver.take()) == 3)
    refused = place.drift("-heal", VAULT_TOKEN=drifter)
    check("it may not heal: exit 6", refused.code == 6 and "lacks capabilities" in refused.text, refused.text)
    told = place.drift(VAULT_TOKEN=planner)
    check("without it, a warning", told.code == 2 and "of drift cannot be used" in told.text, told.text)
    receiver.take()
    for _ in range(2):
        check.run("a memory of its own", place.drift("-memory=memory.json", VAULT_TOKEN=planner), 2)
    check("is told once", len(receiver.take()) == 3)
    check("the memory holds no value", "secret/data" not in (place.dir / "memory.json").read_text())
    (place.dir / "memory.json").write_text("{")
    told = place.drift("-memory=memory.json")
    check("a memory that is damaged is told and left", told.code == 2 and "memory.json" in told.text and (place.dir / "memory.json").read_text() == "{", told.text)


def strangers(place, check):
    """What lives on the server and in no configuration is listed where it is asked for."""
    bao = place.bao
    check.run("put right again", place.program("apply", "-auto-approve"), 0)
    bao.write("sys/policies/acl/stranger", {"policy": POLICY})
    bao.write("sys/auth/elsewhere", {"type": "userpass"})
    bao.write("kv/data/theirs", {"data": {"password": "canary-theirs"}})
    check("not unless it is asked for", "stranger" not in place.drift().out)
    told = place.drift("-unmanaged")
    rows = set(re.findall(r'^  "([^"]+)"$', told.out, re.M))
    wanted = {"sys/policies/acl/stranger", "sys/auth/elsewhere", "kv/data/theirs"}
    check("all of it is listed, and is no drift", told.code == 0 and wanted <= rows, told.text)
    check("nothing that is the server's or ours", not {r for r in rows if r.rsplit("/", 1)[1] in ("default", "root", "app", "ops", "kv", "vaultform", "token", "sys")}, rows)
    check("metrics count it", place.metrics()["unmanaged_objects"] == len(rows))
    place.settings(SETTINGS.replace("drift {", "drift {\n  unmanaged = true"))
    policy = place.program("policy", "for-drift").out
    bao.write("sys/policies/acl/drifter", {"policy": policy})
    token = bao.write("auth/token/create", {"policies": ["drifter"], "no_parent": True})["auth"]["client_token"]
    told = place.drift(VAULT_TOKEN=token)
    check("the policy for drift is enough for it", told.code == 0 and set(re.findall(r'^  "([^"]+)"$', told.out, re.M)) == rows and "in part" not in told.text, told.text)
    bao.write("sys/policies/acl/drifter", {"policy": re.sub(r'path "sys/policies/acl" .*', "", policy)})
    told = place.drift(VAULT_TOKEN=token)
    check("with less, it is said what could not be listed", told.code == 0 and "known in part only" in told.text and "sys/policies/acl" in told.text, told.text)


def elsewhere(check):
    """A ledger in a file, and a receiver whose certificate only its own authority vouches for."""
    settings = SETTINGS.split("  notify \"slack\"")[0] + '}\nledger {\n  kind = "file"\n}\n'
    with Place(settings) as place:
        subprocess.run(["sh", "-ec", OPENSSL], cwd=place.dir, check=True, capture_output=True)
        with Receiver(certificate=(place.dir / "server.pem", place.dir / "server.key")) as receiver:
            tls = (place.dir / "vaultform.hcl").read_text().replace(place.receiver.url, receiver.url)
            place.settings(tls)
            place.meddle()
            told = place.drift()
            check("a receiver that nobody vouches for is told nothing", told.code == 2 and "could not be told" in told.text and not receiver.take(), told.text)
            place.settings(tls.replace("    secret", '    ca_file = "ca.pem"\n    secret'))
            for _ in range(2):
                check.run("with its authority", place.drift(), 2)
            messages = receiver.take()
            check("it is told once", len(messages) == 1 and verified(messages[0], SECRET), messages)
        check("the memory stands beside the ledger", "vault_policy.app" in next(place.dir.glob("*.drift")).read_text())


def run():
    check = vf.Checks("drift")
    elsewhere(check)
    with Place() as place:
        for part in (told_once, down, ignoring, healing, reading_only, strangers):
            part(place, check)
        printed = "".join(place.program.transcript)
        check("no secret was printed", SECRET not in printed and "canary-password" not in printed and "canary-in-url" not in printed)
    return check


if __name__ == "__main__":
    run().exit()
