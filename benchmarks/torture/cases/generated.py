"""Steps and inputs that a program makes up: a state machine, calls from the API's schema, and fuzzing."""

import re
import signal
import subprocess
import sys

from ..processes import ROOT, Process
from ..registry import BOTH, case
from ..stack import Run, plain_env

SECONDS = 300


@case(
    "state-machine",
    "Logins, refreshes, ends, blocks, erasures, merges, splits, leaps in time, faults and killed processes in any "
    "order, on two servers, against a model",
    "两台服务器上，登录、刷新、结束会话、封禁、删除、合并、拆分、时间跳跃、故障和进程被杀以任意顺序发生，并与模型比对",
    databases=BOTH,
    deadline=0,
)
def state_machine(run: Run) -> None:
    long = {"STATE_MACHINE": "long", "STATE_MACHINE_EXAMPLES": "25", "DATABASE_URL": run.database.url()}
    _run(run, ["-m", "pytest", "-s", "tests/statemachine"], r"(\d+) steps", **long)


@case(
    "schema",
    "Calls of every operation that the OpenAPI schema allows, and that it doesn't",
    "对每个接口发出 OpenAPI 描述允许的和不允许的请求",
    deadline=0,
)
def schema(run: Run) -> None:
    long = {"SCHEMATHESIS": "long", "SCHEMATHESIS_EXAMPLES": "40", "DATABASE_URL": run.database.url()}
    _run(run, ["-m", "pytest", "-s", "tests/fuzz/test_schema.py"], r"(\d+) calls", **long)


@case(
    "fuzz-decrypt",
    "Made-up encrypted data for 20 s, guided by the code that it reaches (atheris)",
    "用 atheris 连续 20 秒生成加密数据，并由覆盖到的代码引导",
    deadline=0,
)
def fuzz_decrypt(run: Run) -> None:
    _run(run, ["-m", "tests.fuzz", "decrypt", "--seconds", "20"], r"Done (\d+) runs")


@case(
    "fuzz-push",
    "Made-up pushes with a valid signature for 20 s, guided by the code that they reach (atheris)",
    "用 atheris 连续 20 秒生成签名有效的消息推送，并由覆盖到的代码引导",
    deadline=0,
)
def fuzz_push(run: Run) -> None:
    _run(run, ["-m", "tests.fuzz", "push", "--seconds", "20"], r"Done (\d+) runs")


def _run(run: Run, arguments: list[str], counted: str, **env: str) -> None:
    """Run a program of ``tests/``, and count the rounds that its output names."""
    log = run.stack.home / f"{run.ledger.case}.log"
    process = Process([sys.executable, *arguments], log, {**plain_env(), **env}, cwd=ROOT)
    try:
        status: int | str = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        status = f"none after {SECONDS} s"
    finally:
        # pytest stops its servers on Ctrl-C only.
        process.stop(signal.SIGINT)
    run.ledger.rounds = sum(map(int, re.findall(counted, process.log)))
    run.ledger.require(status == 0, f"exit status {status}: {process.log[-2000:]}")
    run.ledger.require(run.ledger.rounds > 0, "nothing ran")
