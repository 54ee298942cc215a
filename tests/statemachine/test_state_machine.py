"""Two servers, a database and a model of what has to be true, under anything that can happen to a login.

``STATE_MACHINE=long`` takes minutes, and other steps each time; ``STATE_MACHINE_EXAMPLES`` says how many runs.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import LoginStateMachine
from .world import APPS, running_world

IS_LONG = os.environ.get("STATE_MACHINE") == "long"
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", 200 if IS_LONG else 30))
PROFILE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50 if IS_LONG else 30,
    derandomize=not IS_LONG,
    deadline=None,
    database=None,
    # Making a failure's steps fewer takes minutes.
    phases=[Phase.generate, Phase.shrink] if IS_LONG else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db(transaction=True)
def test_nothing_that_happens_to_a_login_surprises_the_model(
    configure: Callable[..., None], tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    configure(APPS=APPS)
    with running_world(tmp_path) as world:
        run_state_machine_as_test(lambda: LoginStateMachine(world), settings=PROFILE)
        print(f"state machine: {EXAMPLES} runs, {world.steps} steps")  # noqa: T201  shown by pytest -s
        record_property("steps", world.steps)
    assert world.steps > EXAMPLES
