"""A proxy between the program and its server that counts requests and may strike at one of them."""
import http.client
import http.server
import ssl
import threading
import time

REFUSAL = b'{"errors": ["not today"]}'


class Proxy:
    """Forwards to `addr`. At request number `strike_at` it calls `strike()`: with `withhold`, after the server has
    answered and before the program hears of it; else after the reply was delivered. The first reply to each of `drops`
    ("POST /v1/sys/mounts/kv") never arrives, though the server did what was asked. Before a request
    of `ahead` is passed on, the first time, its function is called: somebody else is faster. Those of `refuses` are
    answered with 400 and not passed on."""

    def __init__(self, addr, strike_at=None, withhold=False, strike=None, delay=0, cafile=None, spy=None, drops=(), ahead=None, refuses=()):
        self.upstream, self.cafile = addr.split("//")[1], cafile
        self.strike_at, self.withhold, self.strike, self.delay = strike_at, withhold, strike, delay
        self.spy, self.spied = spy, []  # replies to this path are kept
        self.drops, self.dropped, self.ahead = set(drops), [], dict(ahead or {})
        self.refuses = refuses
        self.requests, self.struck, self.lock = [], False, threading.Lock()
        self.open, self.quiet = 0, threading.Condition(self.lock)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"proxy": self}))
        self.server.daemon_threads = True
        self.addr = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def count(self, line):
        """Takes note of a request; its number, from 1."""
        with self.lock:
            self.requests.append(line)
            return len(self.requests)

    def loses(self, line):
        """Whether the reply to a request is lost on its way."""
        with self.lock:
            if line not in self.drops:
                return False
            self.drops.remove(line)
            self.dropped.append(line)
            return True

    def strikes(self, number, withheld):
        if number != self.strike_at or withheld != self.withhold:
            return False
        self.struck = True
        self.strike()
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A server goes on with what a killed program asked of it (a key of 4096 bits takes seconds). What it has not
        # begun to show when the next run looks, nobody can heal; so the next run begins when the server is at rest.
        with self.quiet:
            self.quiet.wait_for(lambda: not self.open, timeout=60)
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of the program, with a connection of its own to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy = None

    def setup(self):
        super().setup()
        cafile = self.proxy.cafile
        if cafile:  # the program speaks plainly to us, we speak TLS to the server
            context = ssl.create_default_context(cafile=cafile)
            self.server_side = http.client.HTTPSConnection(self.proxy.upstream, timeout=60, context=context)
        else:
            self.server_side = http.client.HTTPConnection(self.proxy.upstream, timeout=60)

    def __getattr__(self, name):
        if name.startswith("do_"):  # any method, LIST and SCAN too
            return self.forward
        raise AttributeError(name)

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {self.path}"
        number = self.proxy.count(line)
        self.proxy.ahead.pop(line, lambda: None)()
        time.sleep(self.proxy.delay)
        if line in self.proxy.refuses:
            self.send_response_only(400, "Bad Request")
            self.send_header("Content-Length", str(len(REFUSAL)))
            self.end_headers()
            self.wfile.write(REFUSAL)
            return
        reply, data = self.ask(body)
        if self.path == self.proxy.spy:
            self.proxy.spied.append(data)
        if self.proxy.loses(line) or self.proxy.strikes(number, withheld=True):
            self.close_connection = True
            return
        self.send_response_only(reply.status, reply.reason)
        for key, value in reply.getheaders():
            if key.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(key, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        if self.proxy.strikes(number, withheld=False):
            self.close_connection = True

    def ask(self, body):
        """The server's reply and its body."""
        with self.proxy.lock:
            self.proxy.open += 1
        try:
            self.server_side.request(self.command, self.path, body or None, dict(self.headers))
            reply = self.server_side.getresponse()
            return reply, reply.read()
        finally:
            with self.proxy.quiet:
                self.proxy.open -= 1
                self.proxy.quiet.notify_all()

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, http.client.HTTPException):
            pass  # the program was killed, or its server stopped
        finally:
            self.server_side.close()

    def log_message(self, *_):
        pass
