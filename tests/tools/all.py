"""Every run on real servers that belongs to `make test`; ends with `N passed, N failed`.

usage: all.py
"""
import contextlib
import io
import sys
import time
import traceback

import bootstrap
import ceremonies
import crash
import demo
import deploy
import drift
import example
import faults
import least
import locks
import ownership
import pipelines
import review
import safety
import secrets
import snapshot
import thirdparty
import unseal
import vf

CRASHES = 24


def quiet_demo():
    with contextlib.redirect_stdout(io.StringIO()):
        return demo.tour(demo.NAME)


def parts():
    """Title and run of each part; every example once, one of them on raft and one over TLS."""
    kinds = {"zakupai": "raft", "bizosaas": "tls"}
    for name in example.names():
        yield f"example {name}", lambda name=name: example.whole(name, kinds.get(name, "dev"))
    yield "demo", quiet_demo
    yield "locks", locks.run
    yield "ownership", ownership.run
    yield "faults", faults.run
    yield "safety", safety.run
    yield "reviews", review.run
    yield "pipelines", pipelines.run
    for module in (bootstrap, unseal, ceremonies, secrets, snapshot, drift, least, deploy):
        yield module.__name__, module.run
    yield "other people's tools", thirdparty.run
    yield "crash", lambda: crash.run(example.names(), CRASHES)


def main():
    total, started = vf.Checks("", quiet=True), time.monotonic()
    for title, part in parts():
        try:
            check = part()
            total.passed, total.failed = total.passed + check.passed, total.failed + check.failed
        except (Exception, SystemExit):
            print(f"FAIL {title} did not come to an end\n{traceback.format_exc()}", flush=True)
            total.failed += 1
    print(f"runs on real servers, {time.monotonic() - started:.0f} s:")
    sys.exit(total.close())


if __name__ == "__main__":
    main()
