#!/usr/bin/env python3
"""Times `sam2 track` from a 720p H.264 file to masks and an overlay, beside inference alone.

    bench_track.py --bin .build/release --work WORK --model edgetam-int8.sam2

The clip is the sample scene of `sam2 sample`, scaled. Inference alone is a tracked frame with a full
bank, as `sam2 bench` measures it before and after. End to end are decoding, resizing, tracking, DAVIS
PNGs and an overlay MP4, from the start of the command to its end. Fails below --share of the rate
that inference alone would allow.
"""

import json
import subprocess
import sys
import time

from verdict import conclude, parser


def run(*words):
    """The output of a command, and its seconds."""
    start = time.monotonic()
    done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
    return done.stdout, time.monotonic() - start


def inference(options):
    """Seconds of a tracked frame with a full bank."""
    text, _ = run(options.bin / "sam2", "bench", "--model", options.model, "--kinds", "track",
                  "--runs", options.runs, "--threads", options.threads, "--json")
    rows = [row for row in holding("p50_ms", json.loads(text)) if "tracked" in row.get("name", "")]
    return rows[0]["p50_ms"] / 1000


def holding(key, tree):
    """Every object in a JSON tree that has a member."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from holding(key, child)


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--frames", type=int, default=150)
    arguments.add_argument("--runs", type=int, default=20, help="measurements of inference")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--share", type=float, default=0.85)
    options = arguments.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    scene, clip = options.work / "scene", options.work / "clip.mp4"
    run(options.bin / "sam2", "sample", "-q", "-o", scene, "--frames", options.frames)
    run("ffmpeg", "-nostdin", "-y", "-v", "error", "-framerate", "30", "-i",
        scene / "frames/%05d.jpg", "-vf", "scale=1280:720", "-c:v", "libx264", "-pix_fmt",
        "yuv420p", clip)
    before = inference(options)
    text, seconds = run(
        options.bin / "sam2", "track", clip, "--model", options.model, "--box", "100,60,620,600",
        "-o", options.work / "masks", "--overlay", options.work / "overlay.mp4", "--force",
        "--threads", options.threads, "--json", "-q")
    frame = min(before, inference(options))
    report = json.loads(text)
    share = frame * options.frames / seconds
    print(f"inference alone {1 / frame:.2f} frames/s ({frame * 1000:.0f} ms); end to end "
          f"{options.frames / seconds:.2f} frames/s ({seconds / options.frames * 1000:.0f} ms): "
          f"{share:.1%} of it; stages in ms: {json.dumps(report['milliseconds'])}")
    problems = [] if share >= options.share else [f"{share:.1%} is below {options.share:.0%}"]
    sys.exit(conclude(problems))


if __name__ == "__main__":
    main()
