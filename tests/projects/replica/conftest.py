import pytest

from tests.helpers.databases import let_all_use


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    let_all_use(["writer"], items)
