"""A new server's first hour: initialised, unsealed, configured, handed over, its root token revoked.

usage: bootstrap.py [--kill]      with --kill: killed at every request, the program is run again and finishes
"""
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import vf
from bare import Bare
from proxy import Proxy

NAME = "first-hour"
PASSPHRASES = {"KEYS_PASSPHRASE": "canary-passphrase-here", "KEYS_PASSPHRASE_ELSEWHERE": "canary-passphrase-elsewhere"}
PASSWORD = "canary-admin-password"
AT_ONCE = 4  # servers of the kill loop, each with a program of its own
APPLY = ("bootstrap", "apply", "-auto-approve")
AUDIT = 'audit "file" "to-file" {{\n  options {{\n    file_path = "{}/audit.log"\n  }}\n}}\n'


class FirstHour:
    """A copy of the example and a server that nobody has initialised."""

    def __init__(self, audited=True, quick=False, **more):
        self.bao = Bare(**more)
        if audited:
            self.audit()
            self.bao.restart()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-run-"))
        self.dir = self.root / "examples" / NAME
        shutil.copytree(vf.ROOT / "examples" / NAME, self.dir)
        shutil.copytree(vf.ROOT / "policies", self.root / "policies")
        (self.dir / "keys").mkdir()
        if quick:
            self.settings("    passphrase = env", "    iterations = 250000\n    passphrase = env")
        env = {"VAULT_ADDR": self.bao.addr, "VAULT_CACERT": self.bao.cacert, "TF_VAR_admin_password": PASSWORD} | PASSPHRASES
        self.program = vf.Program(self.dir, env)

    def audit(self):
        self.bao.write_config(AUDIT.format(self.bao.dir))

    def settings(self, old, new):
        path = self.dir / "vaultform.hcl"
        assert old in path.read_text(), old
        path.write_text(path.read_text().replace(old, new))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bao.stop()
        shutil.rmtree(self.root, ignore_errors=True)


def by_openssl(file, passphrase, rounds="600000", *more):
    """What the program of every system makes of a sink."""
    done = subprocess.run(["openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", rounds, "-pass", f"pass:{passphrase}", *more],
                          stdin=open(file, "rb"), capture_output=True)
    return json.loads(done.stdout)


def kept(place):
    """The keys as people get at them without the program."""
    rounds = (place.dir / "keys/here.enc.hmac").read_text().split()[1]
    return by_openssl(place.dir / "keys/here.enc", PASSPHRASES["KEYS_PASSPHRASE"], rounds)


def nothing_in_the_open(place, check, secrets):
    """No share, token, password or passphrase on disk, on the screen, or in a log."""
    told = "".join(place.program.transcript)
    for name, secret in secrets.items():
        places = vf.find_in(secret, place.root) + vf.find_in(secret, place.bao.dir)
        check(f"{name} is nowhere on disk, in no log and on no screen", not places and secret not in told, places)


def straight(check):
    """From nothing to done, then nothing to do; the ordinary apply with the new identity."""
    with FirstHour() as place:
        run = place.program
        planned = run("bootstrap", "plan")
        check.run("bootstrap plan", planned, 0)
        check("it shows steps and changes nothing", "to do" in planned.out and not place.bao.status()["initialized"], planned.out)
        check.run("status before", run("bootstrap", "status"), 2)
        refused = run("bootstrap", "apply")
        check.run("nobody can be asked", refused, 1)
        with Proxy(place.bao.addr, cafile=place.bao.cacert, spy="/v1/sys/init") as proxy:
            done = run(*APPLY, VAULT_ADDR=proxy.addr)
        check.run("bootstrap apply", done, 0)
        given = json.loads(proxy.spied[0])
        check("the root token is refused", place.bao.request("GET", "auth/token/lookup-self", token=given["root_token"], ok=False)["status"] == 403)
        check("the server is unsealed", not place.bao.status()["sealed"])
        keys = kept(place)
        check("openssl opens the sink; the root token is out of it", len(keys["unseal_keys_b64"]) == 5 and "root_token" not in keys, keys.keys())
        text = (place.dir / "keys/elsewhere.txt").read_text().split("\n", 1)[1]
        (place.root / "body").write_text(text)
        other = by_openssl(place.root / "body", PASSPHRASES["KEYS_PASSPHRASE_ELSEWHERE"], "600000", "-a")
        check("and that of the command", other == keys)
        check.run("status", run("bootstrap", "status", "-json"), 0)
        again = run(*APPLY)
        check.run("bootstrap again", again, 0)
        check("has nothing to do", "Nothing to do" in again.out, again.out)
        check.run("the ordinary apply works", run("apply", "-auto-approve"), 0)
        check.run("and the plan is empty", run("plan", "-detailed-exitcode"), 0)
        check("the sink has the shares that the server gave", keys["unseal_keys_b64"] == given["keys_base64"])
        secrets = {f"share {n}": s for n, s in enumerate(given["keys_base64"] + given["keys"], 1)}
        secrets |= {"the root token": given["root_token"], "the password": PASSWORD} | PASSPHRASES
        nothing_in_the_open(place, check, secrets)
        bad_sinks(place, check)
        others(place, check)


def bad_sinks(place, check):
    """Wrong passphrase, truncated and altered sinks, told apart, before anything is asked of the server."""
    run, file = place.program, place.dir / "keys/here.enc"
    whole = file.read_bytes()
    wrong = run("bootstrap", "status", KEYS_PASSPHRASE="wrong")
    check("a wrong passphrase is named", wrong.code == 1 and "passphrase is wrong" in wrong.err, wrong.text)
    for title, bytes_ in (("truncated", whole[:-16]), ("altered", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])):
        file.write_bytes(bytes_)
        told = run("bootstrap", "status")
        check(f"a sink that was {title} is named", told.code == 1 and "truncated or altered" in told.err, told.text)
    file.write_bytes(whole)
    few = re.sub(r"passphrase = env\(\"KEYS_PASSPHRASE\"\)", "passphrase = env(\"KEYS_PASSPHRASE\")\n    iterations = 1000", (place.dir / "vaultform.hcl").read_text())
    before = (place.dir / "vaultform.hcl").read_text()
    (place.dir / "vaultform.hcl").write_text(few)
    told = run("bootstrap", "status")
    check("too few rounds are refused", told.code == 1 and "250000" in told.err, told.text)
    (place.dir / "vaultform.hcl").write_text(before)


def others(place, check):
    """A server that somebody else initialised, and keys of another server."""
    run = place.program
    (place.dir / "keys").rename(place.dir / "keys-away")
    (place.dir / "keys").mkdir()
    told = run(*APPLY)
    check("a server initialised by somebody else: exit 6", told.code == 6 and "somebody else" in told.err, told.text)
    shutil.rmtree(place.dir / "keys")
    (place.dir / "keys-away").rename(place.dir / "keys")
    with Bare() as other:
        told = run(*APPLY, VAULT_ADDR=other.addr, VAULT_CACERT=str(other.cacert))
        check("keys of another server are not overwritten", told.code == 1 and "keeps the keys of a server" in told.err, told.text)
        check("and that server is left alone", not other.status()["initialized"])


def refusals(check):
    """What is refused before the initialisation, and what is said after it."""
    with FirstHour() as place:
        run = place.program
        place.settings('read       = ["cat", "keys/elsewhere.txt"]', 'read       = ["false"]')
        told = run(*APPLY)
        check("a sink that cannot be read again: nothing is initialised", told.code == 1 and not place.bao.status()["initialized"], told.text)
        place.settings('read       = ["false"]', 'read       = ["cat", "keys/elsewhere.txt"]')
        place.settings('path       = "keys/here.enc"', 'path       = "no/such/folder/here.enc"')
        told = run(*APPLY)
        check("a sink that cannot be written: nothing is initialised", told.code == 1 and "here.enc" in told.err and not place.bao.status()["initialized"], told.text)
        place.settings('path       = "no/such/folder/here.enc"', 'path       = "keys/here.enc"')
        one = (place.dir / "vaultform.hcl").read_text()
        (place.dir / "vaultform.hcl").write_text(re.sub(r'  sink "elsewhere" \{.*?\n  \}\n', "", one, flags=re.S))
        told = run(*APPLY)
        check("one sink alone is refused", told.code == 1 and "-single-sink" in told.err and not place.bao.status()["initialized"], told.text)
        (place.dir / "vaultform.hcl").write_text(one)
        # It can be proved, and fails when it matters.
        (place.dir / "keys/elsewhere.txt").unlink()
        place.settings('"cat > keys/elsewhere.txt"', '"test ! -s keys/elsewhere.txt && cat > keys/elsewhere.txt"')
        told = run(*APPLY)
        check("a sink that fails after the initialisation: exit 3", told.code == 3 and "encrypted" in told.err, told.text)
        seal, blob = told.err.split("copy it to a safe place now:\n\n")[1].split("\n\n")[0].split("\n", 1)
        (place.root / "blob").write_text(blob + "\n")
        opened = by_openssl(place.root / "blob", PASSPHRASES["KEYS_PASSPHRASE_ELSEWHERE"], "600000", "-a")
        check("what is printed is the keys, encrypted", opened["unseal_keys_b64"] == kept(place)["unseal_keys_b64"] and seal.startswith("vaultform-hmac-sha256"))
        place.settings('"test ! -s keys/elsewhere.txt && cat > keys/elsewhere.txt"', '"cat > keys/elsewhere.txt"')
        check.run("run again, it writes what is missing and finishes", run(*APPLY), 0)


def audit_by_file(check):
    """OpenBao makes audit devices only as its file says: the stanza is printed, and believed once it is there."""
    with FirstHour(audited=False) as place:
        told = place.program(*APPLY)
        stanza = 'audit "file" "to-file" {'
        check("the audit device is missing: exit 6 and the stanza", told.code == 6 and stanza in told.text, told.text)
        place.audit()
        place.bao.restart()
        check.run("with the stanza in the server's file the next run finishes", place.program(*APPLY), 0)


def half_done(check):
    """Remains of an initialisation that stopped half-way."""
    with FirstHour() as place:
        signer = (vf.ROOT / "src/operate/pgp/samples/signer.asc").read_text()
        body = "".join(signer.split("\n\n", 1)[1].split("\n=")[0].split())
        place.bao.http.post(place.bao.addr + "/v1/sys/init", json={"secret_shares": 1, "secret_threshold": 1, "pgp_keys": [body]})
        told = place.program(*APPLY)
        check("an initialisation that stopped half-way: exit 8", told.code == 8 and "half-way" in told.err and "empty its storage" in told.err, told.text)


class Gnupg:
    """Keys of people, in a home of their own."""

    def __init__(self, folder):
        self.home, self.folder = folder / "gnupg", folder
        self.home.mkdir(mode=0o700)
        self.env = {"GNUPGHOME": str(self.home)}

    def __call__(self, *args):
        argv = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *args]
        done = subprocess.run(argv, env={"PATH": "/usr/bin:/bin"} | self.env, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def person(self, name, usage="default", until="never", more=()):
        """Makes a key, exports it, and tells its fingerprint."""
        self(*more, "--quick-gen-key", f"{name} <{name}@example.org>", "future-default" if usage == "default" else "ed25519", usage, until)
        (self.folder / f"{name}.asc").write_bytes(self("--armor", "--export", f"{name}@example.org"))
        told = self("--with-colons", "--fingerprint", f"{name}@example.org").decode()
        return re.search(r"^fpr:+([0-9A-F]{40}):", told, re.M)[1]

    def close(self):
        subprocess.run(["gpgconf", "--kill", "all"], env={"PATH": "/usr/bin:/bin"} | self.env)


def people_settings(keys, more=""):
    blocks = "".join(f'    key "{name}.asc" {{\n      fingerprint = "{fingerprint}"\n    }}\n' for name, fingerprint in keys.items())
    return f"  pgp {{\n    directory = \"shares\"\n{more}{blocks}  }}\n"


def to_people(check):
    """Shares encrypted by the server to people; none is ever in the open."""
    if not vf.works("gpg", "--version"):
        print("  skipped: shares to people need `gpg`, which is not installed here", flush=True)
        return
    with FirstHour() as place:
        gpg = Gnupg(place.dir)
        place.program.env |= gpg.env
        run, settings = place.program, place.dir / "vaultform.hcl"
        usual = re.sub(r'  sink "\w+" \{.*?\n  \}\n', "", settings.read_text(), flags=re.S).replace("  shares    = 5\n  threshold = 3\n", "  threshold = 2\n")
        keys = {name: gpg.person(name) for name in ("ada", "bob", "cyd")}

        def say(some, more=""):
            settings.write_text(usual.replace("bootstrap {\n", "bootstrap {\n" + people_settings(some, more), 1))

        say(keys | {"ada": "0" * 40})
        told = run(*APPLY)
        check("a key that is not the pinned one is refused", told.code == 1 and "not the one that is pinned" in told.err, told.text)
        bad = {"sam": (gpg.person("sam", "sign"), "no encryption key"),
               "old": (gpg.person("old", until="1y", more=("--faked-system-time", "20200101T000000")), "expired on 2020")}
        for name, (fingerprint, why) in bad.items():
            say(keys | {name: fingerprint})
            told = run(*APPLY)
            check(f"before the initialisation it is seen that a key is {why!r}", told.code == 1 and why in told.err and not place.bao.status()["initialized"], told.text)
        # Nobody here can open anything.
        say(keys, '    decrypt = ["false"]\n')
        told = run(*APPLY)
        check("shares that nobody here can open: exit 7, and what to do", told.code == 7 and "gpg --decrypt" in told.err, told.text)
        files = sorted(p.name for p in (place.dir / "shares").iterdir())
        check("each person has a file", [f.split("-")[0] for f in files] == ["bootstrap.json", "root", "share", "share", "share"], files)
        say(keys)
        shares = [gpg("--decrypt", str(place.dir / "shares" / f)).decode() for f in files if f.startswith("share")]
        check("gpg opens them", all(re.fullmatch("[0-9a-f]{66}", s) for s in shares))
        token = gpg("--decrypt", str(place.dir / "shares/root-token.pgp")).decode().strip()
        check.run("where gpg can open two of them, the next run finishes", run(*APPLY), 0)
        check("the root token is refused, its file gone", place.bao.request("GET", "auth/token/lookup-self", token=token, ok=False)["status"] == 403
              and not (place.dir / "shares/root-token.pgp").exists())
        check.run("nothing is left to do", run("bootstrap", "status"), 0)
        nothing_in_the_open(place, check, {f"share {n}": s for n, s in enumerate(shares, 1)} | {"the root token": token})
        gpg.close()


def by_itself(check):
    """A server that unseals by itself gets recovery shares."""
    with FirstHour(quick=True, seal="static") as place:
        done = place.program(*APPLY)
        check.run("a server with a seal of its own", done, 0)
        keys = kept(place)
        check("its shares are for recovery", len(keys["recovery_keys_b64"]) == 5 and "unseal_keys_b64" not in keys, list(keys))
        check.run("status", place.program("bootstrap", "status"), 0)


def with_peer(check):
    """A second node joins the cluster and is unsealed."""
    with FirstHour(quick=True) as place, Bare(tls_of=place.bao) as peer:
        place.settings("bootstrap {\n", f'bootstrap {{\n  peers = ["{peer.addr}"]\n', )
        check.run("two nodes", place.program(*APPLY), 0)
        check("the second is part of the cluster and unsealed", not peer.status()["sealed"] and peer.status()["cluster_id"] == place.bao.status()["cluster_id"])
        check.run("status", place.program("bootstrap", "status"), 0)
        place.settings(peer.addr, "https://127.0.0.1:9")
        told = place.program("bootstrap", "status")
        check("a node that does not answer is named", told.code == 2 and "does not answer" in told.out, told.text)


def undisturbed():
    """How many requests a bootstrap makes."""
    with FirstHour(quick=True) as place, Proxy(place.bao.addr, cafile=place.bao.cacert) as proxy:
        done = place.program(*APPLY, VAULT_ADDR=proxy.addr)
        assert done.code == 0, done.text
        return proxy.requests


def killed(check, at, withhold, line):
    """One kill and the run after it; what the server gave at any initialisation is then nowhere in the open."""
    title = f"killed at request {at} ({line}), reply {'withheld' if withhold else 'delivered'}"
    given = []

    def through(place, **strike):
        return Proxy(place.bao.addr, cafile=place.bao.cacert, spy="/v1/sys/init", **strike)

    def again(place):
        with through(place) as proxy:
            done = place.program(*APPLY, VAULT_ADDR=proxy.addr)
        given.extend(proxy.spied)
        return done

    with FirstHour(quick=True) as place:
        child = None
        with through(place, strike_at=at, withhold=withhold, strike=lambda: child.kill()) as proxy:
            child = place.program.start(*APPLY, VAULT_ADDR=proxy.addr)
            place.program.finish(child)
            if not proxy.struck:
                return check(title, False, "it was not killed")
        given.extend(proxy.spied)
        done = again(place)
        lost = line.endswith("/v1/sys/init") and (withhold or done.code == 8)
        if lost:
            check(f"{title}: exit 8 and how to start again", done.code == 8 and "empty its storage" in done.err
                  and "othing can have been stored" in " ".join(done.err.replace("│", "").split()), f"{done.code} {done.text}")
            place.bao.halt()
            place.bao.wipe()
            place.bao.start()
            done = again(place)
        status = place.program("bootstrap", "status")
        keys = kept(place)
        exposed = in_the_open(place, [json.loads(reply) for reply in given])
        fine = done.code == 0 and status.code == 0 and "root_token" not in keys and not exposed
        check(f"{title}: the next run finishes", fine, f"{done.code} {status.code} {exposed}\n{done.text}")


def in_the_open(place, replies):
    """Where a root token or a share of these replies stands on disk, in what was printed, or in the server's log."""
    told = "".join(place.program.transcript)
    secrets = [s for r in replies if "root_token" in r for s in [r["root_token"], *r["keys"], *r["keys_base64"]]]
    where = [p for s in secrets for folder in (place.root, place.bao.dir) for p in vf.find_in(s, folder)]
    return where + ["on the screen" for s in secrets if s in told]


def killed_between_sinks(check):
    """One sink is written, the program dies at the other: the next run writes that."""
    for title, script in (("before", "test ! -s keys/elsewhere.txt || kill -9 $PPID; cat > keys/elsewhere.txt"),
                          ("after", "cat > keys/new; test -s keys/elsewhere.txt && kill -9 $PPID; mv keys/new keys/elsewhere.txt")):
        with FirstHour(quick=True) as place:
            usual = '"cat > keys/elsewhere.txt"'
            place.settings(usual, f'"{script}"')
            done = place.program(*APPLY)
            check(f"killed {title} the second sink was written", done.code == -9 and place.bao.status()["initialized"], done.text)
            place.settings(f'"{script}"', usual)
            check.run("the next run finishes", place.program(*APPLY), 0)
            again = kept(place)
            check.run("and leaves nothing to do", place.program("bootstrap", "status"), 0)
            check("with all shares kept", len(again["unseal_keys_b64"]) == 5)


def step_of(line):
    """What a request is for: its method, and what of its path is no name."""
    method, path = line.split(" ")
    return method, "/".join(path.split("?")[0].split("/")[2:5])


def kills(check, every_request=False):
    """At each of its steps, which are the different requests that it makes; or at every request."""
    requests, seen = undisturbed(), set()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        begun = []
        for at, line in enumerate(requests, 1):
            if every_request or step_of(line) not in seen:
                seen.add(step_of(line))
                begun += [pool.submit(killed, check, at, withhold, line) for withhold in (True, False)]
        for one in begun:
            one.result()
    print(f"  a bootstrap makes {len(requests)} requests, {len(seen)} of them different", flush=True)


def run():
    check = vf.Checks("bootstrap")
    straight(check)
    refusals(check)
    audit_by_file(check)
    half_done(check)
    to_people(check)
    by_itself(check)
    with_peer(check)
    killed_between_sinks(check)
    kills(check)
    return check


if __name__ == "__main__":
    if "--kill" in sys.argv:
        check = vf.Checks("bootstrap, killed at every request")
        kills(check, every_request=True)
        check.exit()
    run().exit()
