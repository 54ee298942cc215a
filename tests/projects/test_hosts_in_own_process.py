"""Each host project, in a process of its own: Django's settings can't change within one. ``make hosts`` runs them all."""

import pytest

from tests.helpers.process import suite

from .hosts import MODE, Host, all_hosts


@pytest.mark.skipif(MODE == "no", reason="the host projects run once, with make hosts")
@pytest.mark.parametrize("host", all_hosts(), ids=lambda host: host.name)
def test_the_app_works_in_a_host_project(host: Host) -> None:
    if host.missing and MODE != "required":
        pytest.skip(f"there is no {', '.join(host.missing)} here: make hosts")
    assert not host.missing

    run = suite(host.settings, *host.paths)

    run.assert_passed()
