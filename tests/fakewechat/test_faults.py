import time

import pytest

PATH = "/sns/jscode2session"


def received(connection):
    """Yield the chunks that arrive until the server closes the connection."""
    with connection:
        while chunk := connection.recv(65536):
            yield chunk


# Faults that replace the answer


@pytest.mark.parametrize(
    ("errcode", "errmsg"),
    [
        (-1, "system error"),
        (45011, "api minute-quota reach limit"),
        (40226, "code blocked"),
        (99999, "system error"),
    ],
)
def test_an_errcode_comes_with_the_text_wechat_uses(fake, exchange, errcode, errmsg):
    fake.fault(errcode=errcode)

    refusal = exchange("any")

    assert refusal["errcode"] == errcode
    assert refusal["errmsg"].startswith(errmsg + ", rid: ")


def test_an_errcode_can_be_a_string(fake, exchange):
    fake.fault(errcode="40029")

    refusal = exchange("any")

    assert refusal["errcode"] == "40029"
    assert refusal["errmsg"].startswith("invalid code, rid: ")
    assert fake.calls[0].errcode == "40029"


@pytest.mark.parametrize("fault", [{"errcode": -1}, {"status": 502}, {"body": ""}])
def test_a_call_that_got_a_fault_for_an_answer_spends_no_code(fake, client, exchange, fault):
    code = fake.code_for("o-alice")
    fake.fault(times=1, **fault)

    client.code2session(code)

    assert exchange(code)["openid"] == "o-alice"


def test_a_status_comes_with_a_page(fake, client):
    fake.fault(status=502)

    reply = client.code2session("any")

    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert b"<h1>502 Bad Gateway</h1>" in reply.body


def test_a_status_without_a_standard_name_works_too(fake, client):
    fake.fault(status=599)

    assert client.code2session("any").status == 599


@pytest.mark.parametrize("body", ["", "<html>maintenance</html>", '{"openid": ', "维护中", "x" * 1_000_000])
def test_a_body_is_sent_as_it_is(fake, client, body):
    fake.fault(body=body)

    reply = client.code2session("any")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/plain")
    assert reply.body == body.encode()


def test_a_status_and_a_body_go_together(fake, client):
    fake.fault(status=503, body="closed")

    reply = client.code2session("any")

    assert (reply.status, reply.body) == (503, b"closed")


def test_a_reset_cuts_the_connection_without_an_answer(fake, client, exchange):
    fake.fault(reset=True, times=1)

    with pytest.raises(ConnectionResetError):
        list(received(client.raw(PATH)))

    assert [call.status for call in fake.calls] == [None]
    assert exchange("any")["errcode"] == 40029


# Delay and drip


def test_a_delay_comes_before_normal_behaviour(fake, exchange):
    code = fake.code_for("o-alice")
    fake.fault(delay=0.2)

    started = time.monotonic()

    assert exchange(code)["openid"] == "o-alice"
    assert time.monotonic() - started >= 0.2


def test_a_delayed_call_is_already_listed_and_still_spends_the_code(fake, client, exchange):
    code = fake.code_for("o-alice")
    fake.fault(delay=0.3, times=1)
    impatient = client.raw(
        f"{PATH}?appid=wx-shop&secret=shop-secret&js_code={code}&grant_type=authorization_code"
    )
    wait_for(lambda: fake.calls)

    assert fake.calls[0].status is None
    impatient.close()
    wait_for(lambda: fake.calls[0].status == 200)

    assert exchange(code)["errcode"] == 40163


def test_a_delay_combines_with_an_errcode(fake, exchange):
    fake.fault(delay=0.1, errcode=45011)

    started = time.monotonic()

    assert exchange("any")["errcode"] == 45011
    assert time.monotonic() - started >= 0.1


def test_a_drip_sends_single_bytes_from_the_status_line_on(fake, client):
    fake.fault(drip=0.005, body="slow")

    started = time.monotonic()
    connection = client.raw(PATH)
    chunks = []
    while not b"".join(chunks).endswith(b"slow"):
        chunks.append(connection.recv(65536))
    connection.close()

    message = b"".join(chunks)
    assert message.startswith(b"HTTP/1.1 200 OK\r\n")
    # On a busy machine a few bytes may arrive at once, but not the whole status line.
    assert len(chunks) > 50
    assert len(chunks[0]) < len("HTTP/1.1 200 OK")
    assert time.monotonic() - started >= 0.005 * (len(message) - 1)


def test_a_drip_is_otherwise_normal_behaviour(fake, exchange):
    code = fake.code_for("o-alice")
    fake.fault(drip=0.001)

    assert exchange(code)["openid"] == "o-alice"


def test_a_client_that_gives_up_causes_no_output(fake, client, exchange, capfd):
    fake.fault(drip=0.01, times=1)
    connection = client.raw(PATH)
    connection.recv(1)
    connection.close()
    time.sleep(0.05)

    exchange("any")

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", [{"delay": 60}, {"drip": 60}])
def test_stopping_does_not_wait_for_a_fault(fake, client, fault):
    fake.fault(**fault)
    connection = client.raw(PATH)
    wait_for(lambda: fake.calls)

    started = time.monotonic()
    fake.stop()

    assert len(b"".join(received(connection))) <= 1
    assert time.monotonic() - started < 2


# Paths, order and number of calls


def test_a_fault_lasts_until_the_reset(fake, exchange):
    fake.fault(errcode=-1)

    assert [exchange("any")["errcode"] for _ in range(3)] == [-1, -1, -1]
    fake.reset()
    assert exchange("any")["errcode"] == 40029


def test_a_fault_can_last_a_number_of_calls(fake, exchange):
    fake.fault(errcode=-1, times=2)

    assert [exchange("any")["errcode"] for _ in range(3)] == [-1, -1, 40029]


def test_the_newest_fault_wins_until_it_is_used_up(fake, exchange):
    fake.fault(errcode=-1)
    fake.fault(errcode=45011, times=1)

    assert [exchange("any")["errcode"] for _ in range(3)] == [45011, -1, -1]


def test_times_zero_ends_the_faults_of_that_path_only(fake, client, exchange):
    fake.fault(errcode=-1)
    fake.fault(errcode=45011)
    fake.fault("/cgi-bin/elsewhere", errcode=45009)

    fake.fault(times=0)

    assert exchange("any")["errcode"] == 40029
    assert client.get("/cgi-bin/elsewhere").json()["errcode"] == 45009


@pytest.mark.parametrize("path", [PATH, PATH.lstrip("/")])
def test_a_path_works_with_or_without_its_slash(client, exchange, path):
    assert client.post("/_fake/faults", {"path": path, "errcode": -1, "times": 1}).status == 200

    assert [exchange("any")["errcode"] for _ in range(2)] == [-1, 40029]


def test_a_fault_leaves_the_controls_alone(fake, client):
    fake.fault("/_fake/calls", status=500)

    assert client.get("/_fake/calls").status == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"errcode": True},
        {"errcode": "forty"},
        {"errcode": 1.5},
        {"status": 99},
        {"status": "502"},
        {"body": 7},
        {"reset": False},
        {"delay": -1},
        {"delay": float("nan")},
        {"drip": "slow"},
        {"errcode": -1, "times": -1},
        {"errcode": -1, "times": 1.5},
        {"errcode": -1, "status": 502},
        {"reset": True, "body": ""},
        {},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fake, client, fault):
    with pytest.raises(ValueError, match=r"must be|exclude|say what"):
        fake.fault(**fault)
    assert client.post("/_fake/faults", {"path": PATH} | fault).status == 400


def wait_for(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.005)
