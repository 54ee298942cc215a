"""A phone with the mini-program, which calls the live server over HTTP."""

from dataclasses import dataclass, field
from typing import Any

import requests

from wxlogin.fakewechat import FakeWeChat

# The user agent of WeChat on an iPhone, shortened.
USER_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.60"


@dataclass
class Phone:
    url: str
    wechat: FakeWeChat
    openid: str
    tokens: dict[str, Any] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        headers |= {"Connection": "close", "User-Agent": USER_AGENT}
        with requests.Session() as http:
            # A proxy from the environment must not stand between phone and server.
            http.trust_env = False
            return http.request(
                method, f"{self.url}/api/wechat/{path}", json=body, headers=headers, timeout=10
            )

    def send_code(self, code: str | None = None, **headers: str) -> requests.Response:
        code = code or self.wechat.code_for(self.openid)
        return self.call("POST", "login/", {"code": code}, **headers)

    def log_in(self) -> "Phone":
        answer = self.send_code()
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self

    def get_me(self) -> requests.Response:
        return self.as_user("GET", "me/")

    def as_user(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.call(method, path, body, Authorization=f"Bearer {self.tokens['access']}")

    def refresh(self) -> requests.Response:
        answer = self.call("POST", "token/refresh/", {"refresh": self.tokens["refresh"]})
        if answer.ok:
            self.tokens = {**self.tokens, **answer.json()}
        return answer
