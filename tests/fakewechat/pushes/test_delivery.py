"""One delivery to the receiver, and its result."""

from concurrent.futures import ThreadPoolExecutor

from wxlogin.fakewechat import pushes

from .reading import REVOKE


def test_an_answer_is_reported_as_it_is(fake, receiver):
    receiver.status, receiver.body = 403, '{"detail": "签名"}'

    assert fake.push(receiver.url, REVOKE, "o-alice") == {"status": 403, "body": '{"detail": "签名"}'}


def test_it_is_sent_once_and_a_late_answer_is_none(fake, receiver, monkeypatch):
    monkeypatch.setattr(pushes, "TIMEOUT", 0.05)
    receiver.delay = 0.3

    assert fake.push(receiver.url, REVOKE, "o-alice") == {"status": None, "body": ""}
    assert len(receiver.received) == 1


def test_a_closed_port_gives_no_status(fake, receiver):
    receiver.close()

    assert fake.push(receiver.url, REVOKE, "o-alice") == {"status": None, "body": ""}


def test_a_redirect_is_not_followed(fake, receiver):
    receiver.status = 302

    assert fake.push(receiver.url, REVOKE, "o-alice")["status"] == 302
    assert len(receiver.received) == 1


def test_a_proxy_in_the_environment_is_not_used(fake, receiver, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert fake.push(receiver.url, REVOKE, "o-alice")["status"] == 200


def test_wechat_goes_on_answering_while_it_waits(fake, receiver, stable_token):
    # A receiver may need an access_token before it can answer.
    receiver.delay = 0.5

    with ThreadPoolExecutor(1) as pool:
        delivery = pool.submit(fake.push, receiver.url, REVOKE, "o-alice")
        assert stable_token()["expires_in"] == 7200
        assert not delivery.done()

    assert delivery.result()["status"] == 200
