"""One HTTP call and its answer, judged by the API's contract."""

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

# A call that takes longer than this has no answer at all.
HANGS = 45.0  # seconds

STATUS_OF_CODE = {
    "invalid_request": 400,
    "unknown_app": 400,
    "open_data_invalid": 400,
    "phone_code_invalid": 400,
    "content_unsafe": 400,
    "code_invalid": 401,
    "token_invalid": 401,
    "session_ended": 401,
    "ticket_invalid": 401,
    "user_blocked": 403,
    "account_disabled": 403,
    "registration_closed": 403,
    "snapshot_user": 403,
    "not_allowed": 403,
    "signature_invalid": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "session_key_missing": 409,
    "already_linked": 409,
    "last_identity": 409,
    "scan_taken": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "throttled": 429,
    "wechat_too_frequent": 429,
    "wechat_misconfigured": 502,
    "wechat_bad_response": 502,
    "wechat_unavailable": 503,
    "storage_unavailable": 503,
    "wechat_timeout": 504,
}
NEEDS_RETRY_AFTER = {429, 503}


@dataclass(frozen=True)
class Answer:
    """``status`` is 0 if the connection gave none; then ``code`` is the name of the error."""

    status: int
    seconds: float
    code: str = ""
    body: dict[str, Any] | list[Any] = field(default_factory=dict)
    problem: str = ""
    reason: str = ""
    raw: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_lost_connection(self) -> bool:
        return self.status == 0 and self.code != "hangs"

    def __getitem__(self, name: str) -> Any:
        assert isinstance(self.body, dict)
        return self.body[name]


def call(
    port: int, method: str, path: str, body: Any = None, access: str = "", timeout: float = HANGS
) -> Answer:
    """Send one request on a connection of its own, and judge the answer by the contract."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    headers = {"Host": "127.0.0.1", "Connection": "close"}
    if access:
        headers["Authorization"] = f"Bearer {access}"
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    try:
        connection.request(method, path, data, headers)
        response = connection.getresponse()
        text = response.read()
    except TimeoutError:
        return Answer(0, time.monotonic() - started, "hangs")
    except (OSError, http.client.HTTPException) as exc:
        return Answer(0, time.monotonic() - started, type(exc).__name__)
    finally:
        connection.close()
    return judged(response, text, time.monotonic() - started)


def judged(response: http.client.HTTPResponse, text: bytes, seconds: float) -> Answer:
    status = response.status
    if status == 204:
        return Answer(status, seconds, problem="a 204 with a body" if text else "")
    try:
        body = json.loads(text)
    except ValueError:
        return Answer(status, seconds, "not JSON", problem=f"not JSON: {text[:60]!r}", raw=text)
    if status == 200:
        return Answer(status, seconds, body=body, raw=text)
    code = str(body.get("code")) if isinstance(body, dict) else "none"
    problem = ""
    if STATUS_OF_CODE.get(code) != status:
        problem = "outside the contract"
    elif status in NEEDS_RETRY_AFTER and not (response.headers.get("Retry-After") or "").isdecimal():
        problem = "no Retry-After"
    reason = str(body.get("reason", "")) if isinstance(body, dict) else ""
    return Answer(status, seconds, code, body, problem, reason, text)
