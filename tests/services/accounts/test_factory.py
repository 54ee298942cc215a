from django.contrib.auth.models import User
from django.utils import timezone

from wxlogin.exceptions import UserFactoryFailed
from wxlogin.models import WeChatUser
from wxlogin.secret import PrivateStr, Secret
from wxlogin.services.accounts.factory import retry_collision
from wxlogin.wechat.results import Code2Session

ALICE = Code2Session(openid=PrivateStr("o-alice"), session_key=Secret(""), unionid=PrivateStr(""))


def test_a_person_whom_a_parallel_login_made_known_is_found_after_a_second_collision(db):
    tries = []

    @retry_collision
    def log_in(appid, identity):
        tries.append(identity)
        if len(tries) == 3:
            return "logged in"
        if len(tries) == 2:
            now = timezone.now()
            user = User.objects.create(username="made-up")
            WeChatUser.objects.create(
                user=user, appid=appid, openid="o-alice", created_at=now, last_login_at=now
            )
        raise UserFactoryFailed("the same username", collision=1)

    assert log_in("wx-shop", ALICE) == "logged in"
