"""Fuzz what decrypts and parses: ``python -m tests.fuzz decrypt --seconds 60``, or ``push``.

It ends with an error at the first input that raises an exception which nobody documents, takes more than five
seconds or more than a gigabyte; libFuzzer then writes the input to a file ``crash-…`` in the folder ``--keep``.
Needs atheris, which ``make setup`` installs on Linux: ``pip install atheris``.
"""

import argparse
import importlib
import os
import sys

import atheris

# The code whose branches lead the fuzzer to new inputs.
INSTRUMENTED = [
    "wxlogin.wechat.crypto",
    "wxlogin.wechat.messages",
    "wxlogin.services.events",
    "wxlogin.api.parsers",
    "json",
]
MAX_LENGTH = 70_000  # bytes, a little more than the API reads
SLOW, MEMORY = 5, 1024  # seconds, MiB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=["decrypt", "push"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0 for another one each time")
    parser.add_argument("--keep", default=".", help="where an input that fails is written to")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = importlib.import_module(f"tests.fuzz.{options.target}")
    limits = {
        "max_total_time": options.seconds,
        "timeout": SLOW,
        "rss_limit_mb": MEMORY,
        "max_len": MAX_LENGTH,
    }
    paths = {"artifact_prefix": os.path.join(options.keep, ""), "seed": options.seed}
    flags = [f"-{name}={value}" for name, value in (limits | paths).items()]
    atheris.Setup([sys.argv[0], *flags, "-len_control=0", "-print_final_stats=1"], target.run)
    atheris.Fuzz()


main()
