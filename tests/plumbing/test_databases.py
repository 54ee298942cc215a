from django.db import IntegrityError
from django.db.utils import ConnectionHandler

from wxlogin import databases
from wxlogin.database_errors import conceal


def test_an_empty_default_database_has_no_driver(monkeypatch):
    both = {"default": {}, "writer": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    monkeypatch.setattr(databases, "connections", ConnectionHandler(both))
    error = IntegrityError("UNIQUE constraint failed: o-alice")

    conceal(error)

    assert [driver.__name__ for driver in databases.drivers()] == ["sqlite3.dbapi2"]
    assert "o-alice" not in str(error)
