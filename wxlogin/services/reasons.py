"""Why staff did something."""

MAX_REASON = 200


def checked_reason(reason: str) -> str:
    """A reason as it goes on record. Raises ``ValueError`` if empty or longer than ``MAX_REASON``."""
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise ValueError(f"a reason has 1 to {MAX_REASON} characters")
    return reason
