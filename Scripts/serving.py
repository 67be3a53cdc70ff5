"""A `sam2 serve` of one's own for a while, on a free port."""

import contextlib
import os
import subprocess
from pathlib import Path


def environment(model=None):
    """The environment of commands that use `model`, a file, in place of the bundled one."""
    return os.environ | ({"SAM2_MODEL": str(Path(model).resolve())} if model else {})


@contextlib.contextmanager
def serving(tool, *arguments, environment=None):
    """Yields the process and its address without a slash at the end; asks it to stop afterwards."""
    process = subprocess.Popen(
        [str(tool), "serve", "--port", "0", "-q", *map(str, arguments)], stdout=subprocess.PIPE,
        text=True, env=environment)
    try:
        yield process, process.stdout.readline().strip().rstrip("/")
    finally:
        process.terminate()
        process.wait(timeout=30)
