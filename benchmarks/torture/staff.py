"""A process of its own that does what staff do: one JSON line in, one JSON line out.

It runs as ``python -m benchmarks.torture.staff`` in the environment of the service.
"""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from .processes import ROOT


class StaffProcess:
    """The other end of the pipe. ``do("block", openid="o-1")`` returns the act's result, or raises."""

    def __init__(self, log: Path, env: dict[str, str]) -> None:
        self._lock = threading.Lock()
        # The service's log lines.
        self.log = ""
        with log.open("ab") as errors:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.torture.staff"],
                cwd=ROOT,
                env={**env, "DJANGO_SETTINGS_MODULE": "project.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.do("nothing")

    def do(self, act: str, **arguments: Any) -> Any:
        with self._lock:
            assert self._popen.stdin
            assert self._popen.stdout
            self._popen.stdin.write(json.dumps({"act": act, **arguments}) + "\n")
            self._popen.stdin.flush()
            # Log lines of the service go to standard output, too.
            while not (line := self._popen.stdout.readline()).startswith("="):
                if not line:
                    raise RuntimeError("the staff process has ended")
                self.log += line
        answer = json.loads(line[1:])
        if "error" in answer:
            raise RuntimeError(f"{act}: {answer['error']}")
        return answer["result"]

    def stop(self) -> None:
        self._popen.kill()
        self._popen.wait()


def acts() -> dict[str, Any]:
    from django.contrib.auth import get_user_model
    from django.db import IntegrityError, OperationalError, transaction

    from wxlogin.models import LoginSession, WeChatUser
    from wxlogin.services import blocking, erasure, sessions
    from wxlogin.services.accounts.merging import merge_accounts, split_identity

    why = {"staff": None, "reason": "torture"}

    def person(openid: str) -> WeChatUser:
        return WeChatUser.objects.get(openid=openid)

    def disable(openid: str) -> None:
        user = person(openid).user
        user.is_active = False
        user.save()

    def delete(openid: str) -> int:
        """Delete the Django user. A login at that moment rolls Django's delete() back, so repeat it. Count these."""
        for attempt in range(20):
            with suppress(IntegrityError, OperationalError), transaction.atomic():
                get_user_model().objects.get(pk=person(openid).user_id).delete()
                return attempt
        raise RuntimeError("the user can't be deleted")

    def merge(source: str, target: str) -> None:
        merge_accounts(person(source).user, person(target).user, **why)

    def end_sessions(openid: str) -> int:
        return sessions.end_sessions(list(LoginSession.objects.of_people([person(openid)]).open()), **why)

    return {
        "nothing": lambda: None,
        "block": lambda openid: blocking.block(person(openid), **why),
        "unblock": lambda openid: blocking.unblock(person(openid), **why),
        "disable": disable,
        "erase": lambda openid: erasure.erase_for_staff(person(openid).user, **why),
        "delete": delete,
        "merge": merge,
        "split": lambda openid: split_identity(person(openid), **why).pk,
        "end_sessions": end_sessions,
    }


def main() -> None:
    import django

    django.setup()
    known = acts()
    for line in sys.stdin:
        request = json.loads(line)
        act = known[request.pop("act")]
        try:
            answer = {"result": act(**request)}
        # The other end raises it.
        except Exception as exc:  # noqa: BLE001
            answer = {"error": f"{type(exc).__name__}: {exc}"}
        sys.stdout.write("=" + json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
