"""A provider of messages on a real socket: takes, is silent, fails, and leaves a repeat out."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Provider:
    """What was posted, and how the next posts are answered: a status, or seconds of silence."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.told: dict[str, dict[str, Any]] = {}
        """What really went to people: one message a key."""
        self.answers: list[int | float] = []
        self.url = ""

    def take(self, key: str, body: dict[str, Any]) -> int:
        self.posts.append(body)
        self.keys.append(key)
        answer = self.answers.pop(0) if self.answers else 202
        if isinstance(answer, float):
            time.sleep(answer)
            answer = 202
        if answer < 300:
            self.told.setdefault(key, body)
        return answer


@contextmanager
def a_provider() -> Iterator[Provider]:
    """Give a provider that listens, and take it away."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = provider.take(self.headers["Idempotency-Key"], body)
            said = json.dumps({"reference": f"p-{len(provider.posts)}", "costFen": 7}).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                return  # whoever asked has gone

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}/messages"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
