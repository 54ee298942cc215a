"""A stand-in for api.weixin.qq.com: a real HTTP server on loopback, for demos and tests."""

from wxlogin.fakewechat.messages import Call
from wxlogin.fakewechat.people import Person
from wxlogin.fakewechat.server import FakeWeChat, serve

__all__ = ["Call", "FakeWeChat", "Person", "serve"]
