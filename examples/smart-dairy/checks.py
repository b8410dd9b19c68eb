"""What the runner does with this example once it stands."""

import base64
import json
import pathlib
import subprocess
import time

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


# The private half of `gitlab_keys` in terraform.tfvars.example: a throw-away key.
GITLAB_KEY = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIKmQK678s+/4PyH1lY4pQrpXnROml+zK4I9WGUvRiMP5oAoGCCqGSM49
AwEHoUQDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1MPmwGsmi9oDq0DbW+mSknSyTH
Ox5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
-----END EC PRIVATE KEY-----
"""


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def job_token(place, **claims):
    """A token as GitLab gives it to a job (ES256)."""
    now = int(time.time())
    said = {"iss": "https://gitlab.smartdairy.internal", "aud": "https://vault.smartdairy.internal:8200", "iat": now, "nbf": now, "exp": now + 300, **claims}
    text = b".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, said))
    key = place.root / "gitlab.key"
    key.write_text(GITLAB_KEY)
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text, capture_output=True, check=True).stdout
    key.unlink()
    # From DER, two numbers in a sequence, to both of them in 32 bytes each.
    first = int.from_bytes(signed[4 : 4 + signed[3]], "big")
    rest = signed[4 + signed[3] :]
    second = int.from_bytes(rest[2 : 2 + rest[1]], "big")
    return (text + b"." + encoded(first.to_bytes(32, "big") + second.to_bytes(32, "big"))).decode()


def pipelines(place, check, people):
    """A job of GitLab logs in by its token and sees its own identity; another's does not."""
    server, path = place.bao, "auth/smart-dairy/jwt/login"
    own = job_token(place, project_path="smart-dairy/milk-tracker", ref_protected="true")
    login = people.login(path, {"role": "gitlab-ci", "jwt": own})
    check("a job logs in with its token", {"cicd-policy", "own-identity"} <= set(login["policies"]) and login["lease_duration"] == 900, login["policies"])
    entity, token = login["entity_id"], login["client_token"]
    name = server.read(f"identity/entity/id/{entity}", token=token)["name"]
    check("the templated policy shows it its own entity", bool(name), name)
    server.write("identity/entity/name/somebody", {})
    others = server.request("GET", "identity/entity/name/somebody", token=token, ok=False)["status"]
    check("and no other", others == 403, others)
    server.request("DELETE", "identity/entity/name/somebody")
    for claims in ({"project_path": "elsewhere/thing", "ref_protected": "true"}, {"project_path": "smart-dairy/milk-tracker", "ref_protected": "false"}):
        refused = server.write(path, {"role": "gitlab-ci", "jwt": job_token(place, **claims)}, ok=False)["status"]
        check(f"a job of {claims['project_path']}, protected {claims['ref_protected']}, is refused", refused == 400, refused)


def clouds(place, check):
    """What needs engines of HashiCorp Vault is checked, and named."""
    apart = place.program.__class__(place.dir / "vault-only", place.program.env)
    said = apart("validate")
    check.run("the file for HashiCorp Vault is valid", said, 0)
    check("and says what server it needs", "need HashiCorp Vault" in said.text and "vault_aws_secret_backend" in said.text, said.text)


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
    pipelines(place, check, people)
    clouds(place, check)
    plain = base64.b64encode(b"fat 3.9 %").decode()
    cipher = server.write("smart-dairy/transit/encrypt/app-data", {"plaintext": plain})["data"]["ciphertext"]
    check("transit decrypts what it encrypted", server.write("smart-dairy/transit/decrypt/app-data", {"ciphertext": cipher})["data"]["plaintext"] == plain)
    signed = server.write("smart-dairy/transit/sign/jwt-signing", {"input": plain, "signature_algorithm": "pkcs1v15"})["data"]["signature"]
    valid = server.write("smart-dairy/transit/verify/jwt-signing", {"input": plain, "signature": signed, "signature_algorithm": "pkcs1v15"})["data"]["valid"]
    check("and its signature holds", valid)
