"""Several applies at once, and the lock of a killed one.

usage: locks.py
"""
import re
import time

import dump
import example
import vf
from proxy import Proxy

NAME = "dotmac-platform"
HOLDER = re.compile(r"lock.*\d+ ?s|\d+ ?s.*lock", re.I | re.S)  # who holds it, and for how long
TAKEN = re.compile(r"(taken|took|taking) over", re.I)


def four_at_once(check):
    """One goes first, the others wait their turn; in the end all are done and nothing is there twice."""
    with example.Place(NAME) as alone:
        check.run("one apply alone", alone.program("apply", "-auto-approve"), 0)
        expected = alone.state()
    with example.Place(NAME) as place, Proxy(place.bao.addr, delay=0.01) as slow:
        run = place.program
        for number, child in enumerate([run.start("apply", "-auto-approve", "-lock-timeout=120s", VAULT_ADDR=slow.addr) for _ in range(4)], 1):
            check.run(f"apply {number} of four that wait", run.finish(child), 0)
        wrong = dump.difference(expected, place.state())
        check("the server holds what one apply leaves", not wrong, "\n".join(wrong))
        check.run("the next plan is empty", run("plan", "-detailed-exitcode"), 0)


def impatient(check):
    """Without patience the others give up, and say who is in the way."""
    with example.Place(NAME) as place, Proxy(place.bao.addr, delay=0.03) as slow:
        run = place.program
        done = [run.finish(c) for c in [run.start("apply", "-auto-approve", "-lock-timeout=0s", VAULT_ADDR=slow.addr) for _ in range(4)]]
        codes = sorted(d.code for d in done)
        check("one of four impatient applies goes through, the others exit 5", codes == [0, 5, 5, 5], f"{codes}\n" + "\n".join(d.text for d in done))
        silent = [d.text for d in done if d.code == 5 and not HOLDER.search(d.text)]
        check("they name the lock's holder and its age", not silent, "\n".join(silent))


def killed_holder(check, title, wrap=()):
    """The lock of a killed program is taken over, with a notice, and the job is finished."""
    with example.Place(NAME) as place, Proxy(place.bao.addr, delay=0.02) as slow:
        run = place.program
        first = run.start("apply", "-auto-approve", wrap=wrap, VAULT_ADDR=slow.addr)
        vf.wait_for(lambda: place.bao.list("secret/metadata/billing"))  # its own writes have begun, so it holds the lock
        first.kill()
        first.wait()
        started = time.monotonic()
        second = run("apply", "-auto-approve")
        took = time.monotonic() - started
        check.run(f"the next apply after {title} was killed", second, 0)
        check(f"takes the lock over within 25 s ({took:.1f} s)", took < 25)
        check("and says so", TAKEN.search(second.text), second.text)
        check.run("the next plan is empty", run("plan", "-detailed-exitcode"), 0)


def elsewhere():
    """How to run a program as if on another machine, where this machine lets us; else nothing."""
    wrap = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$0" "$@"')
    return wrap if vf.works(*wrap, "true") else None


def run():
    check = vf.Checks("locks")
    four_at_once(check)
    impatient(check)
    killed_holder(check, "a holder on this machine")
    if elsewhere():
        killed_holder(check, "a holder on another machine", elsewhere())
    return check


if __name__ == "__main__":
    run().exit()
