"""Redis is slow, down, frozen, flushed or full. Nobody may notice: without it, each process counts for itself."""

import time

from ..answers import Answer
from ..clients import Person
from ..outage import under_load
from ..proxy import FaultyProxy
from ..registry import case
from ..stack import Run


def check_session_key(person: Person) -> Answer:
    """Make a call that needs the cache twice: for the throttles and for WeChat's access_token."""
    return person.send("POST", "session-key/check/", {}, person.login, also=("session_key_missing",))


@case(
    "cache-slow",
    "Each packet to and from Redis is 0.15 s late, for 6 s",
    "进出 Redis 的每个数据包都延迟 0.15 秒，持续 6 秒",
)
def slow(run: Run) -> None:
    with FaultyProxy(run.redis.port) as proxy, run.group(cache_port=proxy.port) as group:

        def delay() -> None:
            proxy.delay = 0.15
            time.sleep(6)
            proxy.delay = 0.0

        under_load(run, group, delay, acts=[check_session_key])


@case("cache-down", "Redis is killed and stays down for 6 s", "Redis 被杀死，停机 6 秒")
def down(run: Run) -> None:
    def kill() -> None:
        run.redis.kill()
        time.sleep(6)
        run.redis.start()

    with run.group() as group:
        under_load(run, group, kill, acts=[check_session_key])


@case("cache-frozen", "Redis is stopped (SIGSTOP) for 8 s", "Redis 被 SIGSTOP 冻结 8 秒")
def frozen(run: Run) -> None:
    def freeze() -> None:
        with run.redis.frozen():
            time.sleep(8)

    with run.group() as group:
        under_load(run, group, freeze, acts=[check_session_key])


@case("cache-flushed", "Redis loses everything, 30 times in 3 s", "Redis 在 3 秒内被清空 30 次")
def flushed(run: Run) -> None:
    def flush() -> None:
        for _ in range(30):
            run.redis.client().flushall()
            time.sleep(0.1)

    with run.group() as group:
        under_load(run, group, flush, acts=[check_session_key])


@case(
    "cache-full",
    "Redis is full and refuses to write (maxmemory with noeviction), for 6 s",
    "Redis 内存已满并拒绝写入（maxmemory 与 noeviction），持续 6 秒",
)
def full(run: Run) -> None:
    def fill() -> None:
        client = run.redis.client()
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        time.sleep(6)
        client.config_set("maxmemory", "0")

    with run.group() as group:
        under_load(run, group, fill, acts=[check_session_key])
