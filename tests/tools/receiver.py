"""A receiver of webhooks on this machine that keeps what it was sent and checks signatures by itself."""
import base64
import hashlib
import hmac
import http.server
import json
import threading


class Receiver:
    """Answers with `status`; `messages` holds path, headers and body of each message."""

    def __init__(self, status=200):
        self.status, self.messages = status, []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.messages.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def take(self):
        """All messages since the last call."""
        taken, self.messages = self.messages, []
        return taken


def verified(message, secret):
    """The JSON of a message whose signature is that of the secret, as the Standard Webhooks specification says; else `None`."""
    _, headers, body = message
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return json.loads(body) if hmac.compare_digest(wanted, headers.get("webhook-signature", "")) else None
