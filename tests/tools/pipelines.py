"""The pipelines in deploy/github and deploy/gitlab: their own steps, on a real server, against a stand-in of the platform.

usage: pipelines.py
"""
import base64
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml

import scene
import vf

DEPLOY = vf.ROOT / "deploy"
SECRET = scene.SECRETS["first"]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs identities as the platform does."""

    def __init__(self, folder):
        self.key = folder / "key.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        done = subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout"], check=True, capture_output=True, text=True)
        self.public = done.stdout

    def token(self, **claims):
        now = int(time.time())
        parts = [{"alg": "RS256", "typ": "JWT"}, {"iat": now - 5, "nbf": now - 5, "exp": now + 600, **claims}]
        text = ".".join(b64(json.dumps(part).encode()) for part in parts)
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True, capture_output=True)
        return f"{text}.{b64(signed.stdout)}"


class Platform(http.server.ThreadingHTTPServer):
    """What the jobs ask of GitHub or GitLab: an identity, comments, kept plans."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.comments = [{"id": n, "body": f"comment {n}"} for n in range(1, 131)]
        self.identity, self.artifact, self.said = None, None, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def ours(self):
        return [one["body"] for one in self.comments if one["body"].startswith("<!-- vaultform")]

    def answer(self, method, path, query, body):
        """Status and body of an answer; None for what the platforms do not have."""
        if path == "/identity":
            return {"value": self.identity(query["audience"][0])}
        if re.fullmatch(r"/repos/acme/vault/issues/7/comments|/projects/3/merge_requests/7/notes", path):
            if method == "POST":
                self.comments.append({"id": len(self.comments) + 1, "body": body["body"]})
                return self.comments[-1]
            first = (int(query["page"][0]) - 1) * int(query["per_page"][0])
            return self.comments[first:first + int(query["per_page"][0])]
        if found := re.fullmatch(r"/repos/acme/vault/issues/comments/(\d+)|/projects/3/merge_requests/7/notes/(\d+)", path):
            if method != ("PATCH" if found[1] else "PUT"):
                return None
            comment = self.comments[int(found[1] or found[2]) - 1]
            comment["body"] = body["body"]
            return comment
        if path == "/repos/acme/vault/actions/artifacts":
            kept = {"name": query["name"][0], "expired": False, "created_at": "2026-01-01T00:00:00Z", "workflow_run": {"id": 11}}
            return {"artifacts": [kept] if self.artifact else []}
        return {
            "/projects/3/repository/commits/c0ffee/merge_requests": [{"iid": 7, "state": "merged"}],
            "/projects/3/merge_requests/7/pipelines": [{"id": 20}, {"id": 21}],
            "/projects/3/pipelines/21/jobs": [{"id": 31, "name": "plan"}],
            "/projects/3/jobs/31/artifacts/plan.json": self.artifact and json.loads(self.artifact.read_text()),
        }.get(path)


class Handler(http.server.BaseHTTPRequestHandler):
    def do(self):
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        self.server.said.append(sent.decode())
        answer = self.server.answer(self.command, url.path, urllib.parse.parse_qs(url.query), json.loads(sent) if sent else None)
        data = json.dumps(answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_PUT = do

    def log_message(self, *_):
        pass


class Job:
    """A job's directory, environment and output."""

    def __init__(self, files, env, bin_folder):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-job-"))
        shutil.copytree(files, self.dir / "work")
        self.work, self.out = self.dir / "work", ""
        own = {k: v for k, v in os.environ.items() if not re.match(r"(VAULT|BAO|TF|VAULTFORM|GITHUB|CI)", k)}
        self.env = {**own, "HOME": str(self.dir), "PATH": f"{bin_folder}:{own['PATH']}", "TF_VAR_database_password": SECRET, **env}

    def shell(self, script, **env):
        """Runs a script as the platforms do; its exit code."""
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=self.work, env={**self.env, **env},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.out += done.stdout + done.stderr
        return done.returncode


def filled(text, values):
    """Fills in `${{ … }}`; what is not known is a mistake of the workflow or of this test."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: str(values[found[1]]), str(text))


def github_job(name, files, values, platform, server, bin_folder, store):
    """Runs a job of the workflow; the job, and the name of the step that failed, if any."""
    workflow = yaml.safe_load((DEPLOY / "github" / "vaultform.yml").read_text())
    env = {key: filled(value, values) for key, value in workflow["env"].items()}
    job = Job(files, env | {
        "GITHUB_API_URL": platform.url, "GITHUB_REPOSITORY": "acme/vault", "GITHUB_SHA": values["github.event.pull_request.head.sha"],
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{platform.url}/identity?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "none",
    }, bin_folder)
    for one in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        job.env[one] = str(job.dir / one)
        pathlib.Path(job.env[one]).touch()
    failed = None
    for step in workflow["jobs"][name]["steps"]:
        if (failed and step.get("if") != "always()") or step.get("name") == "Install vaultform":
            continue
        uses = step.get("uses", "")
        if uses.startswith("actions/upload-artifact"):
            for path in step["with"]["path"].split():
                if (job.work / path).exists():
                    shutil.copy(job.work / path, store / path)
        elif uses.startswith("actions/download-artifact"):
            shutil.copy(store / "plan.json", job.work)
        elif uses.startswith("github/codeql-action/upload-sarif"):
            assert vf.load(job.work / step["with"]["sarif_file"])["version"] == "2.1.0"
        elif "run" in step:
            code = job.shell(step["run"], **{key: filled(value, values) for key, value in step.get("env", {}).items()})
            failed = failed or (f"{step['name']}: {code}" if code else None)
            for line in pathlib.Path(job.env["GITHUB_ENV"]).read_text().splitlines():
                key, _, value = line.partition("=")
                job.env[key] = value
    return job, failed


def gitlab_job(name, files, claims, platform, server, bin_folder, issuer):
    """Runs a job of the pipeline; the job, and its exit code."""
    pipeline = yaml.safe_load((DEPLOY / "gitlab" / "vaultform.gitlab-ci.yml").read_text())
    base, own = pipeline[".vaultform"], pipeline[name]
    assert own["extends"] == ".vaultform"
    values = {"CI_PROJECT_NAME": "vault"}
    variables = {key: re.sub(r"\$(\w+)", lambda v: values[v[1]], value) for key, value in (base["variables"] | own["variables"]).items()}
    job = Job(files, variables | {
        "VAULT_ADDR": server.addr, "CI_API_V4_URL": platform.url, "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": "c0ffee",
        "GITLAB_NOTES_TOKEN": "none", "VAULT_ID_TOKEN": issuer.token(aud=server.addr, **claims),
    }, bin_folder)
    return job, job.shell("\n".join(base["before_script"] + own["script"]))


def configuration(server, folder, platform_name, issuer, variables):
    """Makes the policies of the jobs, and the server know the platform, with the files beside the pipeline."""
    files = scene.files(scene.BEFORE)
    (files / "terraform.tfvars").unlink()
    env = server.env() | {"VAULTFORM_NAME": "vault", "TF_VAR_database_password": SECRET}
    run = vf.Program(files, env)
    run("fmt")
    for which in ("plan", "apply"):
        (folder / f"{which}.hcl").write_text(run("policy", f"for-{which}").out)
    shutil.copy(DEPLOY / platform_name / "vault.tf", folder)
    keys = json.dumps([issuer.public])
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables | {"keys": [issuer.public], "address": server.addr}))
    admin = vf.Program(folder, server.env() | {"VAULTFORM_NAME": "platform"})
    return files, admin("apply", "-auto-approve"), keys


def told(check, name, platform, job, store):
    """What every pull request must show."""
    ours = platform.ours()
    check(f"{name}: one comment, with the plan and what it gives", len(ours) == 1 and "### Plan: " in ours[0] and "<details>" in ours[0]
          and "Access changes" in ours[0], ours)
    everything = job.out + "".join(platform.said) + "".join(path.read_text() for path in store.iterdir())
    check(f"{name}: no secret in comment, plan and log", SECRET not in everything and scene.CANARY not in everything)


def github(check):
    with vf.Bao() as server, Platform() as platform, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        issuer, bin_folder, store, here = Issuer(folder), folder / "bin", folder / "store", folder / "platform"
        for one in (bin_folder, store, here):
            one.mkdir()
        (bin_folder / "vaultform").symlink_to(vf.binary())
        files, made, _ = configuration(server, here, "github", issuer, {"repository": "acme/vault"})
        check.run("github: the server knows it", made, 0)
        values = {"vars.VAULT_ADDR": server.addr, "vars.VAULTFORM_IMAGE": "none", "github.event.repository.name": "vault",
                  "github.event.pull_request.number": 7, "github.event.pull_request.head.sha": "c0ffee", "github.token": "none"}

        def identity(kind):
            claims = {"iss": "https://token.actions.githubusercontent.com", "repository": "acme/vault", "sub": f"repo:acme/vault:{kind}"}
            platform.identity = lambda audience: issuer.token(aud=audience, **claims)

        def job(name):
            return github_job(name, files, values, platform, server, bin_folder, store)

        identity("pull_request")
        plan, failed = job("plan")
        check("github: a pull request is planned", failed is None, failed and plan.out)
        platform.artifact = store / "plan.json"
        told(check, "github", platform, plan, store)
        refused = server.request("GET", "auth/token/lookup-self", ok=False, token=plan.env.get("VAULT_TOKEN", "none"))
        check("github: its token is revoked", refused["status"] == 403, refused)
        apply, failed = job("apply")
        check("github: the identity of pull requests may not apply", failed and failed.startswith("Log in, to write"), failed)
        _, failed = job("plan")
        check("github: planned again, the comment is updated", failed is None and len(platform.ours()) == 1, failed)
        identity("environment:vault")
        apply, failed = job("apply")
        check("github: merged, that plan is applied", failed is None and "Apply complete!" in apply.out, failed and apply.out)
        check("github: and is on the server", server.read("sys/policies/acl/ci")["policy"] != "")
        apply, failed = job("apply")
        check("github: the same plan a second time is refused", failed == "Apply: 4", failed and apply.out)
        identity("pull_request")
        (files / "wrong.tf").write_text('output "wrong" {\n  value = var.misspelt\n}\n')
        plan, failed = job("plan")
        check("github: a mistake stops the job", failed == "Judge: 1", plan.out)
        check("github: and the comment tells it", "### Planning failed." in platform.ours()[0] and "misspelt" in platform.ours()[0], platform.ours())


def gitlab(check):
    with vf.Bao() as server, Platform() as platform, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        issuer, bin_folder, here = Issuer(folder), folder / "bin", folder / "platform"
        for one in (bin_folder, here, folder / "store"):
            one.mkdir()
        (bin_folder / "vaultform").symlink_to(vf.binary())
        files, made, _ = configuration(server, here, "gitlab", issuer, {"project": "acme/vault"})
        check.run("gitlab: the server knows it", made, 0)
        claims = {"iss": "https://gitlab.com", "project_path": "acme/vault", "sub": "project_path:acme/vault"}
        request = claims | {"pipeline_source": "merge_request_event", "ref_protected": "false"}
        merged = claims | {"pipeline_source": "push", "ref_protected": "true", "environment": "vault"}

        def job(name, who):
            return gitlab_job(name, files, who, platform, server, bin_folder, issuer)

        plan, code = job("plan", request)
        check("gitlab: a merge request is planned", code == 0, plan.out)
        if code == 0:
            for one in ("plan.json", "plan.html", "counts.json", "lint.xml"):
                shutil.copy(plan.work / one, folder / "store")
            platform.artifact = folder / "store" / "plan.json"
            counts = vf.load(folder / "store" / "counts.json")
            check("gitlab: its counts are those of the plan", f"Plan: {counts['create']} to add, {counts['update']} to change" in platform.ours()[0], counts)
        told(check, "gitlab", platform, plan, folder / "store")
        _, code = job("plan", request)
        check("gitlab: planned again, the note is updated", code == 0 and len(platform.ours()) == 1)
        apply, code = job("apply", request)
        check("gitlab: the identity of merge requests may not apply", code != 0, apply.out)
        apply, code = job("apply", merged)
        check("gitlab: on the default branch that plan is applied", code == 0 and "Apply complete!" in apply.out, apply.out)
        apply, code = job("apply", merged)
        check("gitlab: the same plan a second time is refused", code == 4, apply.out)
        (files / "wrong.tf").write_text('output "wrong" {\n  value = var.misspelt\n}\n')
        plan, code = job("plan", request)
        check("gitlab: a mistake stops the job, and the note tells it", code == 1 and "### Planning failed." in platform.ours()[0], plan.out)


def run():
    check = vf.Checks("pipelines")
    absent = [tool for tool in ("bash", "curl", "jq", "openssl") if not shutil.which(tool)]
    if absent:
        print(f"  skipped: pipelines: no {', '.join(absent)} here", flush=True)
        return check
    github(check)
    gitlab(check)
    return check


if __name__ == "__main__":
    sys.exit(run().close())
