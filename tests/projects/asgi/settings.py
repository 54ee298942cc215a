"""A project that uvicorn serves."""

from tests.projects.served import *  # noqa: F403
