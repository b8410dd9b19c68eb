"""Who owns what: passwords that the server took over, objects that moved house, and objects of another configuration.

usage: ownership.py
"""
import contextlib
import json
import pathlib
import shutil
import tempfile

import dump
import vf
from proxy import Proxy

CANARY = "canary-owner"

DATABASE = '''
variable "password" {
  type      = string
  sensitive = true
}

variable "connections" {
  type    = number
  default = 4
}

resource "vault_mount" "db" {
  path = "db"
  type = "database"
}

resource "vault_database_secret_backend_connection" "pg" {
  backend       = vault_mount.db.path
  name          = "pg"
  allowed_roles = ["reader"]
  rotate_root   = true

  postgresql {
    connection_url       = "postgresql://{{username}}:{{password}}@HOST/postgres?sslmode=disable"
    username             = "keeper"
    password             = var.password
    max_open_connections = var.connections
  }
}

resource "vault_database_secret_backend_role" "reader" {
  backend             = vault_mount.db.path
  name                = "reader"
  db_name             = vault_database_secret_backend_connection.pg.name
  creation_statements = [
    "CREATE ROLE \\"{{name}}\\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
    "GRANT SELECT ON wares TO \\"{{name}}\\"",
  ]
  default_ttl = 300
}
'''

HOUSE = '''
variable "path" {
  default = "old"
}

variable "users" {
  default = "people"
}

resource "vault_mount" "kv" {
  path = var.path
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "own" {
  mount               = vault_mount.kv.path
  name                = "app/own"
  delete_all_versions = true
  data_json           = jsonencode({ password = "canary-owner-own" })
}

resource "vault_auth_backend" "users" {
  path = var.users
  type = "userpass"
}

resource "vault_userpass_auth_backend_user" "ada" {
  mount       = vault_auth_backend.users.path
  username    = "ada"
  password_wo = "canary-owner-ada"
}

resource "vault_mount" "pki" {
  path                  = "${var.path}-pki"
  type                  = "pki"
  max_lease_ttl_seconds = 86400
}

resource "vault_pki_secret_backend_root_cert" "root" {
  backend     = vault_mount.pki.path
  type        = "internal"
  common_name = "house.test"
  ttl         = 86400
}

resource "vault_pki_secret_backend_role" "web" {
  backend        = "${var.path}-pki"
  name           = "web"
  allow_any_name = true
}

resource "vault_mount" "transit" {
  path = "${var.path}-transit"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "key" {
  backend          = vault_mount.transit.path
  name             = "key"
  deletion_allowed = true
}

resource "vault_policy" "reader" {
  name   = "reader"
  policy = <<-EOT
    path "${vault_mount.kv.path}/data/*" {
      capabilities = ["read"]
    }
  EOT
}
'''

SHARED = 'resource "vault_policy" "shared" {\n  name   = "shared"\n  policy = "path \\"x\\" { capabilities = [\\"read\\"] }"\n}\n'


@contextlib.contextmanager
def place(bao, name, configuration, **variables):
    """The program in a directory of its own, with a ledger of its own."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-owner-"))
    (directory / "main.tf").write_text(configuration)
    given = {f"TF_VAR_{key}": value for key, value in variables.items()}
    try:
        yield vf.Program(directory, bao.env() | given | {"VAULTFORM_NAME": name})
    finally:
        shutil.rmtree(directory)


def settled(check, run, name, **env):
    check.run(f"{name}: nothing more to do", run("plan", "-detailed-exitcode", **env), 0)


def can_read(check, bao, pg, name):
    given = bao.read("db/creds/reader")
    done = pg.run("select count(*) from wares", user=given["username"], password=given["password"])
    check(f"{name}: credentials from the server read what the role grants", done.stdout.strip() == "2", done.stderr)
    done = pg.run("delete from wares", user=given["username"], password=given["password"])
    check(f"{name}: and may not do more", "permission denied" in done.stderr, done.stdout + done.stderr)


def logs_in(pg, password):
    return pg.run("select 1", user="keeper", password=password).returncode == 0


def rotated_password(check):
    """Once the server has rotated a password, nobody sends it again; `-retake-root` gives it back."""
    first, second = f"{CANARY}-first", f"{CANARY}-second"
    with vf.Bao() as bao, vf.Postgres() as pg:
        pg.query(f"create role keeper login superuser password '{first}'; create table wares as select generate_series(1, 2) as id")
        before = dump.dump(bao)
        with place(bao, "rotated", DATABASE.replace("HOST", f"{pg.host}:{pg.port}"), password=first) as run:
            check("the first password logs in before", logs_in(pg, first))
            check.run("apply", run("apply", "-auto-approve"), 0)
            check("and not after: only the server knows the new one", not logs_in(pg, first))
            settled(check, run, "after the rotation")
            can_read(check, bao, pg, "after the rotation")

            done = run("apply", "-auto-approve", TF_VAR_connections="7")
            check.run("another attribute changes", done, 0)
            check("it is written", bao.read("db/config/pg")["connection_details"]["max_open_connections"] == 7)
            can_read(check, bao, pg, "after another attribute changed")
            settled(check, run, "after another attribute changed", TF_VAR_connections="7")

            other = run("plan", "-detailed-exitcode", TF_VAR_connections="7", TF_VAR_password=second)
            check.run("a newly declared password is not sent", other, 0)

            pg.query(f"alter role keeper password '{second}'")
            again = {"TF_VAR_connections": "7", "TF_VAR_password": second}
            address = "vault_database_secret_backend_connection.pg"
            planned = run("plan", "-detailed-exitcode", f"-retake-root={address}", **again)
            check.run("-retake-root plans it", planned, 2)
            check("at that object alone", planned.addresses() == {address}, planned.text)
            check.run("-retake-root", run("apply", "-auto-approve", f"-retake-root={address}", **again), 0)
            check("the server rotated it again", not logs_in(pg, second))
            can_read(check, bao, pg, "after it was taken back")
            settled(check, run, "after it was taken back", **again)

            bao.request("PUT", "sys/leases/revoke-prefix/db", {})
            check.run("destroy", run("destroy", "-auto-approve"), 0)
            left = dump.difference(before, dump.dump(bao))
            check("the server is as it was found", not left, "\n".join(left))
            told = [text for text in run.transcript if CANARY in text]
            check("no password was told", not told, "\n".join(told)[:2000])


def inhabited(bao, run):
    """The house at its old paths, with what others put into it; what must still hold at any other path."""
    done = run("apply", "-auto-approve")
    if done.code:
        raise SystemExit(done.text)
    bao.write("old/data/by-hand", {"data": {"kept": "yes"}})
    bao.write("auth/people/users/by-hand", {"password": "canary-owner-hand"})
    return bao.read("old-pki/cert/ca")["certificate"], bao.write("old-transit/encrypt/key", {"plaintext": "aG91c2U="})["data"]["ciphertext"]


def lost(bao, kept):
    """What a move has lost, as words."""
    certificate, sealed = kept
    found = {
        "a secret by hand": bao.read("new/house/data/by-hand")["data"] == {"kept": "yes"},
        "the declared secret's only version": bao.read("new/house/metadata/app/own")["current_version"] == 1,
        "the certificate authority": bao.read("new/house-pki/cert/ca")["certificate"] == certificate,
        "its being the only one": len(bao.list("new/house-pki/issuers")) == 1,
        "the key": bao.write("new/house-transit/decrypt/key", {"ciphertext": sealed})["data"]["plaintext"] == "aG91c2U=",
        "the old paths being gone": not {"old/", "old-pki/", "old-transit/", "people/"} & {*bao.read("sys/mounts"), *bao.read("sys/auth")},
        "the policy": "new/house/data/*" in bao.read("sys/policies/acl/reader")["policy"],
    }
    for user, password in (("ada", "canary-owner-ada"), ("by-hand", "canary-owner-hand")):
        login = bao.write(f"auth/staff/login/{user}", {"password": password}, ok=False)
        found[f"the login of {user}"] = login["status"] == 200
    return [what for what, holds in found.items() if not holds]


MOVED = {"TF_VAR_path": "new/house", "TF_VAR_users": "staff"}


def moved_house(check):
    """Mounts and auth methods with another path are moved with all that is in them, whoever put it there."""
    with vf.Bao() as bao:
        before = dump.dump(bao)
        with place(bao, "house", HOUSE) as run:
            kept = inhabited(bao, run)
            planned = run("plan", "-detailed-exitcode", "-out=plan.json", **MOVED)
            check.run("other paths", planned, 2)
            check("are planned as moves", planned.out.count("will be moved on the server") == 4, planned.out)
            steps = json.loads((run.dir / "plan.json").read_text())["resource_changes"]
            made = [step["address"] for step in steps if {"create", "delete"} & {*step["change"]["actions"]}]
            check("and nothing is planned to be made or destroyed", not made, planned.out)
            check.run("apply the moves", run("apply", "-auto-approve", **MOVED), 0)
            settled(check, run, "after the moves", **MOVED)
            check("nothing is lost", not lost(bao, kept), lost(bao, kept))
            check.run("no drift", run("drift", **MOVED), 0)

            bao.request("DELETE", "new/house/metadata/app/own")
            drift = run("drift", **MOVED)
            check("drift below the new path is seen", drift.code == 2 and drift.addresses() == {"vault_kv_secret_v2.own"}, drift.text)
            check.run("and healed", run("apply", "-auto-approve", **MOVED), 0)

            back = {"TF_VAR_path": "third", "TF_VAR_users": "staff"}
            cut = HOUSE.index('resource "vault_kv_secret_v2"'), HOUSE.index('resource "vault_auth_backend"')
            (run.dir / "main.tf").write_text(HOUSE[:cut[0]] + HOUSE[cut[1]:])
            done = run("apply", "-auto-approve", **back)
            check.run("what leaves the files while its mount moves", done, 0)
            check("is destroyed, wherever", bao.list("third/metadata/") == ["by-hand"] and "1 destroyed" in done.out, done.text)
            settled(check, run, "after that", **back)
            bao.request("DELETE", "third/metadata/by-hand")
            bao.request("DELETE", "auth/staff/users/by-hand")
            check.run("destroy", run("destroy", "-auto-approve", **back), 0)
            left = [line for line in dump.difference(before, dump.dump(bao)) if "identity/entity" not in line]
            check("the server is as it was found", not left, "\n".join(left))


def moved_by_hand(check):
    """A mount that an administrator moved first is known again, with all that is in it."""
    with vf.Bao() as bao, place(bao, "house", HOUSE) as run:
        kept = inhabited(bao, run)
        for old, new in (("old", "new/house"), ("old-pki", "new/house-pki"), ("old-transit", "new/house-transit")):
            bao.cli("secrets", "move", f"{old}/", f"{new}/")
        bao.cli("auth", "move", "auth/people/", "auth/staff/")
        done = run("apply", "-auto-approve", **MOVED)
        check.run("paths that were changed by hand first, and then in the files", done, 0)
        check("nothing is made or destroyed", "0 added" in done.out and "0 destroyed" in done.out, done.text)
        check("nothing is lost", not lost(bao, kept), lost(bao, kept))
        settled(check, run, "after that", **MOVED)


def killed_while_moving(check, every=1):
    """A run that is killed while it moves mounts is finished by the next one."""
    with vf.Bao() as bao, place(bao, "house", HOUSE) as run:
        inhabited(bao, run)
        with Proxy(bao.addr) as proxy:
            run("apply", "-auto-approve", VAULT_ADDR=proxy.addr, **MOVED)
            requests = len(proxy.requests)
    check("a move takes some requests", requests > 10, requests)
    points = [(at, withhold) for at in range(1, requests + 1, every) for withhold in (True, False)]
    for at, withhold in points:
        with vf.Bao() as bao, place(bao, "house", HOUSE) as run:
            kept = inhabited(bao, run)
            child = None
            with Proxy(bao.addr, at, withhold, lambda: child.kill()) as proxy:
                child = run.start("apply", "-auto-approve", VAULT_ADDR=proxy.addr, **MOVED)
                run.finish(child)
            again = run("apply", "-auto-approve", **MOVED)
            plan = run("plan", "-detailed-exitcode", **MOVED)
            wrong = [again.text] if again.code else [plan.text] if plan.code else lost(bao, kept)
            check(f"killed at request {at} of {requests}, reply {'withheld' if withhold else 'delivered'}", not wrong, "\n".join(wrong))


def two_owners(check):
    """What another configuration owns is not taken over unasked."""
    with vf.Bao() as bao, place(bao, "first", SHARED) as first, place(bao, "second", SHARED) as second:
        check.run("the first owns it", first("apply", "-auto-approve"), 0)
        refused = second("apply", "-auto-approve")
        check.run("the second is refused", refused, 6)
        named = "`first`" in refused.text and "-take-from=first" in refused.text and "main.tf" in refused.text
        check("with the owner, the way out and the place", named, refused.text)
        planned = second("plan", "-detailed-exitcode", "-take-from=first")
        check.run("-take-from plans to adopt it", planned, 2)
        check.run("-take-from", second("apply", "-auto-approve", "-take-from=first"), 0)
        settled(check, second, "the second")
        (first.dir / "main.tf").write_text("")
        left = first("apply", "-auto-approve")
        check.run("the first lets go of it", left, 0)
        check("and says why", "forgotten, not destroyed" in left.text and "`second`" in left.text, left.text)
        check("without destroying what is another's now", bao.request("GET", "sys/policies/acl/shared", ok=False)["status"] == 200, left.text)
        settled(check, second, "the second, still")
        check.run("the last owner destroys it", second("destroy", "-auto-approve"), 0)
        check("then it is gone", bao.request("GET", "sys/policies/acl/shared", ok=False)["status"] == 404)


def run():
    check = vf.Checks("ownership")
    rotated_password(check)
    moved_house(check)
    moved_by_hand(check)
    killed_while_moving(check, every=7)
    two_owners(check)
    return check


if __name__ == "__main__":
    run().exit()
