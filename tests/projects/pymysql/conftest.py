from tests.helpers.simultaneous import ample_upstream_slots, post

# Fixtures.
__all__ = ["ample_upstream_slots", "post"]
