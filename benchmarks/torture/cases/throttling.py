"""The throttles count exactly, over several processes."""

import time
from concurrent.futures import ThreadPoolExecutor

from ..answers import Answer, call
from ..clients import API
from ..registry import case
from ..stack import Run

LIMITS = {"login": 40, "refresh": 60}
CALLERS = 16


@case(
    "throttles",
    "400 calls at once against LOGIN_RATE 40/min and REFRESH_RATE 60/min, on 4 processes",
    "并发 400 次调用，LOGIN_RATE 为 40/min、REFRESH_RATE 为 60/min，4 个进程",
    quick=True,
)
def throttles(run: Run) -> None:
    rates = {f"WXLOGIN_{name.upper()}_RATE": f"{limit}/min" for name, limit in LIMITS.items()}
    with run.group(4, **rates) as group:
        for name, path in (("login", "login/"), ("refresh", "token/refresh/")):
            body = {"code": "none", "appid": run.wechat.appid, "refresh": "none"}

            def ask(number: int, path: str = path, body: dict[str, str] = body) -> Answer:
                answer = call(group.port, "POST", API + path, body)
                allowed = ("throttled", "code_invalid", "token_invalid")
                return run.ledger.take(f"POST {path}", answer, also=allowed)

            started = time.monotonic()
            with ThreadPoolExecutor(CALLERS) as pool:
                answers = list(pool.map(ask, range(400)))
            passed = sum(answer.code != "throttled" for answer in answers)
            run.ledger.acknowledge(passed)
            run.ledger.show(f"{name}: {passed} of 400 passed in {time.monotonic() - started:.1f} s")
            # In a minute the window would begin anew.
            run.ledger.require(passed == LIMITS[name], f"{passed} calls of {path} passed")
