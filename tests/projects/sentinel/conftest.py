from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from redis import Redis

from tests.helpers.servers import running, wait_for


@pytest.fixture(scope="session", autouse=True)
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Redis[Any]"]:
    """Start a Redis, its replica and a sentinel, and return a connection to the sentinel."""
    folder = tmp_path_factory.mktemp("sentinel")
    with ExitStack() as servers:
        for name, port, replicated in (
            ("master", project.MASTER_PORT, []),
            ("replica", project.REPLICA_PORT, ["--replicaof", "127.0.0.1", str(project.MASTER_PORT)]),
        ):
            servers.enter_context(running([*redis(folder / name, port), *replicated], port))
        servers.enter_context(running(sentinel_command(folder), project.SENTINEL_PORT))
        asked = Redis(port=project.SENTINEL_PORT, decode_responses=True)
        wait_for(lambda: len(asked.sentinel_slaves("tea")) == 1)
        yield asked


def redis(folder: Path, port: int) -> list[str]:
    folder.mkdir()
    limits = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *limits]


def sentinel_command(folder: Path) -> list[str]:
    configuration = folder / "sentinel.conf"
    configuration.write_text(
        f"port {project.SENTINEL_PORT}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor tea 127.0.0.1 {project.MASTER_PORT} 1\n"
        "sentinel down-after-milliseconds tea 1000\n"
    )
    return ["redis-sentinel", str(configuration)]
