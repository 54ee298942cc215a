import time

from tests.helpers.hang_ups import LOGIN
from tests.helpers.served_project import Served, check_avatar, check_hang_ups


def test_an_avatar_can_be_uploaded(served: Served) -> None:
    check_avatar(served)


def test_clients_that_hang_up_are_nobodys_bug(served: Served) -> None:
    check_hang_ups(served)


def test_a_slow_wechat_is_given_up_in_time(served: Served) -> None:
    """Need no option of uWSGI: calls to WeChat run in threads of Python."""
    served.wechat.fault(delay=4, times=1)
    began = time.monotonic()

    answer = served.call("POST", LOGIN, json={"code": served.wechat.code_for("o-alice")})

    assert (answer.status_code, answer.json()["code"]) == (504, "wechat_timeout")
    assert time.monotonic() - began < 3
