#!/usr/bin/env python3
"""Compares the cost of trackers with SAM 2's own: milliseconds of a tracked frame, in turn.

    bench_trackers.py --bin .build/release --work WORK --model tiny-int8.sam2 [--rounds 3]

Each round tracks the sample scene once with every tracker, one object, with a bank that fills up. The
medians over the frames of all rounds are compared. Fails where a tracker takes more than --limit longer.
"""

import json
import statistics
import subprocess

from verdict import conclude, parser

TRACKERS = ["sam2", "samurai", "dam4sam"]
# Frames before the bank is full.
FIRST = 8


def frames(options, scene, tracker):
    """Milliseconds of the tracked frames of a clip."""
    command = [
        options.bin / "sam2", "track", scene / "frames", "--model", options.model, "--object", "1",
        "--box", "60,40,140,130", "--tracker", tracker, "-o", options.work / tracker, "--force",
        "--json", "-q"]  # fmt: skip
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return [frame["milliseconds"] for frame in json.loads(done.stdout)["frames"][FIRST:]]


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--frames", type=int, default=24)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--limit", type=float, default=0.03)
    options = arguments.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    scene = options.work / "scene"
    if not scene.exists():
        subprocess.run([str(options.bin / "sam2"), "sample", "-q", "-o", str(scene), "--frames",
                        str(options.frames)], check=True)  # fmt: skip
    times = {tracker: [] for tracker in TRACKERS}
    for _ in range(options.rounds):
        for tracker in TRACKERS:
            times[tracker] += frames(options, scene, tracker)
    medians = {tracker: statistics.median(found) for tracker, found in times.items()}
    problems = []
    for tracker, median in medians.items():
        more = median / medians["sam2"] - 1
        print(f"{tracker}: {median:.1f} ms per frame, {more:+.1%}")
        if more > options.limit:
            problems.append(f"{tracker} takes {more:.1%} more than sam2, {options.limit:.0%} allowed")
    conclude(problems)


if __name__ == "__main__":
    main()
