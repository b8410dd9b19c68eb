"""Logs in as the users of a server and leaves no trace of it."""


class People:
    """Tokens got here are revoked, and entities that a login made are deleted, when the block ends."""

    def __init__(self, server):
        self.server, self.tokens, self.leases = server, [], []

    def login(self, path, body):
        auth = self.server.write(path, body)["auth"]
        self.tokens.append(auth["client_token"])
        return auth

    def approle(self, mount, role):
        """Logs in with the role's own id and a new secret id, which is destroyed afterwards."""
        base = f"auth/{mount}/role/{role}"
        secret = self.server.write(f"{base}/secret-id")["data"]
        try:
            role_id = self.server.read(f"{base}/role-id")["role_id"]
            return self.login(f"auth/{mount}/login", {"role_id": role_id, "secret_id": secret["secret_id"]})
        finally:
            self.forget_secret_id(base, secret["secret_id_accessor"])

    def forget_secret_id(self, base, accessor):
        """Destroys a secret id; one whose uses are used up is gone already."""
        gone = self.server.write(f"{base}/secret-id-accessor/destroy", {"secret_id_accessor": accessor}, ok=False)
        if gone["status"] >= 400 and "failed to find accessor" not in str(gone):
            raise AssertionError(f"{base}: {gone}")

    def credentials(self, path):
        """Dynamic credentials; their lease ends with the block."""
        reply = self.server.request("GET", path)
        self.leases.append(reply["lease_id"])
        return reply["data"]

    def __enter__(self):
        self.before = set(self.server.list("identity/entity/id"))
        return self

    def __exit__(self, *_):
        for lease in self.leases:
            self.server.write("sys/leases/revoke", {"lease_id": lease, "sync": True})
        for token in self.tokens:
            self.server.write("auth/token/revoke", {"token": token})
        for entity in set(self.server.list("identity/entity/id")) - self.before:
            self.server.request("DELETE", f"identity/entity/id/{entity}")
