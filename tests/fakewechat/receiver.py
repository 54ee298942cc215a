"""A backend on loopback that receives pushed events."""

import socketserver
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: dict[str, str]
    content_type: str | None
    body: bytes


class Receiver(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[Received] = []
        self.status, self.body, self.delay = 200, "success", 0.0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/events/wx-shop/"

    @property
    def last(self) -> Received:
        return self.received[-1]

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fields = dict(parse_qsl(query))
        self.server.received.append(Received(self.command, path, fields, self.headers["Content-Type"], body))
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(fields.get("echostr", self.server.body).encode())

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass
