"""The tests here need their own settings. ``tests/projects/test_hosts_in_own_process.py`` runs them."""

import pytest
from django.conf import settings as project

from tests.helpers.databases import let_all_use

IS_OURS = project.SETTINGS_MODULE == "tests.projects.other_database.settings"
if not IS_OURS:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if IS_OURS:
        let_all_use(["default", "people"], items)
