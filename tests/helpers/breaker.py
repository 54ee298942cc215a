"""An open breaker, as another process reports it."""

from concurrent.futures import ThreadPoolExecutor

from wxlogin import gateway
from wxlogin.wechat.breaker import BreakerState

PATH = "/sns/jscode2session"
# 2026-09-21 14:13:20 UTC
SINCE = 1_790_000_000.0


def report(state: str) -> None:
    """Report ``state`` in a thread, since the report closes the database connections of its thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(gateway._report, PATH, BreakerState(state, 5, SINCE)).result()  # type: ignore[arg-type]
