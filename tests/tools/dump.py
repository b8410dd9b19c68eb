"""What a configuration can have set on a server, as one dictionary path → data.

usage: dump.py ADDR TOKEN
`dump` is exact, for before and after on one server. `comparable` hides what differs between two servers
that got the same configuration: ids, times, generated values.
"""
import json
import re

# A star stands for every name that LIST answers there; `a/*@b`: listed at b, read at a; `a/#`: how many there are.
SYSTEM = ("policies/acl/* policies/password/* quotas/rate-limit/* quotas/config config/cors config/ui/headers/* "
          "config/auditing/request-headers rotate/config namespaces/#").split()
IDENTITY = ("entity/id/* group/id/* oidc/config oidc/key/* oidc/role/* oidc/scope/* oidc/assignment/* oidc/client/* oidc/provider/* "
            "mfa/method/* mfa/login-enforcement/*").split()
AUTH = {
    "approle": "role/* role/*/role-id role/*/secret-id/#",
    "cert": "config certs/* crls/*",
    "jwt": "config role/* cel/role/*",
    "oidc": "config role/*",
    "kubernetes": "config role/*",
    "ldap": "config groups/* users/*",
    "token": "roles/*",
    "userpass": "users/*",
}
SECRETS = {
    "database": "config/* roles/* static-roles/*",
    "kubernetes": "config roles/*",
    "pki": "config/urls config/crl config/issuers config/keys config/cluster config/acme config/auto-tidy "
           "roles/* issuer/*@issuers key/*@keys",
    "rabbitmq": "config/lease roles/*",
    "ssh": "config/ca config/zeroaddress config/issuers roles/* issuer/*@issuers",
    "totp": "keys/*",
    "transit": "config/keys cache-config keys/*",
}
BUILT_IN_POLICIES = {"root", "default", "response-wrapping"}


def dump(server, namespace=""):
    """Everything below a namespace and its children, exactly as the server answers it."""
    found = {}

    def keep(path, data):
        if data is not None:
            found[namespace + path] = data

    def get(path):
        reply = server.request("GET", path, ok=False, namespace=namespace)
        return reply.get("data") if reply["status"] == 200 else None

    def names(path):
        return server.list(path, namespace=namespace)

    def walk(base, pattern):
        """Follows one pattern below a mount; folders inside a listing are followed too."""
        if "*" not in pattern:
            counted = pattern.endswith("/#")
            keep(base + pattern, len(names(base + pattern[:-2])) if counted else get(base + pattern))
        else:
            pattern, _, listed = pattern.partition("@")
            before, after = pattern.split("*", 1)
            for name in names(base + (listed or before.rstrip("/"))):
                if name.endswith("/"):
                    walk(base, f"{before}{name}*{after}" + (f"@{listed}/{name}" if listed else ""))
                else:
                    walk(base, before + name + after)

    def every(base, patterns):
        for pattern in patterns:
            walk(base, pattern)

    every("sys/", SYSTEM if not namespace else [p for p in SYSTEM if p.startswith(("policies", "quotas/rate", "namespaces"))])
    for name in BUILT_IN_POLICIES:
        found.pop(f"{namespace}sys/policies/acl/{name}", None)
    for name, device in ({} if namespace else get("sys/audit") or {}).items():
        keep("sys/audit/" + name, device)
    for path, mount in (get("sys/auth") or {}).items():
        keep("sys/auth/" + path, mount)
        every(f"auth/{path}", AUTH.get(mount["type"].removeprefix("ns_"), "").split())
    for path, mount in (get("sys/mounts") or {}).items():
        keep("sys/mounts/" + path, mount)
        kind, version = mount["type"].removeprefix("ns_"), (mount.get("options") or {}).get("version")
        if kind == "kv":
            every(path, ["config", "metadata/*", "data/*@metadata"] if version == "2" else ["*"])
        every(path, SECRETS.get(kind, "").split())
    every("identity/", IDENTITY)
    for child in names("sys/namespaces"):
        keep("sys/namespaces/" + child, get("sys/namespaces/" + child.rstrip("/")))
        found.update(dump(server, namespace + child))
    return found


# Counted up by every write, or given by the server.
COUNTERS = {"version", "current_version", "current_metadata_version", "versions", "oldest_version", "modify_index", "index",
            "id", "uuid", "namespace_id", "creation_time"}
VOLATILE = [
    (r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", "PEM"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\b(auth_)?[a-z0-9-]+_[0-9a-f]{8}\b", "ACCESSOR"),
    (r"([0-9a-f]{2}[:-]){8,}[0-9a-f]{2}", "SERIAL"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)", "TIME"),
    (r"/tmp/vaultform-[a-z]+-\w+|127\.0\.0\.1:\d+", "HERE"),
]


def steady(text):
    """Text without ids, times, keys and the names of temporary folders."""
    for pattern, name in VOLATILE:
        text = re.sub(pattern, name, text, flags=re.S)
    return text


def masked(value, secret=False):
    """A value as another server would hold it. Secrets that nobody wrote by hand (no canary) keep only their length."""
    if isinstance(value, dict):
        return {steady(k): masked(v, secret) for k, v in value.items() if secret or k not in COUNTERS or (k == "version" and v in ("1", "2"))}
    if isinstance(value, list):
        return [masked(v, secret) for v in value]
    if isinstance(value, str):
        made = secret and len(value) >= 8 and "canary" not in value
        return f"({len(value)} characters)" if made else steady(value)
    return "EPOCH" if isinstance(value, int) and 1_500_000_000 < value < 2_200_000_000 else value


def comparable(found, ledger="vaultform/"):
    """A dump that must be the same for the same configuration anywhere; a second object of a name gets `#2`."""
    result, all_of = {}, []
    for path, data in found.items():
        if path.startswith(ledger):
            continue
        kv = isinstance(data, dict) and set(data) == {"data", "metadata"}
        data = masked(data["data"], secret=True) if kv else masked(data)
        all_of.append((steady(path), json.dumps(data, sort_keys=True), data))
    # By what they hold: the order of ids is chance.
    for name, _, data in sorted(all_of, key=lambda one: one[:2]):
        number, key = 1, name
        while key in result:
            number, key = number + 1, f"{name}#{number + 1}"
        result[key] = data
    return result


def difference(one, two):
    """Lines that say in which objects two dumps differ; empty when they do not."""
    lines = [f"- {p}" for p in sorted(one.keys() - two.keys())] + [f"+ {p}" for p in sorted(two.keys() - one.keys())]
    for path in sorted(one.keys() & two.keys()):
        if one[path] != two[path]:
            lines.append(f"~ {path}: {json.dumps(one[path], sort_keys=True)[:400]} → {json.dumps(two[path], sort_keys=True)[:400]}")
    return lines


if __name__ == "__main__":
    import sys

    import vf

    print(json.dumps(dump(vf.Server(sys.argv[1], sys.argv[2])), indent=1, sort_keys=True))
