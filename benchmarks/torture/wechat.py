"""The fake WeChat in a process of its own, controlled over HTTP."""

import http.client
import json
import sys
from pathlib import Path
from typing import Any

from .processes import ROOT, NotReady, Process, accepts, free_port

LOGIN_PATH = "/sns/jscode2session"
PHONE_PATH = "/wxa/business/getuserphonenumber"


class WeChatProcess:
    """``manage.py fakewechat`` and its ``/_fake/`` calls."""

    def __init__(self, log: Path, appid: str, env: dict[str, str]) -> None:
        self.appid, self.port = appid, free_port()
        command = [sys.executable, "manage.py", "fakewechat", "--port", str(self.port)]
        self._process = Process(command, log, env, cwd=ROOT)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        self._process.wait_until(lambda: accepts(self.port))

    def stop(self) -> None:
        self._process.kill()

    def add_person(self, openid: str, unionid: str = "") -> None:
        self._control("POST", "people", {"openid": openid, **({"unionid": unionid} if unionid else {})})

    def code_for(self, openid: str, appid: str = "") -> str:
        answer = self._control("POST", "codes", {"openid": openid, "appid": appid or self.appid})
        return str(answer["code"])

    def phone_code_for(self, openid: str) -> str:
        return str(self._control("POST", "phone-codes", {"openid": openid, "appid": self.appid})["code"])

    def open_data(self, openid: str, data: dict[str, Any]) -> dict[str, str]:
        fields = {"openid": openid, "appid": self.appid, "data": data}
        answer: dict[str, str] = self._control("POST", "open-data", fields)
        return answer

    def break_path(self, path: str = LOGIN_PATH, **fault: Any) -> None:
        self._control("POST", "faults", {"path": path, **fault})

    def heal_path(self, path: str = LOGIN_PATH) -> None:
        self._control("POST", "faults", {"path": path, "times": 0})

    def calls(self, path: str = LOGIN_PATH) -> list[dict[str, Any]]:
        return [each for each in self._control("GET", "calls") if each["path"] == path]

    def reset(self) -> None:
        self._control("POST", "reset", {})

    def _control(self, method: str, name: str, fields: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = None if fields is None else json.dumps(fields).encode()
            connection.request(method, f"/_fake/{name}", body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise NotReady(f"/_fake/{name}: {text!r}")
        return json.loads(text)
