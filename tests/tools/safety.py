"""What a plan must never do unasked: touch another server, take things along unseen, lose what others wrote.

usage: safety.py
"""
import vf
from ownership import place
from proxy import Proxy

TWO_SERVERS = '''
provider "vault" {}

provider "vault" {
  alias   = "dr"
  address = "%s"
}
'''

TWIN = '''
resource "vault_policy" "%(name)s" {
  %(provider)s
  name   = "both"
  policy = "path \\"x\\" { capabilities = [\\"read\\"] }"
}

resource "vault_auth_backend" "%(name)s" {
  %(provider)s
  type = "userpass"
  path = "both"
}
'''

INHABITED = '''
resource "vault_mount" "transit" {
  path  = "transit"
  type  = "transit"
  local = %(local)s
}

resource "vault_transit_secret_backend_key" "key" {
  backend = vault_mount.transit.path
  name    = "key"
}

resource "vault_mount" "kv" {
  path  = "kv"
  type  = "kv-v2"
  local = %(local)s
}

resource "vault_kv_secret_v2" "secret" {
  mount     = %(mount)s
  name      = "secret"
  data_json = jsonencode({ a = "canary-safety" })

  lifecycle {
    prevent_destroy = %(protected)s
  }
}

resource "vault_auth_backend" "approle" {
  type  = "approle"
  local = %(local)s
}

resource "vault_approle_auth_backend_role" "app" {
  backend   = vault_auth_backend.approle.path
  role_name = "app"
}

resource "vault_approle_auth_backend_role_secret_id" "id" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.app.role_name
}
'''

RENAMED = '''
resource "vault_auth_backend" "users" {
  type = "userpass"
  path = "%s"
}

resource "vault_policy" "policy" {
  name   = "%s"
  policy = "path \\"x\\" { capabilities = [\\"read\\"] }"
}
'''

NAMESPACE = '''
resource "vault_namespace" "team" {
  path = "%s"
}

resource "vault_mount" "inside" {
  namespace = vault_namespace.team.path
  path      = "kv"
  type      = "kv-v2"
}

resource "vault_auth_backend" "users" {
  type = "userpass"
  path = "users"
}
'''

FIRST_ANOTHER = '''
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_policy" "first" {
  name       = "first"
  policy     = "path \\"x\\" { capabilities = [\\"read\\"] }"
  depends_on = [vault_mount.kv]
}
'''

LEFT_TO_OTHERS = '''
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_identity_entity" "entity" {
  name     = "entity"
  metadata = { a = "1", b = "%(own)s" }

  lifecycle {
    ignore_changes = [metadata["a"]]
  }
}

resource "vault_kv_secret_v2" "secret" {
  mount     = vault_mount.kv.path
  name      = "secret"
  data_json = jsonencode({ a = "x" })

  custom_metadata {
    data = { a = "1", b = "%(own)s" }
  }

  lifecycle {
    ignore_changes = [custom_metadata[0].data["a"]]
  }
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "role" {
  backend       = vault_auth_backend.approle.path
  role_name     = "role"
  token_ttl     = 60
  token_max_ttl = %(own)s00

  lifecycle {
    ignore_changes  = [token_ttl]
    prevent_destroy = %(protected)s
  }
}
'''

ONCE = '''
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

resource "vault_approle_auth_backend_role_secret_id" "id" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.app.role_name
}

resource "vault_kv_secret_v2" "held" {
  mount     = vault_mount.kv.path
  name      = "held"
  data_json = jsonencode({ id = vault_approle_auth_backend_role_secret_id.id.secret_id })
}

resource "vault_policy" "policy" {
  name   = "policy"
  policy = "path \\"x\\" { capabilities = [\\"read\\"] }"
}
'''


def settled(check, run, name):
    check.run(f"{name}: nothing more to do", run("plan", "-detailed-exitcode"), 0)


def another_server(check):
    """Records of one server are never acted on at another."""
    with vf.Bao() as here, vf.Bao() as there, place(here, "two", "") as run:
        files, ours = run.dir / "main.tf", TWIN % {"name": "main", "provider": ""}
        both = TWO_SERVERS % there.addr + ours
        files.write_text(both + TWIN % {"name": "dr", "provider": "provider = vault.dr"})
        check.run("the same objects on two servers", run("apply", "-auto-approve"), 0)
        here.write("auth/both/users/anna", {"password": "canary-safety"})
        files.write_text(ours)
        lost = run("apply", "-auto-approve")
        told = lost.code and "to which no provider leads" in lost.text and "vault_policy.dr" in lost.text
        check("a server whose provider left the files is told, and nothing is done", told, lost.text)
        files.write_text(both)
        check.run("with its provider the objects there go", run("apply", "-auto-approve"), 0)
        check("there", "both/" not in there.read("sys/auth"))
        check("and not here", here.list("auth/both/users") == ["anna"])
        settled(check, run, "two servers")
        files.write_text(f'provider "vault" {{\n  skip_get_vault_version = true\n  vault_version_override = "2.7.2"\n}}\n{ours}')
        settled(check, run, "a version that is said")


def taken_along(check):
    """What stands in something that is made anew is made anew too, is shown, and is guarded."""
    plain = {"local": "false", "mount": "vault_mount.kv.path", "protected": "false"}
    anew, literal = plain | {"local": "true"}, plain | {"local": "true", "mount": '"kv"', "protected": "true"}
    with vf.Bao() as bao, place(bao, "along", INHABITED % plain) as run:
        files = run.dir / "main.tf"
        check.run("apply", run("apply", "-auto-approve"), 0)
        files.write_text(INHABITED % anew)
        refused = run("apply", "-auto-approve")
        check.run("mounts that are made anew, a key in one of them", refused, 6)
        check("the key is named", "vault_transit_secret_backend_key.key" in refused.text and "-allow-data-loss" in refused.text, refused.text)
        check.run("if that is meant", run("apply", "-auto-approve", "-allow-data-loss"), 0)
        settled(check, run, "all that stood in them is there again")
        check("the secret too", bao.read("kv/data/secret")["data"] == {"a": "canary-safety"})
        check.run("-replace of a role", run("apply", "-auto-approve", "-replace=vault_approle_auth_backend_role.app"), 0)
        settled(check, run, "its id is made anew with it")
        check("and no other is left", len(bao.list("auth/approle/role/app/secret-id")) == 1)

        files.write_text(INHABITED % literal)
        check.run("a protected secret in a mount that it names as text", run("apply", "-auto-approve"), 0)
        cut = [(INHABITED % literal).index(f'resource "vault_{name}"') for name in ("mount\" \"kv", "kv_secret_v2")]
        files.write_text((INHABITED % literal)[:cut[0]] + (INHABITED % literal)[cut[1]:])
        refused = run("apply", "-auto-approve")
        check.run("its mount leaves the files", refused, 6)
        check("it is told", "declared in what the plan destroys" in refused.text, refused.text)
        files.write_text(INHABITED % literal)
        for words in (["-replace=vault_mount.kv"], ["-destroy", "-target=vault_mount.kv"], ["-destroy", "-exclude=vault_kv_secret_v2.secret"]):
            refused = run("plan", *words)
            check(f"plan {' '.join(words)}: refused", refused.code == 1 and "must not be destroyed" in refused.text, refused.text)


def occupied(check):
    """A name that somebody else has already is told before anything is lost."""
    with vf.Bao() as bao, place(bao, "occupied", RENAMED % ("mine", "mine")) as run:
        check.run("apply", run("apply", "-auto-approve"), 0)
        bao.write("auth/mine/users/bob", {"password": "canary-safety"})
        bao.write("sys/auth/theirs", {"type": "userpass"})
        bao.write("sys/policies/acl/theirs", {"policy": 'path "y" { capabilities = ["list"] }'})
        (run.dir / "main.tf").write_text(RENAMED % ("theirs", "theirs"))
        refused = run("apply", "-auto-approve", "-no-adopt")
        check.run("-no-adopt", refused, 6)
        check("both are named", refused.text.count("is there already and not ours") == 2, refused.text)
        refused = run("apply", "-auto-approve")
        check.run("without it the users of the old method are guarded", refused, 6)
        check("by name", "1 user (`bob`)" in refused.text, refused.text)
        check("nothing was touched", bao.list("auth/mine/users") == ["bob"] and "list" in bao.read("sys/policies/acl/theirs")["policy"])


def namespaces(check):
    """What others put into a namespace or an auth method is counted before it goes."""
    with vf.Bao() as bao, place(bao, "namespace", NAMESPACE % "team") as run:
        check.run("apply", run("apply", "-auto-approve"), 0)
        bao.write("kv/data/theirs", {"data": {"a": "b"}}, namespace="team")
        bao.write("sys/auth/theirs", {"type": "approle"}, namespace="team")
        bao.write("auth/users/users/bob", {"password": "canary-safety"})
        refused = run("destroy", "-auto-approve")
        check.run("destroy", refused, 6)
        told = all(text in refused.text for text in ("1 secret (`theirs`) in `team/kv`", "the mount `team/auth/theirs`", "1 user (`bob`)"))
        check("tells what would be lost, and where", told, refused.text)
        (run.dir / "main.tf").write_text(NAMESPACE % "crew")
        check.run("another name", run("apply", "-auto-approve"), 6)
        check("nothing is lost", bao.read("kv/data/theirs", namespace="team")["data"] == {"a": "b"})


def meanwhile(check):
    """What is written between a plan and its apply is not lost with a mount that was empty when the plan was made."""
    with vf.Bao() as bao, place(bao, "meanwhile", FIRST_ANOTHER) as run:
        check.run("apply", run("apply", "-auto-approve"), 0)
        late = {"DELETE /v1/sys/policies/acl/first": lambda: bao.write("kv/data/late", {"data": {"a": "b"}})}
        with Proxy(bao.addr, ahead=late) as proxy:
            done = run("destroy", "-auto-approve", VAULT_ADDR=proxy.addr)
        check("a secret that came after the plan stops the destroy", done.code == 3 and "since the plan was made" in done.text, done.text)
        check("and is still there", bao.read("kv/data/late")["data"] == {"a": "b"})


def left_to_others(check):
    """`ignore_changes` leaves what it names to others, to one key of a map, and no more."""
    with vf.Bao() as bao, place(bao, "ignored", LEFT_TO_OTHERS % {"own": "6", "protected": "false"}) as run:
        files = run.dir / "main.tf"
        check.run("apply", run("apply", "-auto-approve"), 0)
        bao.write("identity/entity/name/entity", {"metadata": {"a": "theirs", "b": "6"}})
        bao.write("kv/metadata/secret", {"custom_metadata": {"a": "theirs", "b": "6"}})
        bao.write("auth/approle/role/role", {"token_ttl": 77})
        settled(check, run, "what is ignored was changed")
        files.write_text(LEFT_TO_OTHERS % {"own": "7", "protected": "false"})
        check.run("something beside it changes", run("apply", "-auto-approve"), 0)
        wanted = {"a": "theirs", "b": "7"}
        found = bao.read("identity/entity/name/entity")["metadata"], bao.read("kv/metadata/secret")["custom_metadata"]
        check("the key beside the ignored one is written, and it alone", found == (wanted, wanted), found)
        role = bao.read("auth/approle/role/role")
        check("so it is with attributes", (role["token_ttl"], role["token_max_ttl"]) == (77, 700), role)

        files.write_text(LEFT_TO_OTHERS % {"own": "7", "protected": "true"})
        settled(check, run, "prevent_destroy alone is no change")
        check.run("an apply remembers it", run("apply", "-auto-approve"), 0)
        files.write_text((LEFT_TO_OTHERS % {"own": "7", "protected": "true"}).partition('resource "vault_approle')[0])
        refused = run("apply", "-auto-approve")
        check.run("what leaves the files is protected", refused, 6)
        check("and told", "vault_approle_auth_backend_role.role" in refused.text and "must not be destroyed" in refused.text, refused.text)


def blind_spot(check):
    """A value that cannot be written again hides nothing else from `drift`."""
    with vf.Bao() as bao, place(bao, "once", ONCE) as run:
        check.run("apply", run("apply", "-auto-approve"), 0)
        bao.write("kv/data/held", {"data": {"id": "somebody-elses"}})
        bao.write("sys/policies/acl/policy", {"policy": 'path "x" { capabilities = ["read", "sudo"] }'})
        both = {"vault_kv_secret_v2.held", "vault_policy.policy"}
        drift = run("drift")
        check("drift sees both changes", drift.code == 2 and drift.addresses() == both, drift.text)
        check("and tells that one cannot be put right", "gave only once" in drift.text, drift.text)
        check.run("plan -refresh-only too", run("plan", "-refresh-only", "-detailed-exitcode"), 2)
        run("drift", "-heal")
        check("-heal puts the other right", "sudo" not in bao.read("sys/policies/acl/policy")["policy"])
        check.run("a plan refuses, and says how", run("plan"), 1)
        check.run("-replace of what gives it", run("apply", "-auto-approve", "-replace=vault_approle_auth_backend_role_secret_id.id"), 0)
        settled(check, run, "after that")


def run():
    check = vf.Checks("safety")
    for part in (another_server, taken_along, occupied, namespaces, meanwhile, left_to_others, blind_spot):
        part(check)
    return check


if __name__ == "__main__":
    run().exit()
