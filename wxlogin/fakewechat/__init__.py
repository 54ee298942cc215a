"""A stand-in for api.weixin.qq.com: a real HTTP server on loopback, for demos and tests."""

from wxlogin.fakewechat.server import FakeWeChat, serve
from wxlogin.fakewechat.state import Call, Person

__all__ = ["Call", "FakeWeChat", "Person", "serve"]
