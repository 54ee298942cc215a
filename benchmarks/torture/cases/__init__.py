"""The faults, one module for each subject. Importing this package registers them in their order in the table."""

from . import database

__all__ = ["database"]
