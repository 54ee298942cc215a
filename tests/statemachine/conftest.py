"""The state machine needs a package that the matrix doesn't install."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("hypothesis") else ["test_state_machine.py"]
