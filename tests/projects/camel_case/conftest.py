"""The tests here need their own settings. ``tests/projects/test_hosts_in_own_process.py`` runs them."""

from django.conf import settings as project

if project.ROOT_URLCONF != "tests.projects.camel_case.urls":
    collect_ignore_glob = ["test_*.py"]
