"""What the runner does with this example once it stands."""

import base64
import pathlib
import subprocess

NEEDS = ["postgres"]

# Behind its back: address, path, and what is written there (nothing: it is deleted).
CHANGED = ("vault_approle_auth_backend_role.cicd", "auth/smart-dairy/approle/role/cicd", {"secret_id_num_uses": 100})
DELETED = ("vault_database_secret_backend_role.readonly", "smart-dairy/db/roles/milk-tracker-readonly")
OVERWRITTEN = ('vault_kv_secret_v2.other["shared/prod/sms-provider"]', "smart-dairy/kv/data/shared/prod/sms-provider", {"data": {"token": "canary-intruder"}})

# Taken out of the files: file, text, and what must then be gone.
REMOVED = ("access.tf", '    "security",\n', "sys/policies/acl/security")

# A place inside a declared mount for a secret of somebody else.
FOREIGN = "smart-dairy/kv/data/apps/not-ours"


def variables():
    """Values that depend on this machine."""
    return {"pg_sslmode": "disable", "audit_socket": "", "audit_syslog": str(pathlib.Path("/dev/log").exists()).lower()}


def prepare(postgres):
    """The database that the guide supposes."""
    postgres.query("CREATE ROLE vault_admin WITH LOGIN PASSWORD 'canary-vault-admin' SUPERUSER")
    postgres.query("CREATE DATABASE milk_tracker_prod OWNER vault_admin")
    postgres.query("CREATE TABLE milk (litres int); INSERT INTO milk VALUES (7)", database="milk_tracker_prod")


def certificates(place, check):
    """A leaf of the intermediate authority is verified up to the root."""
    name = "milk-tracker.smartdairy.com"
    issued = place.bao.write("smart-dairy/pki_int/issue/smart-dairy-app", {"common_name": name, "ttl": "168h"})["data"]
    root = place.bao.read("smart-dairy/pki/cert/ca")["certificate"]
    for file, pem in (("root.pem", root), ("middle.pem", issued["issuing_ca"]), ("leaf.pem", issued["certificate"])):
        (place.root / file).write_text(pem + "\n")
    argv = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "middle.pem", "-verify_hostname", name, "leaf.pem"]
    said = subprocess.run(argv, cwd=place.root, capture_output=True, text=True)
    check("openssl verifies a leaf over both levels", said.returncode == 0, said.stdout + said.stderr)
    refused = place.bao.request("POST", "smart-dairy/pki_int/issue/mesh-mtls", {"common_name": name}, ok=False)
    check("a role issues no names that are not its own", refused["status"] == 400, refused)


def use(place, check, people):
    """Pipelines, databases, certificates and keys work as the guide wants them."""
    server = place.bao
    login = people.approle("smart-dairy/approle", "cicd")
    check("pipelines log in with their policy", "cicd-policy" in login["policies"] and login["lease_duration"] == 1800, login["policies"])
    secret = server.read("smart-dairy/kv/data/apps/milk-tracker/prod/database", token=login["client_token"])["data"]
    check("and read a made password", secret["username"] == "mt_app_user" and len(secret["password"]) == 32, secret["username"])
    check("ten versions are kept, for 768 hours", server.read("smart-dairy/kv/config")["delete_version_after"] == "768h0m0s")
    for role, may_write in (("readonly", False), ("readwrite", True)):
        user = people.credentials(f"smart-dairy/db/creds/milk-tracker-{role}")
        done = place.postgres.run("INSERT INTO milk VALUES (8)", user=user["username"], password=user["password"], database="milk_tracker_prod")
        check(f"a user of milk-tracker-{role} {'writes' if may_write else 'does not write'}", (done.returncode == 0) == may_write, done.stderr)
    certificates(place, check)
    plain = base64.b64encode(b"fat 3.9 %").decode()
    cipher = server.write("smart-dairy/transit/encrypt/app-data", {"plaintext": plain})["data"]["ciphertext"]
    check("transit decrypts what it encrypted", server.write("smart-dairy/transit/decrypt/app-data", {"ciphertext": cipher})["data"]["plaintext"] == plain)
    signed = server.write("smart-dairy/transit/sign/jwt-signing", {"input": plain, "signature_algorithm": "pkcs1v15"})["data"]["signature"]
    valid = server.write("smart-dairy/transit/verify/jwt-signing", {"input": plain, "signature": signed, "signature_algorithm": "pkcs1v15"})["data"]["valid"]
    check("and its signature holds", valid)
