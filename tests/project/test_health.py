import socket

import pytest
from django.db import OperationalError, connection

from tests.helpers.project_settings import settings_with


@pytest.fixture
def broken_cache(settings):
    with socket.socket() as sock:
        # Bound but not listening, so the port refuses connections.
        sock.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{sock.getsockname()[1]}"
        settings.CACHES = settings_with(REDIS_URL=url)["CACHES"]
        yield


@pytest.fixture
def broken_database(db):
    def fail(*args):
        raise OperationalError("made-up details")

    with connection.execute_wrapper(fail):
        yield


def test_livez_asks_neither_database_nor_cache(
    client, django_assert_num_queries, broken_database, broken_cache
):
    with django_assert_num_queries(0):
        answer = client.get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_load_balancer_may_call_by_address_and_without_tls(client, db, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["example.com"]

    assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.django_db
def test_readyz_is_ok_when_database_and_cache_answer(client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": True, "cache": True})


def test_readyz_names_a_broken_database(client, broken_database):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        503,
        {"database": False, "cache": True, "why": {"database": "OperationalError"}},
    )


@pytest.mark.django_db
def test_readyz_names_a_broken_cache(client, broken_cache):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        503,
        {"database": True, "cache": False, "why": {"cache": "ConnectionError"}},
    )


def test_readyz_logs_the_kind_of_error_and_no_details(client, broken_database, caplog):
    client.get("/readyz")

    assert "not ready: OperationalError" in caplog.text
    assert "made-up details" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("project")
    )
