"""SQL that fills the database: people, sessions, keys, failures and the staff log of a shop."""

from collections.abc import Iterator

from django.db import connection

# The statements for each table. ``build`` replaces :people and :sessions. The rows span 180 days, and the newer days
# have more of them.
TABLES = {
    "accounts": """
        INSERT INTO auth_user (id, username, password, first_name, last_name, email, is_staff, is_superuser,
                               is_active, date_joined)
        SELECT n, 'wx_' || md5('u' || n), '!', '', '', '', false, false, n % 500 <> 0, now()
        FROM generate_series(1, :people) n""",
    # Blocked and disabled people no longer log in. Lists are ordered by the last login, so these people are far down.
    "people": """
        INSERT INTO wxlogin_wechatuser (id, user_id, appid, openid, unionid, nickname, avatar, sealed_phone, phone_hash,
                                        blocked_at, blocked_until, block_reason, block_reason_public, is_split_off,
                                        created_at, last_login_at)
        SELECT n, CASE WHEN n % 20 = 0 AND n % 4000 <> 0 THEN n - 1 ELSE n END,
               CASE WHEN n % 20 = 0 THEN 'wx-books' ELSE 'wx-tea' END,
               'o' || substr(md5('o' || n), 1, 27),
               CASE WHEN n % 20 IN (0, 19) THEN 'u' || md5('p' || (n + n % 20 % 2)) ELSE '' END,
               'person ' || n, '', ''::bytea,
               CASE WHEN n % 3 = 0 THEN md5('h' || n) || md5('i' || n) ELSE '' END,
               CASE WHEN n % 1000 = 7 THEN at + age / 2 END,
               CASE WHEN n % 5000 = 7 THEN at + age * 0.9 WHEN n % 5000 = 1007 THEN now() + interval '9 days' END,
               CASE WHEN n % 1000 = 7 THEN 'spam' ELSE '' END, false, false,
               at, CASE WHEN n % 1000 = 7 OR n % 500 = 0 THEN at + random() * age / 2 ELSE now() - random() ^ 3 * age END
        FROM (SELECT n, now() - age AS at, age
              FROM (SELECT n, (180 - 180 * sqrt(n::float / :people)) * interval '1 day' AS age
                    FROM generate_series(1, :people) n) a) p""",
    "session keys": """
        INSERT INTO wxlogin_sessionkey (wechat_user_id, sealed, obtained_at, state)
        SELECT n, decode(md5('k' || n), 'hex'), now(), CASE WHEN n % 50 = 0 THEN 'stale' WHEN n % 100000 = 1 THEN 'valid' ELSE 'unknown' END
        FROM generate_series(1, :people) n""",
    # Half of the expired sessions were never used again, so ``ended_at`` is empty there. One person logs in all day.
    # The sessions of erased people have no person.
    "login sessions": """
        INSERT INTO wxlogin_loginsession (public_id, wechat_user_id, appid, created_at, last_seen_at, expires_at,
                                          generation, ended_at, end_reason, ip, user_agent, release, upstream_ms)
        SELECT md5('s' || n), CASE WHEN n % 3000 <> 4 THEN p.id END, p.appid, at,
               least(at + interval '1 hour', now()), at + interval '30 days', n % 9,
               CASE WHEN n % 10 < 6 OR n % 10 < 8 AND at < now() - interval '30 days' THEN least(at + interval '2 hours', now()) END,
               CASE WHEN n % 10000 = 1 THEN 'ended_by_staff' WHEN n % 10000 = 2 THEN 'reused_refresh'
                    WHEN n % 3000 = 4 THEN 'erased' WHEN n % 50 = 3 THEN 'replaced'
                    WHEN n % 20000 = 5 AND at < now() - interval '60 days' THEN 'account_disabled'
                    WHEN n % 10 < 6 THEN 'logged_out'
                    WHEN n % 10 < 8 AND at < now() - interval '30 days' THEN 'expired' ELSE '' END,
               ('10.' || n % 250 || '.' || n % 199 || '.7')::inet, 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.60', '17',
               40 + n % 300
        FROM (SELECT n, CASE WHEN n % 200 = 3 THEN :people / 3 ELSE 1 + (n * 7919::bigint + n / 1000) % :people END AS person,
                     now() - (180 - 180 * sqrt(n::float / :sessions)) * interval '1 day' AS at
              FROM generate_series(1, :sessions) n) s
        JOIN wxlogin_wechatuser p ON p.id = s.person""",
    "failures": """
        INSERT INTO wxlogin_loginfailure (created_at, appid, wechat_user_id, ip, code, errcode, rid, request_id, upstream_ms)
        SELECT now() - (180 - 180 * sqrt(n::float / (:sessions / 15))) * interval '1 day',
               CASE WHEN n % 25 = 0 THEN 'wx-books' ELSE 'wx-tea' END,
               CASE WHEN n % 4 = 0 THEN 1 + n % :people END, '10.1.2.7',
               CASE WHEN n % 4 = 0 THEN 'account_disabled' WHEN n % 997 = 1 THEN 'wechat_timeout' ELSE 'code_invalid' END,
               CASE WHEN n % 4 <> 0 AND n % 997 <> 1 THEN 40029 END, 'rid' || n, md5('r' || n), 80
        FROM generate_series(1, :sessions / 15) n""",
    "staff log": """
        INSERT INTO wxlogin_staffact (created_at, action, staff_name, wechat_user_id, person, appid, from_user, to_user,
                                      reason, details, request_id)
        SELECT now() - n * interval '2 minutes', CASE WHEN n % 500 = 0 THEN 'erase' ELSE 'block' END, 'clerk',
               1 + n % :people, substr(md5('q' || n), 1, 12), 'wx-tea', '', '', 'spam', '{}', ''
        FROM generate_series(1, :people / 10) n""",
}
SEQUENCES = ["auth_user", "wxlogin_wechatuser"]


def build(people: int) -> Iterator[str]:
    """Fill the empty tables with ``people`` and three sessions for each. Yield the name of each filled table."""
    for name, sql in TABLES.items():
        with connection.cursor() as cursor:
            cursor.execute(sql.replace(":people", str(people)).replace(":sessions", str(people * 3)))
        yield name
    with connection.cursor() as cursor:
        for table in SEQUENCES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {people})")
        cursor.execute("VACUUM ANALYZE")
    yield "statistics"
