"""The call of code2Session, and answers to it that a test makes up."""

import json

from tests.wechat.peer import GOOD

PATH = "/sns/jscode2session"
KEY = GOOD["session_key"]


def answer_with(wechat, body, times=None):
    """Let WeChat answer with ``body``: a text as it is, any other value as JSON."""
    wechat.fault(body=body if isinstance(body, str) else json.dumps(body), times=times)
