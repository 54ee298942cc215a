"""A project that is served at a Unix socket."""

from tests.projects.served import *  # noqa: F403
