"""The acts of staff: one class for each thing that they can do."""

from .base import Act, ActsOnRows, Outcome
from .blocking import Block, Unblock
from .ending import EndAllSessions, EndSessions
from .erasing import Erase
from .exporting import Export
from .merging import Merge, Split
from .revealing import Reveal
from .session_keys import CheckSessionKey, ResetSessionKey

__all__ = [
    "Act",
    "ActsOnRows",
    "Block",
    "CheckSessionKey",
    "EndAllSessions",
    "EndSessions",
    "Erase",
    "Export",
    "Merge",
    "Outcome",
    "ResetSessionKey",
    "Reveal",
    "Split",
    "Unblock",
]
