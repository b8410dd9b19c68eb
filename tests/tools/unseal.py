"""A sealed server gets its shares: once, from people, or whenever it was started again.

usage: unseal.py
"""
import json
import os
import subprocess
import time

import vf
from bare import Bare
from bootstrap import APPLY, PASSPHRASES, FirstHour, kept

SOON = 5


def feed(place, *args, text="", **env):
    """Runs the program with something on its standard input."""
    done = subprocess.run([str(vf.binary()), *args], cwd=place.dir, env={**place.program.env, **env}, input=text, text=True, capture_output=True, timeout=60)
    place.program.transcript += [done.stdout, done.stderr]
    return vf.Run(args, done.returncode, done.stdout, done.stderr)


def watching(place, check):
    """With -wait it brings the server back whenever it was started, and tells what it sees."""
    child = place.program.start("unseal", "-wait")
    vf.wait_for(lambda: not place.bao.status()["sealed"])
    for turn in (1, 2):
        place.bao.halt()
        time.sleep(5)  # long enough that it is seen to be away
        place.bao.start()
        answered = time.monotonic()
        vf.wait_for(lambda: not place.bao.status()["sealed"], seconds=30)
        took = time.monotonic() - answered
        check(f"restart {turn}: unsealed {took:.1f} s after it answers", took < SOON)
    child.terminate()
    told = place.program.finish(child)
    check("it ends when it is asked to", told.code == 130, told.text)
    check("it tells what it sees", all(word in told.out for word in ("does not answer", "is sealed", "is unsealed")), told.out)


def by_hand(place, check, shares):
    """Shares on the standard input or a file descriptor, one by one or all at once."""
    place.bao.restart()
    first = feed(place, "unseal", "-from=stdin", text=shares[0] + "\n")
    check("one share: exit 7 and how far it is", first.code == 7 and "1 of the 3 shares" in first.out, first.text)
    wrong = feed(place, "unseal", "-from=stdin", text="bm90IGEgc2hhcmU=\n")
    check("a share that is none is told", wrong.code == 1 and "refuses the shares" in wrong.err, wrong.text)
    reading, writing = os.pipe()
    os.write(writing, "\n".join(shares[:3]).encode())
    os.close(writing)
    argv = [str(vf.binary()), "unseal", f"-from=fd:{reading}"]
    done = subprocess.run(argv, cwd=place.dir, env=place.program.env, pass_fds=[reading], capture_output=True, text=True, timeout=60)
    os.close(reading)
    check("three shares by a file descriptor", done.returncode == 0 and not place.bao.status()["sealed"], done.stdout + done.stderr)
    place.bao.restart()
    sink = json.dumps({"vaultform": "keys", "address": "", "unseal_threshold": 3, "unseal_keys_b64": shares})
    check.run("a sink that was opened elsewhere", feed(place, "unseal", "-from=stdin", text=sink), 0)
    place.bao.restart()
    check.run("a sink by its path", feed(place, "unseal", "-sink=keys/here.enc", VAULTFORM_PASSPHRASE=PASSPHRASES["KEYS_PASSPHRASE"]), 0)
    wrong = feed(place, "unseal", "-sink=keys/here.enc", VAULTFORM_PASSPHRASE="no")
    check("its passphrase is wrong", wrong.code == 1 and "passphrase is wrong" in wrong.err, wrong.text)


def foreign(place, check):
    """Shares of another server."""
    with Bare() as other:
        other.http.put(other.addr + "/v1/sys/init", json={"secret_shares": 5, "secret_threshold": 3}).raise_for_status()
        told = feed(place, "unseal", VAULT_ADDR=other.addr, VAULT_CACERT=str(other.cacert))
        check("shares of another server are told: exit 1", told.code == 1 and "those of another server" in told.err, told.text)
        watched = feed(place, "unseal", "-wait", VAULT_ADDR=other.addr, VAULT_CACERT=str(other.cacert))
        check("and a watch with them ends", watched.code == 1 and "those of another server" in watched.err, watched.text)


def run():
    check = vf.Checks("unseal")
    with FirstHour(quick=True) as place:
        check.run("bootstrap", place.program(*APPLY), 0)
        shares = kept(place)["unseal_keys_b64"]
        watching(place, check)
        by_hand(place, check, shares)
        foreign(place, check)
        told = "".join(place.program.transcript)
        check("no share was printed", not any(share in told for share in shares))
    return check


if __name__ == "__main__":
    run().exit()
