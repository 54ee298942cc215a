"""The one database of wxlogin's tables: where ``WeChatUser`` is written, by the project's ``DATABASE_ROUTERS``.

All transactions and all reads of these tables, and of the users, happen there. A replica may be behind: it could
refuse a session that has just begun, and let in one that has just ended.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

View = TypeVar("View", bound=Callable[..., Any])


def alias() -> str:
    """Return the database's alias. Ask at each use: a router may choose by the tenant of the request."""
    return router.db_for_write(apps.get_model("wxlogin", "WeChatUser"))


def likely_alias() -> str:
    """Return the alias for a system check: ``default`` if the router needs a request to tell."""
    try:
        return alias()
    except Exception:  # noqa: BLE001  a router may raise anything outside of a request
        return DEFAULT_DB_ALIAS


def connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to the database."""
    return connections[alias()]


def drivers() -> Iterable[Any]:
    """Return the modules of all drivers that the project uses. Each has exceptions of its own, as of PEP 249."""
    # An empty entry in DATABASES has no driver.
    return {each.Database for each in connections.all() if hasattr(each, "Database")}


def non_atomic(view: View) -> View:
    """Exempt ``view`` from ``ATOMIC_REQUESTS`` of all databases: it opens its own transactions."""
    for each in connections:
        view = transaction.non_atomic_requests(using=each)(view)
    return view
