"""The tests here need their own settings. ``test_hosts_in_own_process.py`` runs them."""

from django.db import connection

from tests.helpers.simultaneous import ample_upstream_slots, post

# Fixtures.
__all__ = ["ample_upstream_slots", "post"]

if connection.settings_dict["TEST"]["NAME"] != "test_wxlogin_pymysql":
    collect_ignore_glob = ["test_*.py"]
