"""Times sam2-convert beside cp and sync of the same checkpoint, and measures its memory.

    time_conversion.py --bin .build/release --work WORK --checkpoint FILE.pt [--rounds 5]

The run that a file records (`--golden`) is left out. Each round copies the checkpoint and syncs the
copy, then converts it, both with the checkpoint in the system's cache and the output of the previous
round removed. Prints the medians, their ratio, and the largest resident memory; exits with 1 when the
ratio is above 3 or the memory above 400 MB. WORK must be on the disk to be measured, and takes twice
the checkpoint. Needs Python only.
"""

import os
import statistics
import subprocess
import time
from pathlib import Path

import verdict

MAXIMUM_TIMES = 3
MAXIMUM_MEMORY = 400


def timed(output, *command):
    """Seconds and largest resident memory, in MB, of a command that makes `output`."""
    output.unlink(missing_ok=True)
    os.sync()
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]} failed")
    return time.monotonic() - start, usage.ru_maxrss * 1024 / 1e6


def measure(converter, checkpoint, work, rounds):
    """Times a number of rounds; returns what is too much."""
    copy, model = work / "copy.pt", work / "model.sam2"
    copying, converting, memory = [], [], []
    for number in range(rounds):
        # Reads the checkpoint into the cache.
        with open(checkpoint, "rb") as file:
            while file.read(1 << 24):
                pass
        copying.append(timed(copy, "sh", "-c", 'cp "$0" "$1" && sync "$1"', checkpoint, copy)[0])
        seconds, size = timed(model, converter, checkpoint, "-q", "--no-golden", "-o", model)
        converting.append(seconds)
        memory.append(size)
        print(f"  cp and sync {copying[-1]:.2f} s, conversion {seconds:.2f} s, {size:.0f} MB")
    copy.unlink()
    model.unlink()
    ratio = statistics.median(converting) / statistics.median(copying)
    print(
        f"{checkpoint.stat().st_size / 1e6:.0f} MB: cp and sync {statistics.median(copying):.2f} s,"
        f" conversion {statistics.median(converting):.2f} s, {ratio:.2f} times as long,"
        f" at most {max(memory):.0f} MB")
    problems = []
    if ratio > MAXIMUM_TIMES:
        problems.append(f"a conversion takes {ratio:.2f} times as long as copying")
    if max(memory) > MAXIMUM_MEMORY:
        problems.append(f"a conversion takes {max(memory):.0f} MB")
    return problems


def main():
    parser = verdict.parser(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    converter = arguments.bin.resolve() / "sam2-convert"
    verdict.conclude(
        measure(converter, arguments.checkpoint, arguments.work, arguments.rounds))


if __name__ == "__main__":
    main()
