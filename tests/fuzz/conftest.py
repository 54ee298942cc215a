"""The fuzzers need packages that the matrix doesn't install."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("schemathesis") else ["test_schema.py"]
