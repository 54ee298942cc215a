"""The faults, one module for each subject. Importing this package registers them in their order in the table."""

from . import (  # noqa: I001  the order of the table
    database,
    cache,
    wechat_slow,
    wechat_wrong,
    tokens,
    ends,
    races,
    throttling,
    groups,
    clocks,
    slow_clients,
    secrets,
    sealing,
    restore,
    generated,
)

__all__ = [
    "cache",
    "clocks",
    "database",
    "ends",
    "generated",
    "groups",
    "races",
    "restore",
    "sealing",
    "secrets",
    "slow_clients",
    "throttling",
    "tokens",
    "wechat_slow",
    "wechat_wrong",
]
