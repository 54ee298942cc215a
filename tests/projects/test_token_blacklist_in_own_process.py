"""The app in a project that has Simple JWT's blacklist app too. Such a project needs a process of its own."""

from tests.helpers.process import suite


def test_where_simple_jwts_blacklist_is_installed_its_pages_are_replaced() -> None:
    run = suite("tests.projects.token_blacklist.settings", "tests/projects/token_blacklist")

    run.assert_passed()
