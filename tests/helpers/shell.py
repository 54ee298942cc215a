"""Run lines of the documentation in a shell."""

import os
import subprocess
import sys
from pathlib import Path

STAND_INS = Path(__file__).parent / "bin"


def type_in(
    script: str, folder: Path | str, *, machine_has_curl: bool = True, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the lines in bash, as in an activated virtual environment, and stop at the first that fails.

    The environment of the tests is hidden from them. ``curl`` is the machine's own if there is one. Otherwise, or if
    ``machine_has_curl`` is False, it is our stand-in.
    """
    machine, stand_ins = os.environ["PATH"], str(STAND_INS)
    programs = [str(Path(sys.executable).parent)]
    programs += [machine, stand_ins] if machine_has_curl else [stand_ins, machine]
    run = subprocess.run(  # noqa: S603  the documentation's own lines
        ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": os.pathsep.join(programs), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, f"{script}\n{run.stdout}{run.stderr}"
    return run
