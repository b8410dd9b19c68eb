"""What the runner does with this example once it stands."""

# Behind its back: address, path, and what is written there (nothing: it is deleted).
CHANGED = ('vault_approle_auth_backend_role.service["gateway"]', "auth/approle/role/gateway", {"token_max_ttl": 7200})
DELETED = ('vault_policy.service["billing"]', "sys/policies/acl/zakupai-billing")
OVERWRITTEN = ('vault_kv_secret_v2.service["risk-engine"]', "zakupai/data/risk-engine", {"data": {"model_key": "canary-intruder"}})

# Taken out of the files: file, text, and what must then be gone.
REMOVED = ("main.tf", 'toset(["billing", "gateway", "risk-engine"])', "zakupai/data/billing")
REPLACEMENT = 'toset(["gateway", "risk-engine"])'

# A place inside a declared mount for a secret of somebody else.
FOREIGN = "zakupai/data/not-ours"


def use(place, check, people):
    """Each service reads its own secrets; the keeper reads all."""
    server = place.bao
    for service in ("billing", "gateway", "risk-engine"):
        login = people.approle("approle", service)
        check(f"{service} logs in with its policy", f"zakupai-{service}" in login["policies"], login["policies"])
        own = server.read(f"zakupai/data/{service}", token=login["client_token"])["data"]
        check(f"{service} reads its own secrets", any("canary" in v for v in own.values()), sorted(own))
        other = "gateway" if service != "gateway" else "billing"
        refused = server.request("GET", f"zakupai/data/{other}", token=login["client_token"], ok=False)
        check(f"and not those of {other}", refused["status"] == 403, refused["status"])
    keeper = people.login("auth/people/login/keeper", {"password": "canary-keeper-password"})
    check("the keeper gets rights through the group", keeper["identity_policies"] == ["zakupai-keepers"], keeper)
    check("and works for an hour", keeper["lease_duration"] == 3600, keeper["lease_duration"])
    seen = server.list("zakupai/metadata", token=keeper["client_token"])
    check("the keeper sees every service", seen == ["billing", "gateway", "risk-engine"], seen)
    check("ten versions are kept", server.read("zakupai/config")["max_versions"] == 10)
