"""The state machine: what people, staff, time and bad luck do, in any order, and what has to be true after each."""

from typing import Any

import requests
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from wxlogin.services import blocking, erasure, sessions
from wxlogin.services.accounts import merge_accounts, split_identity

from .model import ABSOLUTE, DAY, FOREVER, HOUR, MINUTE, Device, Identity, Model
from .world import DEADLINE, World, claims, until, word

EXCHANGE = "/sns/jscode2session"
# What WeChat does wrong, and what a login answers then.
FAULTS: dict[str, dict[str, Any]] = {
    "wechat_unavailable": {"reset": True},
    "wechat_bad_response": {"body": "<html>"},
    "wechat_too_frequent": {"errcode": 45011},
    "wechat_misconfigured": {"errcode": 40125},
    "user_blocked": {"errcode": 40226},
    "code_invalid": {"errcode": 40029},
}
# Seconds between a refresh and the death of its server: before, during and after its transaction.
PAUSES = (0.001, 0.003, 0.006, 0.5)
WHO = {"staff": None, "reason": "The state machine wants it."}

# Alice and Bob in two apps each.
people = st.sampled_from(range(4))
devices = st.sampled_from(range(24))


class LoginStateMachine(RuleBasedStateMachine):
    """People log in on many devices and in two apps, and things happen to them."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.model = world, Model(world.new_identities())
        self.may_meet_disaster = False

    @initialize(luck=st.sampled_from(range(4)))
    def begin(self, luck: int) -> None:
        """Log three devices in. A disaster takes seconds, so few runs meet one."""
        self.may_meet_disaster = luck >= 1
        for number in (0, 1, 2):
            self.log_in(number)

    # What people do

    @rule(number=people)
    def log_in(self, number: int) -> None:
        identity = self.model.identities[number]
        expected = self.model.login_answer(identity)
        answer = self.world.call("POST", "login/", self.world.login_body(identity))
        self._logged_in(identity, answer, expected)

    @rule(number=st.sampled_from([0, 2]))
    def log_in_in_both_apps_at_once(self, number: int) -> None:
        pair = self.model.identities[number : number + 2]
        expected = [self.model.login_answer(identity) for identity in pair]
        answers = self.world.call_both("login/", [self.world.login_body(each) for each in pair])
        for each in zip(pair, answers, expected, strict=True):
            self._logged_in(*each)

    @rule(number=devices, age=st.sampled_from([0, 0, 1, 2]))
    def refresh(self, number: int, age: int) -> None:
        device = self._device(number)
        generation = max(0, len(device.refreshes) - 1 - age)
        body = {"refresh": device.refreshes[generation]}
        self._refreshed(device, generation, self.world.call("POST", "token/refresh/", body))

    @rule(number=devices, age=st.sampled_from([1, 2]), seconds=st.sampled_from([MINUTE, HOUR]))
    def send_a_spent_token(self, number: int, age: int, seconds: int) -> None:
        for _ in range(age):
            self.refresh(number, 0)
        self.move_the_clock(seconds)
        self.refresh(number, age)

    @rule(number=devices)
    def refresh_twice_at_once(self, number: int) -> None:
        device = self._device(number)
        generation = len(device.refreshes) - 1
        body = {"refresh": device.refreshes[generation]}
        for answer in self.world.call_both("token/refresh/", [body, body]):
            self._refreshed(device, generation, answer)

    @rule(number=devices, everywhere=st.booleans())
    def log_out(self, number: int, everywhere: bool) -> None:
        device = self._device(number)
        expected = self.model.access_answer(device)
        answer = self.world.call("POST", "logout/", {"everywhere": everywhere}, device.access)
        assert word(answer) == expected
        if expected == "ok":
            own = self.model.of_user(device.user) if everywhere else []
            self.model.end([device, *self.model.live(own)], "logged_out")

    @rule(number=devices)
    def erase_oneself(self, number: int) -> None:
        device = self._device(number)
        expected = self.model.access_answer(device)
        assert word(self.world.call("DELETE", "me/", access=device.access)) == expected
        if expected == "ok":
            self.model.erase(device.user)

    # What staff do

    @rule(number=people, seconds=st.sampled_from([FOREVER, DAY + HOUR // 2]))
    def block(self, number: int, seconds: float) -> None:
        if identity := self._known(number):
            blocking.block(self.world.row(identity), until=until(seconds), **WHO)
            self.model.block(identity, self.model.now + seconds)

    @rule(number=people)
    def unblock(self, number: int) -> None:
        if identity := self._known(number):
            blocking.unblock(self.world.row(identity), **WHO)
            identity.blocked_until = 0

    @rule(number=people, is_active=st.booleans())
    def disable_or_enable(self, number: int, is_active: bool) -> None:
        if identity := self._known(number):
            self.world.set_active(identity.user, is_active)
            self.model.set_active(identity.user, is_active)

    @rule(number=people)
    def end_sessions(self, number: int) -> None:
        if identity := self._known(number):
            sessions.end_sessions(sessions.live_sessions_of([self.world.row(identity)]), **WHO)
            self.model.end(self.model.live([identity]), "ended_by_staff")

    @rule(number=people, comes_back=st.booleans())
    def erase(self, number: int, comes_back: bool) -> None:
        if identity := self._known(number):
            erasure.erase_for_staff(self.world.row(identity).user, **WHO)
            self.model.erase(identity.user)
            if comes_back:
                self.log_in(number)

    @rule(number=people, other=people)
    def merge(self, number: int, other: int) -> None:
        source, target = self._known(number), self._known(other)
        if source and target and source.user != target.user:
            merge_accounts(self.world.row(source).user, self.world.row(target).user, **WHO)
            self.model.move(self.model.of_user(source.user), target.user)

    @rule(number=people)
    def split(self, number: int) -> None:
        if identity := self._known(number):
            user = split_identity(self.world.row(identity), **WHO)
            self.model.move([identity], user.pk)

    # What just happens

    @rule(seconds=st.sampled_from([MINUTE, HOUR, 4 * DAY, 8 * DAY]))
    def move_the_clock(self, seconds: int) -> None:
        self.world.move_clock(self.model.identities, seconds)
        self.model.now += seconds

    @rule(number=people, code=st.sampled_from(sorted(FAULTS)))
    def log_in_while_wechat_fails(self, number: int, code: str) -> None:
        self._log_in_with_fault(number, code, FAULTS[code])

    @precondition(lambda self: self.may_meet_disaster)
    @rule(number=devices, kind=st.sampled_from(["hang", "lock", "kill"]))
    def meet_a_disaster(self, number: int, kind: str) -> None:
        self.may_meet_disaster = False
        device = self._device(number)
        if kind == "hang":
            self._log_in_with_fault(number % 4, "wechat_timeout", {"delay": DEADLINE + 1})
        elif kind == "kill":
            self._refresh_on_a_dying_server(device, PAUSES[number % len(PAUSES)])
        elif self.model.refresh_answer(device, len(device.refreshes) - 1) == "ok":
            self._refresh_a_locked_row(device)

    # What has to be true

    @invariant()
    def each_token_gets_its_answer(self) -> None:
        for device in self.model.devices:
            expected = self.model.access_answer(device)
            answer = self.world.call("GET", "me/", access=device.access)
            assert word(answer) == expected
            assert expected != "ok" or answer.json()["id"] == device.user
            self.model.observe(device, expected)

    @invariant()
    def the_database_holds_that_and_nothing_else(self) -> None:
        users, sessions = self.world.stored(self.model.identities)
        assert users == {
            (each.appid, each.openid): (each.user, self.model.is_blocked(each)) for each in self.model.known()
        }
        assert sorted(sessions) == sorted(each.id for each in self.model.devices if each.identity)

    # Help

    def _device(self, number: int) -> Device:
        """Return a live device for most numbers, as long as there is one."""
        live = self.model.live(self.model.known())
        pool = live if live and number % 4 else self.model.devices
        return pool[number % len(pool)]

    def _known(self, number: int) -> Identity | None:
        identity = self.model.identities[number]
        return identity if identity.user is not None else None

    def _log_in_with_fault(self, number: int, code: str, fault: dict[str, Any]) -> None:
        self.world.wechat.fault(EXCHANGE, **fault)
        answer = self.world.call("POST", "login/", self.world.login_body(self.model.identities[number]))
        self.world.wechat.fault(EXCHANGE, times=0)
        assert word(answer) == code

    def _refresh_a_locked_row(self, device: Device) -> None:
        with self.world.locked(device.id):
            answer = self.world.call("POST", "token/refresh/", {"refresh": device.refreshes[-1]})
        assert word(answer) == "storage_unavailable"

    def _refresh_on_a_dying_server(self, device: Device, pause: float) -> None:
        generation = len(device.refreshes) - 1
        body = {"refresh": device.refreshes[generation]}
        answer = self.world.kill_during("token/refresh/", body, pause)
        if answer is not None:
            self._refreshed(device, generation, answer)
        # A client whose answer is lost sends its token again.
        self._refreshed(device, generation, self.world.call("POST", "token/refresh/", body))

    def _logged_in(self, identity: Identity, answer: requests.Response, expected: str) -> None:
        """Compare the answer to a login, and note what it changed."""
        assert word(answer) == expected
        if expected != "ok":
            if identity.user is None and self.model.is_blocked(identity):
                # Whoever was blocked before the erasure is refused, but known again.
                self.model.come_back(identity, self.world.row(identity).user_id)
            return
        body = answer.json()
        user = identity.user or self.model.user_to_join(identity) or body["user"]["id"]
        assert body["user"]["id"] == user
        device = Device(
            claims(body["access"])["wx_session"],
            identity,
            user,
            body["access"],
            [body["refresh"]],
            self.model.now,
            self.model.now + ABSOLUTE,
        )
        self.model.log_in(device, identity, user)

    def _refreshed(self, device: Device, generation: int, answer: requests.Response) -> None:
        """Compare the answer to a refresh with the token of ``generation``."""
        expected = self.model.refresh_answer(device, generation)
        assert word(answer) == expected
        self.model.observe(device, expected)
        if expected != "ok":
            return
        body = answer.json()
        assert claims(body["refresh"])["generation"] == generation + 1
        if generation == len(device.refreshes) - 1:
            device.refreshes.append("")
            device.seen_at = self.model.now
        device.refreshes[generation + 1] = body["refresh"]
        device.access, device.user = body["access"], device.identity.user

    def check_invariants(self, settings: Any, output: Any, runtimes: Any) -> None:
        self.world.steps += 1
        super().check_invariants(settings, output, runtimes)
