"""The 44 variables of the platform's `.env` file: looked at, stored, checked, declared.

usage: secrets.py
"""
import json
import pathlib
import re
import shutil
import tempfile

import vf

NAME = "dotmac-platform"
MARK = "canary-value"


class Place:
    """The example's rules and its variables, on a server with a KV mount."""

    def __init__(self):
        self.bao = vf.Bao()
        self.bao.write("sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-run-"))
        shutil.copy(vf.ROOT / "examples" / NAME / "vaultform.hcl", self.dir)
        text = (vf.ROOT / "examples" / NAME / "env.example").read_text().replace("change-me", MARK)
        (self.dir / ".env").write_text(text)
        self.program = vf.Program(self.dir, self.bao.env())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bao.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def versions(self):
        """The version of every secret, by path."""
        found, below = {}, [""]
        while below:
            folder = below.pop()
            for key in self.bao.list(f"secret/metadata/{folder}"):
                if key.endswith("/"):
                    below.append(folder + key)
                else:
                    found[folder + key] = self.bao.read(f"secret/metadata/{folder}{key}")["current_version"]
        return found


def migrate(place, check):
    """Dry run, import, verify; a second import changes nothing."""
    run, bao = place.program, place.bao
    dry = run("secrets", "import", ".env", "-dry-run")
    check.run("dry run", dry, 0)
    rows = [line for line in dry.out.splitlines() if line.startswith("add")]
    check("41 of 44 variables would be stored, 3 are left out", len(rows) == 41 and "3 left out" in dry.out, dry.out)
    check("the values are hidden, nothing is written", MARK not in dry.text and not place.versions(), dry.text)
    done = run("secrets", "import", ".env")
    check.run("import", done, 0)
    check("it was read again", "were read again" in done.out, done.out)
    at = {"billing/stripe/api_key": {"value": f"{MARK}-stripe"}, "database/replica_password": {"value": f"{MARK} #replica"},
          "app/secret_key": {"value": f"{MARK} $ecret"}, "storage/secret_key": {"value": f"{MARK}-secret"},
          "wireguard/default": {"private_key": f"-----BEGIN WIREGUARD KEY-----\n{MARK}-wireguard\n-----END WIREGUARD KEY-----", "preshared_key": f"{MARK}-preshared"}}
    for path, data in at.items():
        check(f"secret/{path} is as the file says", bao.read(f"secret/data/{path}")["data"] == data)
    before = place.versions()
    check("41 values stand in 40 secrets", len(before) == 40 and set(before.values()) == {1}, before)
    check.run("verify", run("secrets", "verify", ".env"), 0)
    check.run("a second import", run("secrets", "import", ".env"), 0)
    check("changes nothing", place.versions() == before)


def changed(place, check):
    """A value that was changed on the server is named, not shown, and not overwritten unasked."""
    run, bao = place.program, place.bao
    bao.write("secret/data/radius/secret", {"data": {"value": "canary-somebody-elses"}})
    bao.request("DELETE", "secret/metadata/search/api_key")
    told = run("secrets", "verify", ".env")
    check.run("verify", told, 2)
    named = set(re.findall(r"^(\S+) (?:is not there|has another)", told.out, re.M))
    check("it names the changed and the deleted one", named == {"RADIUS_SECRET", "SEARCH_API_KEY"}, told.out)
    check("and shows neither value", "canary" not in told.text, told.text)
    refused = run("secrets", "import", ".env")
    check("an import refuses to overwrite: exit 6", refused.code == 6 and "RADIUS_SECRET" in refused.err and "-force" in refused.err, refused.text)
    check("and has written nothing", "search/api_key" not in place.versions())
    bao.write("secret/data/wireguard/default", {"data": bao.read("secret/data/wireguard/default")["data"] | {"endpoint": "kept"}})
    bao.write("secret/data/wireguard/default", {"data": bao.read("secret/data/wireguard/default")["data"] | {"private_key": "x"}})
    check.run("with -force", run("secrets", "import", ".env", "-force"), 0)
    check.run("all is as the file says", run("secrets", "verify", ".env"), 0)
    check("a field that the file does not know stays", bao.read("secret/data/wireguard/default")["data"]["endpoint"] == "kept")
    bao.request("DELETE", "secret/data/redis/password")
    check.run("a deleted version is written again", run("secrets", "import", ".env"), 0)
    check("as the next one", place.versions()["redis/password"] == 2)
    one = run("secrets", "import", ".env", "-category=stripe", "-category=paypal", "-dry-run")
    check("a category alone", one.out.count("\nkeep") == 6, one.out)
    check("a category that is none", "did you mean `stripe`" in run("secrets", "import", ".env", "-category=stirpe").err)


def forms(place, check):
    """JSON and YAML, and what is wrong with files."""
    run = place.program
    (place.dir / "a.json").write_text(json.dumps({"REDIS_PASSWORD": f"{MARK}-redis", "SMTP_USERNAME": "mailer@example.org"}))
    (place.dir / "a.yaml").write_text(f"REDIS_PASSWORD: {MARK}-redis\nOTEL_TOKEN: {MARK}-otel\n")
    check.run("JSON and YAML say the same", run("secrets", "verify", "a.json", "a.yaml"), 0)
    (place.dir / "bad.env").write_text(f"REDIS_PASSWORD={MARK}\n2X={MARK}\nRADIUS_SECRET='{MARK}' {MARK}\nSMTP_PASSWORD=\"{MARK}\n")
    told = run("secrets", "import", "bad.env")
    places = re.findall(r"line (\d+), column (\d+)", told.err)
    check("every mistake with line and column", told.code == 1 and places == [("2", "1"), ("3", "30"), ("4", "15")], told.text)
    check("and without a value", MARK not in told.text, told.text)
    (place.dir / "new.env").write_text("UNKNOWN_ONE=x\nUNKNOWN_TWO=y\nREDIS_PASSWORD=z\n")
    told = run("secrets", "import", "new.env")
    check("names that no rule maps: all of them", told.code == 1 and "UNKNOWN_ONE" in told.err and "UNKNOWN_TWO" in told.err, told.text)
    (place.dir / "twice.env").write_text("TAXJAR_API_KEY=a\nSECRET_KEY=b\n")
    rules = place.dir / "vaultform.hcl"
    before = rules.read_text()
    rules.write_text(before.replace('path  = "billing/tax/{name}"', 'path  = "app/secret_key"\n    field = "value"'))
    told = run("secrets", "import", "twice.env")
    check("two names for one place", told.code == 1 and "same place" in told.err, told.text)
    rules.write_text(before.replace('mount = "secret"', 'mount = "nowhere"'))
    told = run("secrets", "import", ".env")
    check("a mount that is not there", told.code == 1 and "nowhere" in told.err and "vault_mount" in told.err, told.text)
    place.bao.write("sys/mounts/old", {"type": "kv"})
    rules.write_text(before.replace('mount = "secret"', 'mount = "old"'))
    told = run("secrets", "import", ".env")
    check("a mount of version 1", told.code == 1 and "version 1" in told.err, told.text)
    rules.write_text(before)


def declare(place, check):
    """The resources that declare them hold no value; they are valid and adopt what is there."""
    run = place.program
    check.run("-emit-tf", run("secrets", "import", ".env", "-dry-run", "-emit-tf=secrets.tf"), 0)
    text = (place.dir / "secrets.tf").read_text()
    check("no value stands in it", MARK not in text)
    check("40 resources, 41 variables", text.count('resource "vault_kv_secret_v2"') == 40 and text.count('variable "') == 41)
    check.run("it is formatted", run("fmt", "-check"), 0)
    variables = {f"TF_VAR_{name}": "x" for name in re.findall(r'variable "(\w+)"', text)}
    check.run("it is valid", run("validate"), 0)
    planned = run("plan", **variables)
    check("it adopts what is there", planned.code == 0 and "40 to adopt" in planned.out and "0 to add" in planned.out, planned.text)


def run():
    check = vf.Checks("secrets")
    with Place() as place:
        migrate(place, check)
        changed(place, check)
        forms(place, check)
        declare(place, check)
        check("no value was printed in all this", not any(MARK in told for told in place.program.transcript))
    return check


if __name__ == "__main__":
    run().exit()
