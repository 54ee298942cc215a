from tests.helpers.open_platform import one_group
from tests.helpers.simultaneous import ample_upstream_slots, post

# Fixtures.
__all__ = ["ample_upstream_slots", "one_group", "post"]
