"""What the runner does with this example once it stands."""

# Behind its back: address, path, and what is written there (nothing: it is deleted).
CHANGED = ('vault_token_auth_backend_role.service["temporal"]', "auth/token/roles/bizosaas-temporal", {"token_period": 60})
DELETED = ('vault_approle_auth_backend_role.service["wagtail-cms"]', "auth/approle/role/wagtail-cms")
OVERWRITTEN = ('vault_kv_secret_v2.platform["platform/database"]', "bizosaas/data/platform/database", {"data": {"password": "canary-intruder"}})
# A secret ID lives and dies with its role.
ALSO_DRIFTED = {'vault_approle_auth_backend_role_secret_id.service["wagtail-cms"]'}

# Taken out of the files: file, text, and what must then be gone.
REMOVED = ("main.tf", '    "platform/new-secret" = { key = var.new_secret }\n', "bizosaas/data/platform/new-secret")

# A place inside a declared mount for a secret of somebody else.
FOREIGN = "bizosaas/data/tenants/acme"

READS = {
    "django-crm": ("platform/django-crm-secret-key", 49),
    "wagtail-cms": ("platform/wagtail-secret-key", 47),
    "temporal": ("platform/temporal-jwt-secret", 64),
    "brain-gateway": ("encryption/api-keys", 44),
}


def use(place, check, people):
    """Each service logs in, reads the database's password and its own key, and no other's."""
    server = place.bao
    for service, (path, length) in READS.items():
        login = people.approle("approle", service)
        token = login["client_token"]
        check(f"{service} logs in with its policy", f"bizosaas-{service}" in login["policies"], login["policies"])
        key = server.read(f"bizosaas/data/{path}", token=token)["data"]["value"]
        check(f"{service} has a key of {length} characters", len(key) == length, len(key))
        database = server.read("bizosaas/data/platform/database", token=token)["data"]
        check(f"{service} can reach the database", database["password"] == "canary-database-password" and database["port"] == "5432", sorted(database))
        other = "platform/wagtail-secret-key" if service != "wagtail-cms" else "platform/temporal-jwt-secret"
        status = server.request("GET", f"bizosaas/data/{other}", token=token, ok=False)["status"]
        check(f"{service} and the key of another", status == (200 if service == "brain-gateway" else 403), status)
        made = server.write(f"auth/token/create/bizosaas-{service}")["auth"]
        check(f"{service} can have a token that renews", made["renewable"] and made["lease_duration"] == 86400, made["lease_duration"])
        server.write("auth/token/revoke", {"token": made["client_token"]})
