"""What the runner does with this example once it stands."""

# Behind its back: address, path, and what is written there (nothing: it is deleted).
CHANGED = ("vault_approle_auth_backend_role.platform", "auth/approle/role/dotmac-platform", {"token_ttl": 60})
DELETED = ('vault_kv_secret_v2.setting["smtp/username"]', "secret/metadata/smtp/username")
OVERWRITTEN = ('vault_kv_secret_v2.setting["radius/secret"]', "secret/data/radius/secret", {"data": {"value": "canary-intruder"}})

# Taken out of the files: file, text, and what must then be gone.
REMOVED = ("secrets.tf", '    "search/api_key",\n', "secret/data/search/api_key")

# A place inside a declared mount for a secret of somebody else.
FOREIGN = "secret/data/app/not-ours"


def use(place, check, people):
    """The application logs in and reads, and may not read what is not its own."""
    server = place.bao
    login = people.approle("approle", "dotmac-platform")
    check("AppRole login carries the declared policy", "dotmac-platform" in login["policies"], login["policies"])
    check("and the declared lifetime", login["lease_duration"] == 1200, login["lease_duration"])
    token = login["client_token"]
    value = server.read("secret/data/billing/stripe/api_key", token=token)["data"]["value"]
    check("the application reads its Stripe key", value == "canary-billing-stripe-api-key", value)
    refused = server.request("POST", "secret/data/billing/stripe/api_key", {"data": {"value": "x"}}, token=token, ok=False)
    check("and may not change it", refused["status"] == 403, refused)
    server.write("secret/data/app/probe", {"data": {"a": "b"}}, token=token)
    check("what is its own it may write", server.read("secret/data/app/probe", token=token)["data"] == {"a": "b"})
    server.request("DELETE", "secret/metadata/app/probe")
    periodic = server.write("auth/token/create/dotmac-platform")["auth"]
    check("the token role gives a periodic token", periodic["lease_duration"] == 86400 and "dotmac-platform" in periodic["policies"], periodic["policies"])
    server.write("auth/token/revoke", {"token": periodic["client_token"]})
    made = server.read("secret/data/auth/platform_admin/password")["data"]["value"]
    check("the administrator's password was made", len(made) == 24, len(made))
    key = server.read("secret/metadata/wireguard/servers/pNKC8FhUj8cJGMON4LKC9j8pCHGMON4LKC9j8pCH=/private-key")
    check("the VPN key carries its metadata", key["custom_metadata"] == {"server": "vpn-us-east-1", "classification": "restricted"}, key)
    role = server.read("auth/kubernetes/role/dotmac-platform")
    check("the Kubernetes role gives the policy", role["token_policies"] == ["dotmac-platform"], role)
