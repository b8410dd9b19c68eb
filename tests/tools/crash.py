"""Kills the program at every request of an apply, and looks whether the next apply finishes the job.

usage: crash.py [--sample N] [--seed S] [NAME…]

At request k the program is killed (kill -9) either when the server has answered and the program has not heard of
it, or when the reply was delivered. Then: the next apply ends with 0, the plan after it is empty, and the server
holds what an undisturbed apply leaves, nothing twice.
"""
import argparse
import concurrent.futures
import itertools
import random

import dump
import example
import vf
from proxy import Proxy

WORKERS = 2


def undisturbed(name):
    """How many requests an apply makes, and what the server holds afterwards."""
    with example.Place(name) as place, Proxy(place.bao.addr) as proxy:
        place.program.env["VAULT_ADDR"] = proxy.addr
        done = place.program("apply", "-auto-approve")
        if done.code or not proxy.requests:
            raise SystemExit(f"{name}: an undisturbed apply ends with {done.code} after {len(proxy.requests)} requests\n{done.text}")
        return len(proxy.requests), place.state()


def crash(name, expected, at, withhold):
    """One crash and the run after it: what is wrong, or nothing; whether the program was killed at all."""
    with example.Place(name) as place:
        child = None
        with Proxy(place.bao.addr, at, withhold, lambda: child.kill()) as proxy:
            child = place.program.start("apply", "-auto-approve", VAULT_ADDR=proxy.addr)
            place.program.finish(child)
            struck = proxy.struck
        again = place.program("apply", "-auto-approve")
        if again.code:
            return struck, f"the next apply ends with {again.code}\n{again.text}"
        plan = place.program("plan", "-detailed-exitcode")
        if plan.code:
            return struck, f"the plan after the next apply ends with {plan.code}\n{plan.text}"
        return struck, "\n".join(dump.difference(expected, place.state()))


def every_point(names, sample, seed):
    """All points of all examples, or a sample of them, with what the server must hold in the end."""
    points = []
    for name in names:
        requests, expected = undisturbed(name)
        print(f"  {name}: {requests} requests, {len(expected)} objects", flush=True)
        points += [(name, expected, at, withhold) for at, withhold in itertools.product(range(1, requests + 1), (True, False))]
    return random.Random(seed).sample(points, min(sample, len(points))) if sample else points


def run(names, sample=None, seed=1):
    """The checks of a whole campaign."""
    check = vf.Checks(f"crash (seed {seed})" if sample else "crash", quiet=True)
    print(f"== {check.title}", flush=True)
    points, killed = every_point(names, sample, seed), 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        futures = {pool.submit(crash, *point): point for point in points}
        for future in concurrent.futures.as_completed(futures):
            name, _, at, withhold = futures[future]
            try:
                struck, wrong = future.result()
            except Exception as error:  # a server that did not start is a failed point, not the end of the campaign
                struck, wrong = False, repr(error)
            killed += struck
            check(f"{name}, request {at}, reply {'withheld' if withhold else 'delivered'}", not wrong, wrong)
    print(f"  {len(points)} points tried, killed at {killed}", flush=True)
    check("the program was killed at most points", killed >= 0.8 * len(points), f"{killed} of {len(points)}")
    return check


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=example.names(), metavar="NAME")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    run(given.names, given.sample, given.seed).exit()
