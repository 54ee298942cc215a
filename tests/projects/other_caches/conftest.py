from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command

from tests.helpers.servers import running


@pytest.fixture(scope="session")
def memcached() -> Iterator[str]:
    """Start a Memcached, and return its address."""
    port = project.MEMCACHED_PORT
    with running(["memcached", "-l", "127.0.0.1", "-p", str(port), "-u", "nobody"], port):
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Make the table of the cache, too."""
    with django_db_blocker.unblock():
        call_command("createcachetable", "cache", verbosity=0)
