"""One version of the project: its commands, and its pages as people and staff use them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import requests

from tests.helpers.process import environment_with
from tests.races.served import served

API = "/api/wechat/"
STAFF, PASSWORD = "staff", "a-made-up-password"
PATIENCE = 20  # seconds
Body = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """A source tree. Its processes import the code of this tree and use the database of ``environment``."""

    name: str
    root: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> None:
        """Run a command of ``manage.py``. Raises ``RuntimeError`` with its output if it fails."""
        done = subprocess.run(  # noqa: S603  our own command line
            [sys.executable, "manage.py", *arguments],
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr)[-1000:])

    @contextmanager
    def serve(self, log: Path) -> Iterator["Server"]:
        with served(log, self._environment(), threads=4, root=self.root) as project:
            yield Server(self, project.url)

    def _environment(self) -> dict[str, str]:
        return environment_with(PYTHONPATH=str(self.root), **self.environment)


class Unexpected(Exception):
    """An answer with another status than the one that an act must have."""


@dataclass
class Phone:
    """One device of a person, with the tokens of its last login or refresh."""

    openid: str
    user: Any
    tokens: Body = field(repr=False)

    @property
    def session(self) -> str:
        return str(jwt.decode(self.tokens["access"], options={"verify_signature": False})["wx_session"])


@dataclass(frozen=True)
class Server:
    """The running processes of one version. Every act raises ``Unexpected`` if its answer isn't the right one."""

    version: Version
    url: str

    def log_in(self, openid: str, code: str) -> Phone:
        answer = self._call("POST", "login/", 200, body={"code": code})
        return Phone(openid, answer["user"]["id"], answer)

    def read(self, phone: Phone) -> None:
        seen = self._call("GET", "me/", 200, phone)
        if seen["id"] != phone.user:
            raise Unexpected("me/ is another person")

    def refresh(self, phone: Phone) -> None:
        phone.tokens = self._call("POST", "token/refresh/", 200, body={"refresh": phone.tokens["refresh"]})

    def log_out(self, phone: Phone) -> None:
        self._call("POST", "logout/", 204, phone, body={})
        self.refuse(phone)

    def erase(self, phone: Phone) -> None:
        self._call("DELETE", "me/", 204, phone)
        self.refuse(phone)

    def refuse(self, phone: Phone) -> None:
        """Require that the phone's session is over."""
        self._call("GET", "me/", 401, phone)

    def end_as_staff(self, phone: Phone) -> None:
        """End the phone's session in the admin's list of sessions."""
        with self._http() as http:
            self._submit(http, "/admin/login/", {"username": STAFF, "password": PASSWORD, "next": "/livez"})
            page = f"/admin/wxlogin/loginsession/?q={phone.session}"
            found = re.findall(r'name="_selected_action" value="(\d+)"', self._get(http, page))
            if len(found) != 1:
                raise Unexpected(f"the list of sessions finds {len(found)} sessions")
            # A version without a page that asks for the reason ignores the last two.
            chosen = {"action": "end_sessions", "_selected_action": found[0]}
            self._submit(http, page, {**chosen, "confirmed": "1", "reason": "upgrade"})
        self.refuse(phone)

    def purge(self) -> None:
        self.version.manage("wxlogin_purge")

    def _call(
        self, method: str, path: str, status: int, phone: Phone | None = None, body: Any = None
    ) -> Body:
        headers = {"Authorization": f"Bearer {phone.tokens['access']}"} if phone else {}
        with self._http() as http:
            url = self.url + API + path
            answer = http.request(method, url, json=body, headers=headers, timeout=PATIENCE)
        if answer.status_code != status:
            is_json = answer.headers.get("Content-Type", "").startswith("application/json")
            code = answer.json().get("code", "") if is_json else "not JSON"
            raise Unexpected(f"{method} {path}: {answer.status_code} {code}".rstrip())
        return dict(answer.json()) if status == 200 else {}

    def _get(self, http: requests.Session, page: str) -> str:
        answer = http.get(self.url + page, timeout=PATIENCE)
        if not answer.ok:
            raise Unexpected(f"GET {page.partition('?')[0]}: {answer.status_code}")
        return answer.text

    def _submit(self, http: requests.Session, page: str, fields: dict[str, str]) -> None:
        """Send a form of the admin. Raises ``Unexpected`` if it comes back with errors."""
        self._get(http, page)
        data = {**fields, "csrfmiddlewaretoken": http.cookies["csrftoken"]}
        answer = http.post(self.url + page, data, timeout=PATIENCE)
        if not answer.ok or "errornote" in answer.text:
            raise Unexpected(f"POST {page.partition('?')[0]}: {answer.status_code}")

    @contextmanager
    def _http(self) -> Iterator[requests.Session]:
        with requests.Session() as http:
            http.trust_env = False
            http.headers["Connection"] = "close"
            yield http
