"""Servers that nobody has initialised yet: raft storage, TLS, a seal of one's choice; stopped, started again, wiped."""
import os
import shutil
import subprocess

import vf

OPENSSL = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=throw-away
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > san
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile san
"""


class Bare(vf.Process, vf.Server):
    """A node of raft storage over TLS. `seal`: shamir, or static (it unseals by itself)."""

    def __init__(self, seal="shamir", tls_of=None, extra="", env=None):
        vf.Process.__init__(self, "bare")
        self.port, self.cluster_port, self.seal, self.extra, self.more = vf.free_port(), vf.free_port(), seal, extra, env or {}
        if tls_of:
            for name in ("ca.pem", "server.pem", "server.key"):
                shutil.copy(tls_of.dir / name, self.dir / name)
        else:
            subprocess.run(["sh", "-ec", OPENSSL], cwd=self.dir, check=True, capture_output=True)
        vf.Server.__init__(self, f"https://127.0.0.1:{self.port}", token="", cacert=self.dir / "ca.pem")
        self.config = self.dir / "config.hcl"
        self.write_config()
        self.wipe()
        self.start()

    def write_config(self, extra=""):
        seal = ""
        if self.seal == "static":
            key = self.dir / "seal.key"
            key.write_bytes(b"0123456789abcdef0123456789abcdef")
            seal = f'seal "static" {{\n  current_key_id = "one"\n  current_key = "file://{key}"\n}}\n'
        self.config.write_text(
            f'storage "raft" {{\n  path = "{self.dir}/raft"\n  node_id = "{self.port}"\n  performance_multiplier = 1\n}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n  cluster_address = "127.0.0.1:{self.cluster_port}"\n  tls_cert_file = "{self.dir}/server.pem"\n'
            f'  tls_key_file = "{self.dir}/server.key"\n}}\n'
            f'api_addr = "{self.addr}"\ncluster_addr = "https://127.0.0.1:{self.cluster_port}"\n{seal}{self.extra}{extra}'
        )

    def start(self, wait=True):
        self.spawn([vf.BAO, "server", f"-config={self.config}", "-log-level=info"],
                   cwd=self.dir, env={"PATH": os.environ["PATH"], "HOME": str(self.dir)} | self.more)
        if wait:
            vf.wait_for(lambda: self.http.get(self.addr + "/v1/sys/seal-status", timeout=2).ok)

    def halt(self):
        self.child.terminate()
        self.child.wait(20)

    def restart(self):
        self.halt()
        self.start()

    def wipe(self):
        shutil.rmtree(self.dir / "raft", ignore_errors=True)
        (self.dir / "raft").mkdir()

    def status(self):
        return self.http.get(self.addr + "/v1/sys/seal-status", timeout=5).json()
