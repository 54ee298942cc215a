"""What WeChat's answers hold."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Code2Session:
    """Who a code belongs to. ``unionid`` is empty where the app is bound to no open-platform account."""

    openid: str
    session_key: str = field(repr=False)
    unionid: str = ""
