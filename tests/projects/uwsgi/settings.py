"""A project that uWSGI serves."""

from tests.projects.served import *  # noqa: F403
