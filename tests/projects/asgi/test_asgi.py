from tests.helpers.served_project import Served, check_avatar, check_hang_ups


def test_an_avatar_can_be_uploaded(served: Served) -> None:
    check_avatar(served)


def test_clients_that_hang_up_are_nobodys_bug(served: Served) -> None:
    check_hang_ups(served)

    assert "Traceback" not in served.log.read_text()
