"""Clients that send one byte at a time don't keep the others from their answers."""

import json
import ssl
import time

import pytest

from tests.helpers.slow_clients import SLOW_BODY, SLOW_HEADERS, SlowClients, dripping
from wxlogin.fakewechat import FakeWeChat

from .calls import BOUND, call
from .servers import Site


@pytest.mark.parametrize("request_in_parts", [SLOW_HEADERS, SLOW_BODY], ids=["headers", "body"])
def test_200_slow_clients_leave_the_service_to_the_others(
    site: Site, fake: FakeWeChat, request_in_parts: tuple[bytes, bytes]
) -> None:
    context = ssl.create_default_context(cafile=site.certificate)
    code = json.dumps({"code": fake.code_for("o-bob")}).encode()
    slow = SlowClients(("127.0.0.1", site.https_port), *request_in_parts, interval=1.5, context=context)

    with dripping(slow):
        tokens = call(site, "POST", "/api/wechat/login/", code, {"Content-Type": "application/json"}).json()
        headers = {"Authorization": f"Bearer {tokens['access']}"}
        began = [time.monotonic()]
        statuses = []
        for _ in range(50):
            statuses.append(call(site, "GET", "/api/wechat/me/", None, headers).status)
            began.append(time.monotonic())

    assert statuses == [200] * 50
    assert max(after - before for before, after in zip(began, began[1:], strict=False)) < BOUND
    # All of them dripped to the end, so nginx held them and refused none.
    assert (slow.closed, slow.answers) == (0, [])
