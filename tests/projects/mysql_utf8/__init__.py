"""MariaDB or MySQL with ``charset: utf8``, which has no emoji.

Its tests show that an emoji in a header never costs a login, that a nickname with one is answered as what it is and no
outage, and that check and doctor name the character set.
"""

SERVERS = ["MARIADB_URL"]
PACKAGES = ["MySQLdb"]
SUITE = []
