"""A server with a configuration applied, changed behind its back, and files that want something else: what a reviewer sees."""
import json
import pathlib
import shutil
import tempfile

import vf

CANARY = "canary-7f3a"
SECRETS = {"first": f"{CANARY}-first", "second": f"{CANARY}-second", "outside": f"{CANARY}-outside", "output": f"{CANARY}-output"}

COMMON = """
terraform {
  required_providers {
    vault  = { source = "hashicorp/vault" }
    random = { source = "hashicorp/random" }
  }
}

provider "vault" {}

variable "database_password" {
  description = "Of the application's user"
  type        = string
  sensitive   = true
}

variable "team" {
  type    = string
  default = "payments"
}

resource "random_password" "session_key" {
  length = 32
}

resource "vault_mount" "kv" {
  path        = "kv"
  type        = "kv-v2"
  description = "Secrets of ${var.team}"
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

module "people" {
  source = "./people"
  names  = ["ada", "grace"]
}

output "mount" {
  description = "Where secrets are"
  value       = vault_mount.kv.path
}

output "secret" {
  value     = "CANARY-output"
  sensitive = true
}

check "named" {
  assert {
    condition     = vault_mount.kv.path == "kv"
    error_message = "The mount has another name."
  }
}
""".replace("CANARY", CANARY)

BEFORE = """
resource "vault_kv_secret_v2" "app" {
  mount     = vault_mount.kv.path
  name      = "app"
  data_json = jsonencode({ password = var.database_password, session = random_password.session_key.result })
}

resource "vault_policy" "ci" {
  name   = "ci"
  policy = <<-EOT
    path "kv/data/app" {
      capabilities = ["read"]
    }
  EOT
}

resource "vault_policy" "old" {
  name   = "old"
  policy = "path \\"kv/data/*\\" { capabilities = [\\"list\\"] }"
}

resource "vault_mount" "archive" {
  path = "archive"
  type = "kv"
}

resource "vault_approle_auth_backend_role" "ci" {
  backend        = vault_auth_backend.approle.path
  role_name      = "ci"
  token_policies = [vault_policy.ci.name]
  token_ttl      = 600
}
"""

AFTER = """
resource "vault_kv_secret_v2" "app" {
  mount     = vault_mount.kv.path
  name      = "app"
  data_json = jsonencode({ password = "${var.database_password}x", session = random_password.session_key.result })
}

resource "vault_policy" "ci" {
  name   = "ci"
  policy = <<-EOT
    # - read by the job; `@team` asked for <more>
    path "kv/data/app" {
      capabilities = ["read", "update"]
    }

    path "sys/policies/acl/*" {
      capabilities = ["create", "update", "sudo"]
    }
  EOT
}

resource "vault_policy" "many" {
  for_each = toset([for n in range(6) : "reader-${n}"])
  name     = each.key
  policy   = "path \\"kv/data/${each.key}\\" { capabilities = [\\"read\\"] }"
}

resource "vault_transit_secret_backend_key" "signing" {
  backend = vault_mount.transit.path
  name    = "signing"
  type    = "ed25519"
}

resource "vault_mount" "transit" {
  path = "transit"
  type = "transit"
}

resource "vault_approle_auth_backend_role" "ci" {
  backend        = vault_auth_backend.approle.path
  role_name      = "ci"
  token_policies = [vault_policy.ci.name]
  token_ttl      = 1200
}

resource "vault_approle_auth_backend_role_secret_id" "ci" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.ci.role_name
}

output "key" {
  value = vault_transit_secret_backend_key.signing.keys
}
"""

PEOPLE = """
variable "names" {
  type = list(string)
}

resource "vault_identity_entity" "person" {
  count    = length(var.names)
  name     = var.names[count.index]
  policies = ["default"]
}

output "ids" {
  value = vault_identity_entity.person[*].id
}
"""


def files(objects):
    """A new directory with the configuration and these objects."""
    where = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-scene-"))
    (where / "people").mkdir()
    (where / "people" / "main.tf").write_text(PEOPLE)
    (where / "main.tf").write_text(COMMON)
    (where / "objects.tf").write_text(objects)
    (where / "terraform.tfvars").write_text(f'database_password = "{SECRETS["first"]}"\n')
    return where


class Scene:
    """A server, a directory with files that want changes, and drift. `plan.json` is the saved plan."""

    def __init__(self, check):
        self.server = vf.Bao()
        self.dir = files(BEFORE)
        self.run = vf.Program(self.dir, self.server.env() | {"VAULTFORM_NAME": "scene"})
        check.run("the first apply", self.run("apply", "-auto-approve"), 0)
        self.secrets = dict(SECRETS)
        data = self.server.read("kv/data/app")["data"]
        self.secrets["generated"] = data["session"]
        self.server.write("archive/forgotten", {"value": SECRETS["outside"]})
        self.server.write("kv/data/app", {"data": {"password": SECRETS["outside"], "session": data["session"]}})
        self.server.write("sys/policies/acl/old", {"policy": 'path "kv/data/*" { capabilities = ["list", "read"] }'})
        self.server.request("DELETE", "identity/entity/name/grace")
        (self.dir / "objects.tf").write_text(AFTER)
        (self.dir / "terraform.tfvars").write_text(f'database_password = "{SECRETS["second"]}"\n')
        check.run("the plan", self.run("plan", "-out=plan.json", "-allow-data-loss"), 0)
        self.plan = self.dir / "plan.json"
        self.document = json.loads(self.plan.read_text())

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
