from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Who is asking, as far as the request tells. ``release`` comes from a Referer: a hint, no proof."""

    ip: str | None = None
    user_agent: str = ""
    release: str = ""
