"""What `deploy/` holds is whole: files parse, units are sound, and the job of Kubernetes runs as it is written.

usage: deploy.py
"""
import base64
import http.server
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time

import vf

DEPLOY = vf.ROOT / "deploy"
MAIN = 'provider "vault" {}\n\nresource "vault_policy" "app" {\n  name   = "app"\n  policy = "path \\"kv/*\\" { capabilities = [\\"read\\"] }\\n"\n}\n'
NAME, SPACE = "vaultform-drift", "vaultform"


def service_account_token():
    """As a cluster projects it; the server asks the cluster whether it is good."""
    claims = {"aud": ["openbao"], "exp": int(time.time()) + 86_400, "iat": int(time.time()), "iss": "https://kubernetes.default.svc",
              "sub": f"system:serviceaccount:{SPACE}:{NAME}",
              "kubernetes.io": {"namespace": SPACE, "serviceaccount": {"name": NAME, "uid": "one"}}}
    parts = [json.dumps({"alg": "RS256", "kid": "one"}), json.dumps(claims), "signature" * 20]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


TOKEN = service_account_token()


def documents(path):
    import yaml
    return list(yaml.safe_load_all(path.read_text()))


def parsed(check):
    """Every YAML file parses; what has to be there is."""
    try:
        import yaml  # noqa: F401
    except ImportError:
        return print("  skipped: the YAML files need `PyYAML`, which is not installed here", flush=True)
    for path in sorted([*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.yml")]):
        check(f"{path.relative_to(DEPLOY)} parses", all(isinstance(d, dict) for d in documents(path)))
    account, job = documents(DEPLOY / "kubernetes/cronjob.yaml")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    check("one job at a time, never again by itself", job["spec"]["concurrencyPolicy"] == "Forbid" and pod["restartPolicy"] == "Never"
          and job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0)
    check("not root, its root read-only, without capabilities", pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
          and container["securityContext"]["capabilities"]["drop"] == ["ALL"] and not container["securityContext"]["allowPrivilegeEscalation"])
    check("it has its own service account, and only the token for this server", pod["serviceAccountName"] == account["metadata"]["name"] and not pod["automountServiceAccountToken"])
    volumes = {v["name"] for v in pod["volumes"]}
    check("every mount has its volume", {m["name"] for m in container["volumeMounts"]} == volumes, volumes)
    files = documents(DEPLOY / "kubernetes/kustomization.yaml")[0]
    there = {*files["resources"], *files["configMapGenerator"][0]["files"]} - {"main.tf", "vaultform.hcl"}
    check("the files of the kustomization are there", all((DEPLOY / "kubernetes" / f).exists() for f in there), there)


def container(check):
    """What the build copies exists; the image is not root's and has nothing but the program."""
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]]
    check("what is copied is there", copied and all((vf.ROOT / path).exists() for path in copied), copied)
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM ")):]
    check("the image is empty but for the program", last[0] == "FROM scratch" and any(line.startswith("USER 65532") for line in last))


def units(check):
    """systemd finds nothing wrong with the units, and little to attack."""
    if not vf.works("systemd-analyze", "--version"):
        return print("  skipped: units need `systemd-analyze`, which is not installed here", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-units-"))
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text()
        (folder / unit.name).write_text(text.replace("/usr/local/bin/vaultform", str(vf.binary())).replace("User=vaultform", "User=daemon"))
        words = re.search(r"^ExecStart=(.*)$", text, re.M)
        if words:
            command = shlex.split(words[1])[1:]
            told = subprocess.run([vf.binary(), *[w for w in command if not w.startswith("-chdir")], "-help"], capture_output=True, text=True)
            unknown = [w for w in command if w.startswith("-") and not w.startswith("-chdir") and w.lstrip("-").split("=")[0] not in told.stdout]
            check(f"{unit.name}: the program knows its options", told.returncode == 0 and not unknown, f"{unknown}\n{told.stdout}{told.stderr}")
    for unit in sorted(folder.iterdir()):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
        wrong = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
        check(f"{unit.name}: systemd finds nothing wrong", not wrong, "\n".join(wrong))
        if unit.suffix == ".service":
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=30", unit], capture_output=True, text=True)
            check(f"{unit.name}: exposure below 3.0", done.returncode == 0, (done.stdout + done.stderr)[-300:])
    shutil.rmtree(folder)


class Cluster(http.server.BaseHTTPRequestHandler):
    """The one answer of a Kubernetes cluster that a login needs: whose token this is."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        good = asked["spec"]["token"] == TOKEN
        user = {"username": f"system:serviceaccount:{SPACE}:{NAME}", "uid": "one", "groups": []}
        body = json.dumps(asked | {"status": {"authenticated": good, "user": user if good else {}, "audiences": ["openbao"]}}).encode()
        self.send_response(201)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def job(check):
    """The job's own arguments, files, login and policy, against a server."""
    cluster = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=cluster.serve_forever, daemon=True).start()
    root = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-job-"))
    (root / "config").mkdir()
    (root / "access").mkdir()
    (root / "token").write_text(TOKEN)
    with vf.Bao() as bao:
        (root / "config/main.tf").write_text(MAIN)
        (root / "config/vaultform.hcl").write_text('name = "watched"\n')
        program, access = vf.Program(root / "config", bao.env()), vf.Program(root / "access", bao.env())
        check.run("the configuration is applied", program("apply", "-auto-approve"), 0)
        policy = program("policy", "for-drift")
        check.run("the program writes the job's policy", policy, 0)
        (root / "access/drift.hcl").write_text(policy.out)
        text = (DEPLOY / "kubernetes/access.tf").read_text()
        # Outside of a cluster it has neither the authority nor a token of its own to ask with.
        shutil.copy(vf.ROOT / "examples/smart-dairy/kubernetes-ca.pem", root / "access/ca.pem")
        own = f'  disable_local_ca_jwt = true\n  kubernetes_ca_cert = file("ca.pem")\n  token_reviewer_jwt = "{TOKEN}"\n'
        text = text.replace("  kubernetes_host = var", own + "  kubernetes_host = var")
        (root / "access/access.tf").write_text(text)
        check.run("access for it is made", access("apply", "-auto-approve", TF_VAR_kubernetes_host=f"http://127.0.0.1:{cluster.server_port}"), 0)
        login = (DEPLOY / "kubernetes/login_override.tf").read_text().replace("/login/token", str(root / "token"))
        (root / "config/login_override.tf").write_text(login)
        words = re.search(r"args: \[(.*)\]", (DEPLOY / "kubernetes/cronjob.yaml").read_text())[1].split(", ")
        words = [word.replace("/metrics/", f"{root}/") for word in words]
        done = program(*words, VAULT_TOKEN="")
        check.run("the job runs", done, 0)
        metrics = (root / "drift.prom").read_text()
        check("in sync", re.search(r"^vaultform_drift_in_sync\{.*\} 1$", metrics, re.M), metrics)
        bao.write("sys/policies/acl/app", {"policy": 'path "x" { capabilities = ["read"] }'})
        done = program(*words, VAULT_TOKEN="")
        check("drift is found, and is no failure of the job", done.code == 0 and "Drift: 1 changed" in done.out, done.text)
        check("the metrics tell it", re.search(r"^vaultform_drift_in_sync\{.*\} 0$", (root / "drift.prom").read_text(), re.M))
        refused = program("apply", "-auto-approve", VAULT_TOKEN="")
        check("its identity may not apply", refused.code == 6 and "lacks" in refused.text, refused.text)
        check("the token is nowhere", TOKEN not in "".join(program.transcript))
    cluster.shutdown()
    shutil.rmtree(root)


def run():
    check = vf.Checks("deploy")
    for part in (parsed, container, units, job):
        part(check)
    return check


if __name__ == "__main__":
    run().exit()
