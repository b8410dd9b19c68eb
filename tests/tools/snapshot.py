"""Snapshots: saved, looked into, kept by rules; a wiped server is what it was after a restore.

usage: snapshot.py
"""
import json
import subprocess

import vf
from bootstrap import APPLY, FirstHour

FILE = "first.snap"


def age_keys(place):
    """An age identity and its recipient, made by another program where that is installed."""
    try:
        from pyrage import x25519
    except ImportError:
        return None
    identity = x25519.Identity.generate()
    (place.dir / "identity.txt").write_text(f"# of the test\n{identity}\n")
    return str(identity.to_public())


def keeping(place, check):
    """Saving, looking into it, folders, rules of keeping, encryption."""
    run = place.program
    check.run("save", run("snapshot", "save", FILE), 0)
    told = run("snapshot", "inspect", FILE, "-json")
    check("inspect: it is whole", told.code == 0 and json.loads(told.out)["size"] > 1000, told.text)
    whole = (place.dir / FILE).read_bytes()
    listed = subprocess.run(["tar", "tzf", place.dir / FILE], capture_output=True, text=True).stdout.split()
    check("tar knows the file", "state.bin" in listed, listed)
    (place.dir / "cut.snap").write_bytes(whole[:-500])
    told = run("snapshot", "inspect", "cut.snap")
    check("one that is cut off is named", told.code == 1 and "no whole snapshot" in told.err, told.text)
    told = run("snapshot", "restore", "cut.snap", "-auto-approve")
    check("and is not restored", told.code == 1 and "no whole snapshot" in told.err and run("plan").code == 0, told.text)
    snaps = place.dir / "snaps"
    snaps.mkdir()
    (snaps / "first-hour-20200101T000000Z.snap").write_text("old")
    (snaps / "somebody-elses-20200101T000000Z.snap").write_text("old")
    check.run("save into a folder", run("snapshot", "save", "snaps/", "-keep=2"), 0)
    check("it gets the time as its name", len(list(snaps.glob("first-hour-2*Z.snap"))) == 2)
    check.run("keep what is younger than 30 days", run("snapshot", "save", "snaps", "-keep-for=30d"), 0)
    left = sorted(p.name for p in snaps.iterdir())
    check("the old one is gone, somebody else's is not", not any("2020" in n for n in left if n.startswith("first-hour")) and any(n.startswith("somebody") for n in left), left)
    check("a folder is needed to keep some", run("snapshot", "save", "x.snap", "-keep=2").code == 1)
    encrypted(place, check)


def encrypted(place, check):
    recipient = age_keys(place)
    if not recipient:
        print("  skipped: snapshots encrypted with age need `pyrage`, which is not installed here", flush=True)
        return
    import pyrage
    from pyrage import x25519
    run = place.program
    check.run("save, encrypted", run("snapshot", "save", "secret.snap.age", f"-recipient={recipient}"), 0)
    told = run("snapshot", "inspect", "secret.snap.age")
    check("without the identity it stays closed", told.code == 1 and "none of the identities" in told.err, told.text)
    check.run("with it, it is whole", run("snapshot", "inspect", "secret.snap.age", "-identity=identity.txt"), 0)
    identity = x25519.Identity.from_str((place.dir / "identity.txt").read_text().splitlines()[1])
    plain = pyrage.decrypt((place.dir / "secret.snap.age").read_bytes(), [identity])
    check("age opens it", plain[:2] == b"\x1f\x8b")
    told = run("snapshot", "save", "x.snap", "-recipient=age1wrong")
    check("a recipient that is none", told.code == 1 and "age1wrong" in told.err, told.text)


def wiped(place, check):
    """The server is wiped; after a restore the plan is empty."""
    run, bao = place.program, place.bao
    bao.halt()
    bao.wipe()
    bao.start()
    refused = run("snapshot", "restore", FILE, "-auto-approve")
    check("a server that is not initialised is told", refused.code in (1, 7) and "not initialised" in refused.err, refused.text)
    done = run("snapshot", "restore", FILE, "-into-new", "-auto-approve")
    check.run("restore into a new server", done, 0)
    check("it was unsealed with the keys that are kept", not bao.status()["sealed"] and "works" in done.out, done.text)
    check.run("the plan is empty", run("plan", "-detailed-exitcode"), 0)
    check.run("the bootstrap is still done", run("bootstrap", "status"), 0)


def changed(place, check):
    """The same server goes back to a snapshot of its own."""
    run, main = place.program, place.dir / "main.tf"
    before = main.read_text()
    main.write_text(before.replace('name   = "shop"', 'name   = "store"'))
    check.run("something is changed", run("apply", "-auto-approve"), 0)
    main.write_text(before)
    check.run("so the plan is not empty", run("plan", "-detailed-exitcode"), 2)
    check.run("restore", run("snapshot", "restore", FILE, "-auto-approve"), 0)
    check.run("the plan is empty again", run("plan", "-detailed-exitcode"), 0)


def no_raft(check):
    """Other storage is refused, with what to do."""
    with vf.Bao() as bao, FirstHour() as place:
        (place.dir / "main.tf").unlink()
        told = place.program("snapshot", "save", "x.snap", VAULT_ADDR=bao.addr, VAULT_TOKEN=vf.TOKEN)
        check("a server in memory: a clear refusal", told.code == 1 and "only raft can" in told.err and "in memory" in told.err, told.text)
        check("and no file", not (place.dir / "x.snap").exists())


def run():
    check = vf.Checks("snapshot")
    with FirstHour(quick=True) as place:
        check.run("bootstrap", place.program(*APPLY), 0)
        check.run("apply", place.program("apply", "-auto-approve"), 0)
        keeping(place, check)
        changed(place, check)
        wiped(place, check)
    no_raft(check)
    return check


if __name__ == "__main__":
    run().exit()
