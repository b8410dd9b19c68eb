"""What goes wrong while an apply runs: replies that get lost, others who are faster, refusals, and a lock that is lost.

usage: faults.py
"""
import dump
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


def run():
    check = vf.Checks("faults")
    lost_replies(check)
    return check


if __name__ == "__main__":
    run().exit()
