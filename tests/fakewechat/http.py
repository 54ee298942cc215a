"""A plain HTTP client, so that no library between test and server hides a mistake."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A client with one keep-alive connection."""

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url).hostname, urlsplit(url).port
        self._connection = http.client.HTTPConnection(*self.address, timeout=10)

    def get(self, path: str, **params: str) -> Reply:
        return self.send("GET", f"{path}?{urlencode(params)}" if params else path)

    def post(self, path: str, body: object = None) -> Reply:
        return self.send("POST", path, b"" if body is None else json.dumps(body).encode())

    def send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        self._connection.request(method, path, body)
        response = self._connection.getresponse()
        return Reply(response.status, response.headers, response.read())

    def code2session(self, js_code: str | None, **params: str | None) -> Reply:
        return self.get("/sns/jscode2session", **code2session_params(js_code, **params))

    def raw(self, target: str) -> socket.socket:
        """Open a new connection and send one GET. The caller reads the bytes as they arrive."""
        connection = socket.create_connection(self.address, timeout=10)
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: api.weixin.qq.com\r\n\r\n".encode())
        return connection

    def close(self) -> None:
        self._connection.close()


def code2session_params(js_code: str | None, **params: str | None) -> dict[str, str]:
    defaults = {"appid": "wx-shop", "secret": "shop-secret", "grant_type": "authorization_code"}
    given = defaults | {"js_code": js_code} | params
    return {name: value for name, value in given.items() if value is not None}
