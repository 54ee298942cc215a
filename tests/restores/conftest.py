import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils.module_loading import import_string

from .dumps import Dump, missing_program


@pytest.fixture
def dump(transactional_db: None, tmp_path: Path) -> Callable[[], Dump]:
    """A function that dumps the database as it is. Skipped without PostgreSQL, failed if ``DISASTERS=required``."""
    if connection.vendor != "postgresql":
        pytest.skip("only where DATABASE_URL names a PostgreSQL, so once in CI")
    if name := missing_program():
        assert os.environ.get("DISASTERS") != "required", f"{name} is required"
        pytest.skip(f"there is no {name}")
    return lambda: Dump(tmp_path / "dump")


@pytest.fixture
def log_file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """The log as the project writes it: JSON lines of all loggers."""
    declared = dict(settings.LOGGING["formatters"]["json"])
    formatter = import_string(declared.pop("()"))(
        declared.pop("format"), style=declared.pop("style"), **declared
    )
    file = tmp_path / "log"
    handler = logging.FileHandler(file)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield file
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()
