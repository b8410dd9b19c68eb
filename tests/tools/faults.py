"""What goes wrong while an apply runs: replies that get lost, others who are faster, refusals, what no server takes back,
and a lock that is lost.

usage: faults.py
"""
import signal

import vf
from ownership import place, settled
from proxy import Proxy

LOST = '''
variable "path" {
  default = "kv"
}

variable "text" {
  default = "first"
}

resource "vault_mount" "kv" {
  path = var.path
  type = "kv-v2"
}

resource "vault_mount" "pki" {
  path                  = "pki"
  type                  = "pki"
  description           = "certificates"
  max_lease_ttl_seconds = 86400
}

resource "vault_auth_backend" "approle" {
  type = "approle"

  tune {
    default_lease_ttl = "10m"
  }
}

resource "vault_audit" "file" {
  type    = "file"
  options = { file_path = "discard" }
}

resource "vault_kv_secret_v2" "app" {
  mount     = vault_mount.kv.path
  name      = "app"
  data_json = jsonencode({ text = var.text })
}

resource "vault_generic_secret" "old" {
  path      = "${vault_mount.kv.path}/old"
  data_json = jsonencode({ text = var.text })
}

resource "vault_identity_entity" "ada" {
  name = "ada"
}

resource "vault_identity_group" "people" {
  name              = "people"
  member_entity_ids = [vault_identity_entity.ada.id]
}

resource "vault_approle_auth_backend_role" "ci" {
  backend   = vault_auth_backend.approle.path
  role_name = "ci"
}

resource "vault_approle_auth_backend_role_secret_id" "ci" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.ci.role_name
  metadata  = jsonencode({ whose = "ci" })
}

resource "vault_token" "robot" {
  display_name = "robot"
  policies     = ["default"]
  ttl          = "10h"
}

resource "vault_kv_secret_v2" "given" {
  mount     = vault_mount.kv.path
  name      = "given"
  data_json = jsonencode({ secret_id = vault_approle_auth_backend_role_secret_id.ci.secret_id })
}
'''

MADE = (
    "POST /v1/sys/mounts/kv", "POST /v1/sys/mounts/pki", "POST /v1/sys/auth/approle", "POST /v1/sys/audit/file",
    "POST /v1/kv/data/app", "POST /v1/kv/data/old", "POST /v1/identity/entity", "POST /v1/identity/group",
    "POST /v1/auth/approle/role/ci/secret-id", "POST /v1/auth/token/create",
)


# The server says the request and the certificate once: who is killed on the way makes both anew. `keys` is such a value too, and
# the issuer holds the key of the request, so that what is useless must go in the order of use.
CHAIN = """
resource "vault_mount" "upper" {
  path = "upper"
  type = "pki"
}

resource "vault_mount" "lower" {
  path = "lower"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "upper" {
  backend     = vault_mount.upper.path
  type        = "internal"
  common_name = "Upper"
  key_type    = "ec"
  key_bits    = 256
}

resource "vault_pki_secret_backend_intermediate_cert_request" "lower" {
  backend     = vault_mount.lower.path
  type        = "internal"
  common_name = "Lower"
  key_type    = "ec"
  key_bits    = 256
}

resource "vault_pki_secret_backend_root_sign_intermediate" "lower" {
  backend     = vault_mount.upper.path
  issuer_ref  = vault_pki_secret_backend_root_cert.upper.issuer_id
  csr         = vault_pki_secret_backend_intermediate_cert_request.lower.csr
  common_name = "Lower"
  format      = "pem_bundle"
}

resource "vault_pki_secret_backend_intermediate_set_signed" "lower" {
  backend     = vault_mount.lower.path
  certificate = vault_pki_secret_backend_root_sign_intermediate.lower.certificate
}

resource "vault_pki_secret_backend_role" "app" {
  backend    = vault_mount.lower.path
  name       = "app"
  depends_on = [vault_pki_secret_backend_intermediate_set_signed.lower]
}
"""
READ = """
output "keys" {
  value = vault_pki_secret_backend_intermediate_set_signed.lower.imported_keys
}
"""

def versions(bao, name, mount="kv"):
    return bao.read(f"{mount}/metadata/{name}")["current_version"]


def lost_replies(check):
    """What the server did counts as done, also when its reply got lost: nothing fails, and nothing is there twice."""
    with vf.Bao() as bao, place(bao, "lost", LOST) as run:
        robots = lambda: [a for a in bao.list("auth/token/accessors") if bao.write("auth/token/lookup-accessor", {"accessor": a})["data"]["display_name"] == "token-robot"]
        with Proxy(bao.addr, drops=MADE) as proxy:
            check.run("every reply to what makes something gets lost", run("apply", "-auto-approve", VAULT_ADDR=proxy.addr), 0)
            check("each of them did get lost", set(proxy.dropped) == set(MADE), proxy.drops)
        check("a secret has one version", versions(bao, "app") == 1, versions(bao, "app"))
        check("one without check-and-set too", versions(bao, "old") == 1, versions(bao, "old"))
        check("there is one entity", len(bao.list("identity/entity/id")) == 1)
        check("and one group", len(bao.list("identity/group/id")) == 1)
        check("and one token", len(robots()) == 1, robots())
        check("and one secret id", len(bao.list("auth/approle/role/ci/secret-id")) == 1)
        given = bao.read("kv/data/given")["data"]["secret_id"]
        known = bao.write("auth/approle/role/ci/secret-id/lookup", {"secret_id": given}, ok=False)
        check("the one that was handed on", known["status"] == 200, known)
        settled(check, run, "after lost replies")

        with Proxy(bao.addr, drops=("POST /v1/kv/data/app",)) as proxy:
            check.run("the reply to a new version gets lost", run("apply", "-auto-approve", VAULT_ADDR=proxy.addr, TF_VAR_text="second"), 0)
            check("it did", proxy.dropped)
        check("there is one new version", versions(bao, "app") == 2, versions(bao, "app"))
        with Proxy(bao.addr, drops=("POST /v1/sys/remount",)) as proxy:
            again = {"TF_VAR_text": "second", "TF_VAR_path": "moved"}
            check.run("the reply to a move gets lost", run("apply", "-auto-approve", VAULT_ADDR=proxy.addr, **again), 0)
            check("it did", proxy.dropped)
        settled(check, run, "after the move", **again)
        check("nothing was written anew", versions(bao, "app", "moved") == 2, versions(bao, "app", "moved"))
        gone = [f"DELETE /v1/{path}" for path in ("sys/mounts/moved", "sys/mounts/pki", "sys/auth/approle", "sys/audit/file")]
        gone += [f"DELETE /v1/identity/{kind}/id/{name}" for kind in ("entity", "group") for name in bao.list(f"identity/{kind}/id")]
        gone += ["POST /v1/auth/token/revoke-accessor"]
        with Proxy(bao.addr, drops=gone) as proxy:
            check.run("the replies to what removes get lost", run("destroy", "-auto-approve", VAULT_ADDR=proxy.addr, **again), 0)
            check("all of them did", set(proxy.dropped) == set(gone), proxy.drops)
        check("all is gone", not {"moved/", "pki/"} & {*bao.read("sys/mounts")} and not bao.list("identity/entity/id") and not robots())


STAFF = 'resource "vault_auth_backend" "staff" {\n  type = "userpass"\n  path = "staff"\n}\n'
POLICY = 'resource "vault_policy" "shared" {\n  name   = "shared"\n  policy = "path \\"x\\" { capabilities = [\\"read\\"] }"\n}\n'
BESIDE = 'resource "vault_mount" "kv" {\n  path = "kv"\n  type = "kv-v2"\n}\n'
SECRET = 'resource "vault_kv_secret_v2" "app" {\n  mount     = "kv"\n  name      = "app"\n  data_json = jsonencode({ whose = "ours" })\n}\n'


def owned(run):
    """What the ledger remembers, as the program lists it."""
    return run("state", "list").out


def refused(check):
    """What others make where our own create was refused is theirs."""
    with vf.Bao() as bao, place(bao, "mount", STAFF + BESIDE) as run:
        faster = lambda: bao.write("sys/auth/staff", {"type": "userpass", "description": "theirs"})
        with Proxy(bao.addr, ahead={"POST /v1/sys/auth/staff": faster}) as proxy:
            done = run("apply", "-auto-approve", VAULT_ADDR=proxy.addr)
        check("a mount that others made first is refused", done.code and "already in use" in done.text, done.text)
        check("it is not in the ledger, what was made beside it is", "staff" not in owned(run) and "vault_mount.kv" in owned(run), owned(run))
        planned = run("plan", "-no-adopt")
        check("a plan does not take it for ours", planned.code and "not ours" in planned.text, planned.text)
        check.run("destroy", run("destroy", "-auto-approve"), 0)
        check("it is left alone", "staff/" in bao.read("sys/auth"))
    with vf.Bao() as bao, place(bao, "policy", POLICY + BESIDE) as run:
        most = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'
        less = most + 'path "sys/policies/acl/shared" { capabilities = ["read"] }'
        bao.write("sys/policies/acl/most", {"policy": most})
        token = bao.write("auth/token/create", {"policies": ["most"]})["auth"]["client_token"]
        with Proxy(bao.addr, ahead={"POST /v1/sys/policies/acl/shared": lambda: bao.write("sys/policies/acl/most", {"policy": less})}) as proxy:
            denied = run("apply", "-auto-approve", VAULT_ADDR=proxy.addr, VAULT_TOKEN=token)
        check("a policy that may not be written is refused", denied.code and "denied" in denied.text, denied.text)
        bao.write("sys/policies/acl/shared", {"policy": 'path "theirs" { capabilities = ["read"] }'})
        (run.dir / "main.tf").write_text(BESIDE)
        check.run("its block goes", run("apply", "-auto-approve", "-no-adopt"), 0)
        there = bao.request("GET", "sys/policies/acl/shared", ok=False)
        check("what others wrote there stays", there["status"] == 200 and "theirs" in there["data"]["policy"], there)


def interrupted(check):
    """What a run that was asked to stop did not begin is not in the ledger."""
    many = "".join(POLICY.replace("shared", f"p{number}") for number in range(60))
    with vf.Bao() as bao, place(bao, "interrupted", many) as run:
        with Proxy(bao.addr, delay=0.1) as slow:
            child = run.start("apply", "-auto-approve", VAULT_ADDR=slow.addr)
            vf.wait_for(lambda: any("POST /v1/sys/policies/acl/" in line for line in list(slow.requests)))
            child.send_signal(signal.SIGINT)
            done = run.finish(child)
        there = {name for name in bao.list("sys/policies/acl") if name.startswith("p")}
        check("it stops on the way", done.code and 0 < len(there) < 60, f"{done.code} {len(there)}\n{done.text[-2000:]}")
        noted = {line.strip().rsplit(".")[-1] for line in owned(run).splitlines() if "vault_policy" in line}
        check("the ledger holds what is there", len(noted) == len(there), f"{noted ^ there}")


def faster_secret(check):
    """A secret that was not there when the plan looked is not written over another's."""
    with vf.Bao() as bao, place(bao, "secret", SECRET) as run:
        bao.write("sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
        vf.wait_for(lambda: bao.request("LIST", "kv/metadata", ok=False)["status"] == 404)
        faster = lambda: bao.write("kv/data/app", {"data": {"whose": "theirs"}})
        with Proxy(bao.addr, ahead={"POST /v1/kv/data/app": faster}) as proxy:
            done = run("apply", "-auto-approve", VAULT_ADDR=proxy.addr)
        check("a secret that others wrote first is refused", done.code and "somebody else" in done.text, done.text)
        kept = bao.read("kv/data/app")
        check("and stays theirs", kept["data"] == {"whose": "theirs"} and kept["metadata"]["version"] == 1, kept)
        bao.request("DELETE", "kv/data/app")
        check.run("after a deleted version", run("apply", "-auto-approve"), 0)
        kept = bao.read("kv/data/app")
        check("it is written again", kept["data"] == {"whose": "ours"} and kept["metadata"]["version"] == 2, kept)
        settled(check, run, "after a deleted version")


def stopped(check):
    """A program that slept while another took its lock over writes nothing more."""
    many = "".join(POLICY.replace("shared", f"p{number}") for number in range(200))
    with vf.Bao() as bao, place(bao, "stopped", many) as run, Proxy(bao.addr, delay=0.05) as slow:
        first = run.start("apply", "-auto-approve", VAULT_ADDR=slow.addr)
        vf.wait_for(lambda: sum("/sys/policies/acl/" in line and line.startswith("POST") for line in list(slow.requests)) > 20)
        first.send_signal(signal.SIGSTOP)
        second = run("apply", "-auto-approve", "-lock-timeout=60s")
        check.run("another run takes over from one that sleeps", second, 0)
        before = len(slow.requests)
        first.send_signal(signal.SIGCONT)
        done = run.finish(first)
        late = [line for line in slow.requests[before:] if not line.startswith("GET") and "/vaultform" not in line]
        check("the one that slept writes nothing more", not late, late)
        check("and says why", done.code and "lock was lost" in done.text, f"{done.code}\n{done.text[-2000:]}")
        settled(check, run, "after that")


SETTINGS = '''
resource "vault_pki_secret_backend_config_urls" "urls" {
  backend              = "pki"
  issuing_certificates = ["https://pki.example/ca"]
}

resource "vault_pki_secret_backend_config_issuers" "default" {
  backend                       = "pki"
  default                       = "root"
  default_follows_latest_issuer = true
}
'''


def refused_reset(check):
    """Settings that the server will not put back are not told to be gone."""
    with vf.Bao() as bao, place(bao, "settings", SETTINGS) as run:
        bao.write("sys/mounts/pki", {"type": "pki"})
        bao.write("pki/root/generate/internal", {"common_name": "root.test", "issuer_name": "root"})
        check.run("settings of a mount that is there", run("apply", "-auto-approve"), 0)
        with Proxy(bao.addr, refuses=("POST /v1/pki/config/urls",)) as proxy:
            done = run("destroy", "-auto-approve", VAULT_ADDR=proxy.addr)
        check("a refusal to put them back is a failure", done.code and "not today" in done.text, done.text)
        check("they are still remembered", "config_urls" in owned(run), owned(run))
        followed = bao.read("pki/config/issuers")
        check("what must have a value stays, the rest goes back", followed["default"] and not followed["default_follows_latest_issuer"], followed)
        check("and is forgotten", "config_issuers" not in owned(run), owned(run))
        check.run("the next destroy", run("destroy", "-auto-approve"), 0)
        check("puts them back", not bao.read("pki/config/urls")["issuing_certificates"])


def lowered(check):
    """No server lowers the version of a KV mount: that is another mount, and what is in it is not lost unasked."""
    mount = lambda what: f'resource "vault_mount" "kv" {{\n  path = "kv"\n  {what}\n}}\n'
    with vf.Bao() as bao, place(bao, "lowered", mount('type = "kv-v2"')) as run:
        check.run("a mount of version 2", run("apply", "-auto-approve"), 0)
        vf.wait_for(lambda: bao.request("POST", "kv/data/theirs", {"data": {"kept": "yes"}}, ok=False)["status"] == 200)
        (run.dir / "main.tf").write_text(mount('type = "kv"'))
        planned = run("plan", "-detailed-exitcode", "-allow-data-loss")
        check("a lower version is planned as another mount", planned.code == 2 and "must be replaced" in planned.out, planned.text)
        kept = run("apply", "-auto-approve")
        check("it is refused while something is in it", kept.code and "-allow-data-loss" in kept.text, kept.text)
        check("which is still there", bao.read("kv/data/theirs")["data"] == {"kept": "yes"})
        check.run("it is done when allowed", run("apply", "-auto-approve", "-allow-data-loss"), 0)
        check("then the version is lower", (bao.read("sys/mounts/kv")["options"] or {}).get("version", "1") == "1")
        settled(check, run, "after that")
        bao.write("kv/theirs", {"kept": "yes"})
        (run.dir / "main.tf").write_text(mount('type = "kv"\n  options = { version = "1" }'))
        settled(check, run, "version 1 is what is without saying so")
        (run.dir / "main.tf").write_text(mount('type = "kv-v2"'))
        check.run("a higher version", run("apply", "-auto-approve"), 0)
        vf.wait_for(lambda: bao.request("GET", "kv/data/theirs", ok=False)["status"] == 200)
        check("loses nothing", bao.read("kv/data/theirs")["data"] == {"kept": "yes"})
        settled(check, run, "after the higher version")


NAMED = '''
resource "vault_auth_backend" "desks" {
  type = "userpass"
}

resource "vault_identity_entity" "ada" {
  name = "ada"
}

resource "vault_identity_entity_alias" "ada" {
  name           = "ada"
  mount_accessor = vault_auth_backend.desks.accessor
  canonical_id   = vault_identity_entity.ada.id
}
'''


def gone_along(check):
    """What the server removes with an object that is replaced is made anew in the same run."""
    with vf.Bao() as bao, place(bao, "named", NAMED) as run:
        check.run("an entity with an alias", run("apply", "-auto-approve"), 0)
        check.run("the entity is replaced", run("apply", "-auto-approve", "-replace=vault_identity_entity.ada"), 0)
        entity, = bao.list("identity/entity/id")
        alias, = bao.list("identity/entity-alias/id") or [None]
        check("the new one has the alias", alias and bao.read(f"identity/entity-alias/id/{alias}")["canonical_id"] == entity)
        settled(check, run, "after the replacement")
        check.run("destroy", run("destroy", "-auto-approve"), 0)
        check("nothing is left", not bao.list("identity/entity/id"))


EDITED = """
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "app" {
  backend   = vault_auth_backend.approle.path
  role_name = "app"
}

resource "vault_approle_auth_backend_role_secret_id" "old" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.app.role_name
}

resource "vault_kv_secret_v2" "old" {
  mount     = vault_mount.kv.path
  name      = "old"
  data_json = jsonencode({ id = vault_approle_auth_backend_role_secret_id.old.secret_id })
}
"""
NEW = """
resource "vault_approle_auth_backend_role_secret_id" "new" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.app.role_name
  metadata  = jsonencode({ of = %s })

  # Else the edit alone makes it anew, and is refused for that.
  lifecycle {
    ignore_changes = [metadata]
  }
}

resource "vault_kv_secret_v2" "new" {
  mount     = vault_mount.kv.path
  name      = "new"
  data_json = jsonencode({ id = vault_approle_auth_backend_role_secret_id.new.secret_id })
}
"""


def edited(check):
    """What was handed on long ago is not made anew for a value that somebody asks of it after a run that failed."""
    accessors = "auth/approle/role/app/secret-id"
    with vf.Bao() as bao, place(bao, "edited", EDITED) as run:
        check.run("a secret id that has arrived", run("apply", "-auto-approve"), 0)
        old = bao.list(accessors)
        (run.dir / "main.tf").write_text(EDITED + NEW % '"literal"')
        with Proxy(bao.addr, refuses=("POST /v1/kv/data/new",)) as proxy:
            check.run("another does not arrive", run("apply", "-auto-approve", VAULT_ADDR=proxy.addr), 3)
        (run.dir / "main.tf").write_text(EDITED + NEW % "vault_approle_auth_backend_role_secret_id.old.secret_id")
        told = run("apply", "-auto-approve")
        check("a value that is gone is refused", told.code == 1 and "gave only once" in told.text and "-replace=" in told.text, told.text)
        check("and what gave it is left alone", set(old) <= set(bao.list(accessors)), told.text)
        (run.dir / "main.tf").write_text(EDITED + NEW % '"literal"')
        check.run("as it was, it is finished", run("apply", "-auto-approve"), 0)
        settled(check, run, "after that")
        check("with one more secret id", len(bao.list(accessors)) == 2 and set(old) <= set(bao.list(accessors)))


def certificates(bao):
    """How many issuers and keys there are."""
    return [len(bao.list(path)) for path in ("lower/issuers", "lower/keys", "upper/issuers", "upper/keys")]


def handed_on(check, every=1):
    """A run that is killed while certificates are handed on is finished by the next one, and nothing is there twice."""
    for name, chain in (("chain", CHAIN), ("chain that is read", CHAIN + READ)):
        with vf.Bao() as bao, place(bao, "chain", chain) as run, Proxy(bao.addr) as proxy:
            check.run(f"{name}: undisturbed", run("apply", "-auto-approve", VAULT_ADDR=proxy.addr), 0)
            requests, expected = len(proxy.requests), certificates(bao)
        points = [(at, withhold) for at in range(1, requests + 1, every) for withhold in (True, False)]
        for at, withhold in points:
            with vf.Bao() as bao, place(bao, "chain", chain) as run:
                child = None
                with Proxy(bao.addr, at, withhold, lambda: child.kill()) as proxy:
                    child = run.start("apply", "-auto-approve", VAULT_ADDR=proxy.addr)
                    run.finish(child)
                again = run("apply", "-auto-approve")
                plan = run("plan", "-detailed-exitcode")
                there = certificates(bao)
                wrong = again.text if again.code else plan.text if plan.code else there if there != expected else ""
                check(f"{name}: killed at request {at} of {requests}, reply {'withheld' if withhold else 'delivered'}", not wrong, wrong)


def run():
    check = vf.Checks("faults")
    lost_replies(check)
    refused(check)
    interrupted(check)
    faster_secret(check)
    refused_reset(check)
    lowered(check)
    gone_along(check)
    handed_on(check, every=3)
    edited(check)
    stopped(check)
    return check


if __name__ == "__main__":
    run().exit()
