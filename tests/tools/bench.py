"""Time, memory and requests of plans, applies and destroys, against the floor of bare requests.

usage: bench.py [N…]            objects, half policies and half AppRole roles; 100, 1,000 and 10,000 unless given
       bench.py language        reading and evaluating 10,000 resources in 100 files alone
       bench.py policies        only lint and access changes of 1,000 policies and 1,000 roles
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import vf

SIZES = [100, 1_000, 10_000]
ROUNDS = 3
IN_FLIGHT = 16

CONFIG = """
terraform {
  required_providers {
    vault = { source = "hashicorp/vault" }
  }
}

variable "each" { type = number }

locals {
  # `range` makes at most 1,024 numbers.
  names = toset(flatten([
    for ten in range(var.each / 10) : [for one in range(10) : format("team-%05d", ten * 10 + one)]
  ]))
}

resource "vault_policy" "team" {
  for_each = local.names
  name     = each.key
  policy   = <<-EOT
    path "secret/data/${each.key}/*" {
      capabilities = ["create", "read", "update", "delete", "list"]
    }
  EOT
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "team" {
  for_each       = local.names
  backend        = vault_auth_backend.approle.path
  role_name      = each.key
  token_policies = [vault_policy.team[each.key].name]
  token_ttl      = 3600
}
"""


def measured(program, *args):
    """One run: wall and CPU seconds, peak memory in MiB, requests; it must end as asked for."""
    stats = program.dir / "stats.json"
    stats.unlink(missing_ok=True)
    out = open(program.dir / "output.txt", "w")
    started = time.monotonic()
    child = subprocess.Popen([str(vf.binary()), *args], cwd=program.dir, env={**program.env, "VAULTFORM_STATS": str(stats)},
                             stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    code = os.waitstatus_to_exitcode(status)
    child.returncode = code
    if code:
        sys.exit(f"{' '.join(args)} ends with {code}\n{(program.dir / 'output.txt').read_text()[-3000:]}")
    requests = vf.load(stats)["requests"] if stats.exists() else 0
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024, "requests": requests}


def floor(server, directory, half, bulk):
    """The same objects by bare requests at the same concurrency: a GET each, or with `bulk` the policies in one LIST."""
    paths, lists = directory / "paths.txt", []
    names = [f"team-{n:05d}" for n in range(half)]
    roles = [f"auth/approle/role/{name}" for name in names]
    if bulk:
        lists = ["sys/policies/detailed/acl", "auth/approle/role"]
    policies = [] if bulk else [f"sys/policies/acl/{name}" for name in names]
    paths.write_text("".join(f"{path}\n" for path in policies + roles))
    argv = ["cargo", "bench", "--quiet", "--locked", "--bench", "floor", "--", server.addr, server.token, str(IN_FLIGHT), *lists, str(paths)]
    done = subprocess.run(argv, cwd=vf.ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1]) | {"memory": 0}


def best(runs):
    """The quickest of several runs: the one that other work on the machine disturbed least."""
    return min(runs, key=lambda r: r["wall"])


def row(title, run):
    memory = f"{run['memory']:8.0f}" if run["memory"] else " " * 8
    print(f"  {title:<22}{run['wall']:9.3f}{run['cpu']:9.3f}{memory}{run['requests']:10,}", flush=True)


def bench(objects):
    """All measurements of one size."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-bench-"))
    (directory / "main.tf").write_text(CONFIG)
    with vf.Bao() as server:
        program = vf.Program(directory, server.env() | {"TF_VAR_each": objects // 2, "VAULTFORM_NAME": "bench"})
        print(f"{objects:,} objects{'':<13} wall s    CPU s     MiB  requests")
        apply = measured(program, "apply", "-auto-approve")
        row("apply", apply)
        plan = best([measured(program, "plan", "-detailed-exitcode") for _ in range(ROUNDS)])
        row("plan, no change", plan)
        for title, bulk in {"floor": False, "floor in bulk": True}.items():
            bare = best([floor(server, directory, objects // 2, bulk) for _ in range(ROUNDS)])
            row(title, bare)
            print(f"  {'plan / ' + title:<22}{plan['wall'] / bare['wall']:9.2f}{plan['cpu'] / max(bare['cpu'], 0.01):9.2f}"
                  f"{'':8}{plan['requests'] / bare['requests']:10.2f}", flush=True)
        print(f"  {'requests / object':<22}{'':26}{plan['requests'] / objects:10.2f}", flush=True)
        destroy = measured(program, "destroy", "-auto-approve")
        row("destroy", destroy)
    return {"apply": apply, "plan": plan, "destroy": destroy}


def growth(runs):
    """How many times longer ten times as many objects take."""
    for small, large in [(size, size * 10) for size in runs if size * 10 in runs]:
        for command in runs[small]:
            print(f"  {command:<8} {large:,} / {small:,} {runs[large][command]['wall'] / runs[small][command]['wall']:9.2f}", flush=True)


FILES, BLOCKS = 100, 50

FILE = """
locals {
  team_@ = {
    name     = "team-@"
    policies = [for kind in ["read", "write"] : "${kind}-@"]
    ttl      = 60 * (@ + 1)
  }
}
"""

BLOCK = """
resource "vault_policy" "p_#" {
  name   = "policy-${local.team_@.name}-#"
  policy = <<-EOT
    %{for kind in local.team_@.policies~}
    path "secret/data/${kind}/#/*" {
      capabilities = ${jsonencode(contains(local.team_@.policies, "read-@") ? ["read", "list"] : ["deny"])}
    }
    %{endfor~}
  EOT
}

resource "vault_approle_auth_backend_role" "r_#" {
  backend        = "approle"
  role_name      = format("%s-%05d", local.team_@.name, #)
  token_policies = toset(concat([vault_policy.p_#.name], local.team_@.policies))
  token_ttl      = min(local.team_@.ttl, 3600)
  secret_id_bound_cidrs = [for net in range(2) : cidrsubnet("10.0.0.0/8", 16, net + @)]
}
"""


def language():
    """CPU seconds and memory of reading and evaluating a large configuration: `validate`, which needs no server."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-bench-"))
    for file in range(FILES):
        blocks = "".join(BLOCK.replace("#", str(file * BLOCKS + n)) for n in range(BLOCKS))
        (directory / f"team-{file:03d}.tf").write_text((FILE + blocks).replace("@", str(file)))
    program = vf.Program(directory, {})
    print(f"language: {FILES * BLOCKS * 2:,} resources in {FILES} files   CPU s     MiB")
    run = best([measured(program, "validate") for _ in range(ROUNDS)])
    print(f"  read and evaluate{'':<15}{run['cpu']:16.3f}{run['memory']:8.0f}", flush=True)
    return run



POLICIES = """
locals {
  names = toset(flatten([
    for ten in range(100) : [for one in range(10) : format("team-%04d", ten * 10 + one)]
  ]))
}

resource "vault_mount" "secret" {
  path = "secret"
  type = "kv-v2"
}

resource "vault_policy" "team" {
  for_each = local.names
  name     = each.key
  policy   = file("policies/${each.key}.hcl")
}

resource "vault_approle_auth_backend_role" "team" {
  for_each       = local.names
  role_name      = each.key
  token_policies = [vault_policy.team[each.key].name]
  token_ttl      = 3600
}
"""

RULES = """path "secret/data/{0}/*" {{ capabilities = [{1}] }}
path "secret/metadata/{0}/*" {{ capabilities = ["list"] }}
path "secret/data/shared/+/{0}" {{ capabilities = ["read"] }}
path "auth/token/renew-self" {{ capabilities = ["update"] }}
"""


def policies():
    """1,000 policies and 1,000 roles, without a server: lint, and who gains what when every policy changes."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="vaultform-bench-"))
    for side, granted in {"old": '"read"', "new": '"read", "update"'}.items():
        (root / side / "policies").mkdir(parents=True)
        (root / side / "main.tf").write_text(POLICIES)
        for number in range(1_000):
            name = f"team-{number:04d}"
            (root / side / "policies" / f"{name}.hcl").write_text(RULES.format(name, granted))
    program = vf.Program(root, {})
    print(f"1,000 policies, 1,000 roles{'':<4} wall s    CPU s     MiB")
    runs = {
        "lint": best([measured(program, "lint", "old") for _ in range(ROUNDS)]),
        "access changes": best([measured(program, "policy", "diff", "old", "new") for _ in range(ROUNDS)]),
    }
    for title, run in runs.items():
        print(f"  {title:<28}{run['wall']:9.3f}{run['cpu']:9.3f}{run['memory']:8.0f}", flush=True)
    kept = all(run["wall"] < 2 and run["memory"] < 200 for run in runs.values())
    print(f"  both below 2 s and 200 MiB: {'yes' if kept else 'NO'}")
    return kept


if __name__ == "__main__":
    if sys.argv[1:] == ["policies"]:
        sys.exit(0 if policies() else 1)
    language()
    if sys.argv[1:] == ["language"]:
        sys.exit()
    print(f"OpenBao in memory on the same machine, {os.cpu_count()} CPUs, {IN_FLIGHT} requests in flight, best of {ROUNDS} for plan and floor")
    growth({size: bench(size) for size in [int(n) for n in sys.argv[1:]] or SIZES})
    sys.exit(0 if policies() else 1)
