"""A person with a phone: logs in, refreshes, calls the API, and remembers what the service acknowledged."""

from dataclasses import dataclass, field
from typing import Any

import jwt

from .answers import Answer, call
from .ledger import Ledger
from .wechat import WeChatProcess

API = "/api/wechat/"


@dataclass
class Login:
    """One login session as its phone knows it.

    ``ended`` is the reason of an acknowledged end. ``may_be_over``: an end was asked for and got no clear answer.
    """

    id: str
    access: str
    refresh: str
    ended: str = ""
    may_be_over: bool = False
    spent: list[str] = field(default_factory=list)


class Person:
    """One openid in one app, and the logins of its phones."""

    def __init__(
        self,
        ledger: Ledger,
        wechat: WeChatProcess,
        port: int,
        openid: str,
        *,
        unionid: str = "",
        appid: str = "",
    ) -> None:
        self.ledger, self.wechat, self.port, self.openid = ledger, wechat, port, openid
        self.appid = appid or wechat.appid
        self.user: Any = None
        self.logins: list[Login] = []
        self.is_erased = False
        self.may_be_erased = False
        # A code of WeChat's if this is empty.
        self.fixed_code = ""
        wechat.add_person(openid, unionid)
        ledger.add(self)

    @property
    def login(self) -> Login:
        return self.logins[-1]

    def log_in(self, *, also: tuple[str, ...] = ()) -> Answer:
        code = self.fixed_code or self.wechat.code_for(self.openid, self.appid)
        answer = self.post("login/", {"code": code, "appid": self.appid}, also=also)
        if answer.ok:
            self.ledger.acknowledge()
            self.logins.append(Login(session_of(answer["access"]), answer["access"], answer["refresh"]))
            user = answer["user"]["id"]
            if self.user not in (None, user) and not (self.is_erased or self.may_be_erased):
                self.ledger.lose("a person became another one")
            self.user, self.is_erased, self.may_be_erased = user, False, False
        return answer

    def renew(self, login: Login | None = None, *, also: tuple[str, ...] = ()) -> Answer:
        login = login or self.login
        parent = login.refresh
        answer = self.post("token/refresh/", {"refresh": parent}, also=also)
        if answer.ok:
            self.ledger.acknowledge()
            login.access, login.refresh = answer["access"], answer["refresh"]
            login.spent.append(parent)
        return answer

    def look(self, login: Login | None = None, *, also: tuple[str, ...] = ()) -> Answer:
        login = login or self.login
        answer = self.get("me/", login, also=also)
        if answer.ok and answer["id"] != self.user:
            self.ledger.lose("me/ is another person")
        return answer

    def log_out(self, login: Login | None = None, *, everywhere: bool = False) -> Answer:
        login = login or self.login
        chosen = [each for each in self.logins if not each.ended] if everywhere else [login]
        body = {"everywhere": True} if everywhere else {}
        answer = self.send("POST", "logout/", body, login)
        self._mark(chosen, answer, "logged_out")
        return answer

    def erase(self) -> Answer:
        answer = self.send("DELETE", "me/", None, self.login)
        self._mark([each for each in self.logins if not each.ended], answer, "erased")
        if answer.ok:
            self.is_erased = True
        elif answer.status not in (400, 401, 403):
            self.may_be_erased = True
        return answer

    def get(self, path: str, login: Login, *, also: tuple[str, ...] = ()) -> Answer:
        return self.send("GET", path, None, login, also=also)

    def post(self, path: str, body: Any, *, also: tuple[str, ...] = ()) -> Answer:
        return self.ledger.take(f"POST {path}", call(self.port, "POST", API + path, body), also=also)

    def send(self, method: str, path: str, body: Any, login: Login, *, also: tuple[str, ...] = ()) -> Answer:
        answer = call(self.port, method, API + path, body, login.access)
        return self.ledger.take(f"{method} {path}", answer, also=also)

    def probe(self) -> Answer:
        """Call ``me/`` without judging the answer: the case looks whether the service is back."""
        return call(self.port, "GET", API + "me/", None, self.login.access)

    def _mark(self, logins: list[Login], answer: Answer, reason: str) -> None:
        if answer.ok:
            self.ledger.acknowledge()
        for login in logins:
            if answer.ok:
                login.ended = reason
            elif answer.status not in (400, 401, 403):
                login.may_be_over = True


def session_of(access: str) -> str:
    return str(jwt.decode(access, options={"verify_signature": False})["wx_session"])
