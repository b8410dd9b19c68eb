"""What the runner does with this example once it stands."""

import base64
import pathlib
import subprocess

NEEDS = ["postgres"]

# Behind its back: address, path, and what is written there (nothing: it is deleted).
CHANGED = ('vault_database_secret_backend_role.workflow["workflow-readonly"]', "database/roles/workflow-readonly", {"default_ttl": 60})
DELETED = ("vault_pki_secret_backend_role.service", "pki/roles/workflow-service")
OVERWRITTEN = ("vault_kv_secret_v2.openai", "secret/data/openai", {"data": {"api_key": "canary-intruder"}})

# Taken out of the files: file, text, and what must then be gone.
REMOVED = ("access.tf", '    "audit-service-policy",\n', "sys/policies/acl/audit-service-policy")

# A place inside a declared mount for a secret of somebody else.
FOREIGN = "secret/data/not-ours"


def variables():
    """Values that depend on this machine."""
    return {"pg_sslmode": "disable", "audit_syslog": str(pathlib.Path("/dev/log").exists()).lower()}


def prepare(postgres):
    """The database that the guide supposes."""
    postgres.query("CREATE ROLE vault_admin SUPERUSER LOGIN PASSWORD 'canary-vault-admin'")
    postgres.query("CREATE DATABASE workflow_db OWNER vault_admin")
    postgres.query("CREATE TABLE runs (id int); INSERT INTO runs VALUES (1)", database="workflow_db")


def database(place, check, people):
    """The users that the server makes can do what their role says, and no more."""
    reader, writer = (people.credentials(f"database/creds/workflow-{role}") for role in ("readonly", "readwrite"))

    def may(who, sql):
        return place.postgres.run(sql, user=who["username"], password=who["password"], database="workflow_db").returncode == 0

    check("a made user logs in to PostgreSQL and reads", may(reader, "SELECT * FROM runs"))
    check("but does not write", not may(reader, "INSERT INTO runs VALUES (2)"))
    check("the other one writes", may(writer, "INSERT INTO runs VALUES (2)"))
    ending = place.program("plan", "-destroy")
    check("a plan that destroys counts the users that would end", "2 leases" in ending.text, ending.text)


def certificate(place, check):
    """A leaf that the authority issued is verified by openssl."""
    name = "workflow-service.production.svc.cluster.local"
    issued = place.bao.write("pki/issue/workflow-service", {"common_name": name, "ttl": "24h"})["data"]
    root, leaf = place.root / "root.pem", place.root / "leaf.pem"
    root.write_text(issued["issuing_ca"])
    leaf.write_text(issued["certificate"])
    said = subprocess.run(["openssl", "verify", "-CAfile", root, "-verify_hostname", name, leaf], capture_output=True, text=True)
    check("openssl verifies an issued certificate", said.returncode == 0, said.stdout + said.stderr)
    text = subprocess.run(["openssl", "x509", "-in", leaf, "-noout", "-text"], capture_output=True, text=True).stdout
    check("which names where the authority is found", "https://vault.example.com:8200/v1/pki/crl" in text, text)


def transit(place, check):
    """What is encrypted comes back."""
    plain = base64.b64encode(b"sensitive data").decode()
    cipher = place.bao.write("transit/encrypt/workflow-data", {"plaintext": plain})["data"]["ciphertext"]
    back = place.bao.write("transit/decrypt/workflow-data", {"ciphertext": cipher})["data"]["plaintext"]
    check("transit encrypts and decrypts", cipher.startswith("vault:v1:") and back == plain, cipher)


def use(place, check, people):
    """Pipelines log in; databases, certificates and encryption work."""
    login = people.approle("approle", "workflow-ci")
    check("pipelines log in with their policy", "workflow-ci" in login["policies"], login["policies"])
    token = login["client_token"]
    key = place.bao.read("secret/data/ci/openai", token=token)["data"]["api_key"]
    check("and read their own key", key == "canary-ci-openai-key")
    check("but not that of the services", place.bao.request("GET", "secret/data/openai", token=token, ok=False)["status"] == 403)
    check("OpenAI's key keeps five versions", place.bao.read("secret/metadata/openai")["max_versions"] == 5)
    role = place.bao.read("auth/kubernetes/role/workflow-service")
    check("the Kubernetes role gives the policy", role["token_policies"] == ["workflow-service-policy"], role)
    database(place, check, people)
    certificate(place, check)
    transit(place, check)
