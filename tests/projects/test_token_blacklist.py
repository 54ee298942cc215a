from tests.helpers.process import suite


def test_where_simple_jwts_blacklist_is_installed_its_pages_are_replaced() -> None:
    run = suite("tests.projects.token_blacklist.settings", "tests/projects/token_blacklist")

    assert run.returncode == 0, run.stdout[-5000:]
    assert "5 passed" in run.stdout
