"""A guided tour: a real example on a throw-away server, from nothing to a found drift.

usage: demo.py [NAME]
"""
import sys

import example
import vf

NAME = "zakupai"


def show(title, run=None, lines=40):
    """A heading, and what the program said, cut to a screenful."""
    print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n## {title}")
    if run is None:
        return
    print(f"   $ vaultform {' '.join(run.args)}")
    said = [line for line in run.text.splitlines() if line.strip()]
    cut = said if len(said) <= lines else said[: lines // 2] + [f"… {len(said) - lines} lines more …"] + said[-lines // 2:]
    print("\n".join("   │ " + line for line in cut))
    print(f"   exit {run.code}")


def tour(name):
    """Every step must end as the text says; the first that does not ends the tour."""
    check = vf.Checks("demo", quiet=True)
    with example.Place(name) as place:
        run, (address, path, body) = place.program, place.table.CHANGED

        def step(title, code, *args):
            done = run(*args)
            show(title, done)
            return check(f"{' '.join(args)}: exit {code}", done.code == code, f"exit {done.code}")

        show(f"1. A bare OpenBao stands at {place.bao.addr}; its mounts: {' '.join(place.bao.read('sys/mounts'))}")
        going = (
            step(f"2. What would examples/{name} change there?", 2, "plan", "-detailed-exitcode")
            and step("3. Do it", 0, "apply", "-auto-approve")
            and step("4. Is anything left to do? Nothing: there is no state file, the server itself was asked", 0, "plan", "-detailed-exitcode")
        )
        if going:
            place.bao.write(path, body)
            place.bao.write(*place.table.OVERWRITTEN[1:])
            show(f"5. Somebody writes {path} and {place.table.OVERWRITTEN[1]} by hand …")
            step("6. … and is found out, without a secret being shown", 2, "drift")
            step("7. The next apply puts it right", 0, "apply", "-auto-approve")
            step("8. And everything can go again", 0, "destroy", "-auto-approve")
    return check


if __name__ == "__main__":
    sys.exit(1 if tour(sys.argv[1] if len(sys.argv) > 1 else NAME).failed else 0)
