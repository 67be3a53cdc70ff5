"""The value of each tracker on clips with true masks: IoU and switches of identity.

    tracker_study.py --bin .build/release --work WORK --models NAME=FILE ... [--clips 40]

For each kind of clip (`sam2 sample`: two objects that cross; 2 and 4 rivals that look alike), seeds
1, 2, ... and 60 frames. IoU: mean over objects and frames on which the object is in the true or the
found mask. A switch: a frame from which on an object's mask overlaps the true mask of another object
more than its own, counted once until it is back. Prints a Markdown table and writes
WORK/trackers.json. Runs of an earlier call are kept in WORK.
"""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

FRAMES = 60
KINDS = {"plain, 2 objects": [], "2 rivals": ["--rivals", "2"], "4 rivals": ["--rivals", "4"]}
TRACKERS = ["sam2", "samurai", "dam4sam"]


def labels(folder):
    """[T, H, W] of the label pictures of a folder."""
    return np.stack([np.array(Image.open(path)) for path in sorted(folder.glob("*.png"))])


def judge(found, truth):
    """(IoUs of objects on frames, switches) of one clip."""
    objects = [int(i) for i in np.unique(truth[0]) if i > 0]
    ious, switches = [], 0
    for own in objects:
        lost = False
        for mask, true in zip(found, truth, strict=True):
            mine = mask == own
            shared = {other: int((mine & (true == other)).sum()) for other in objects}
            union = int((mine | (true == own)).sum())
            if union:
                ious.append(shared[own] / union)
            away = max(shared.values()) > 0 and max(shared, key=shared.get) != own
            switches += away and not lost
            if max(shared.values()) > 0:
                lost = away
    return ious, switches


def run(options, clip, tracker, model):
    """The masks of one run: written once."""
    output = clip / f"{model}-{tracker}"
    if not output.exists():
        working = clip / "working"
        shutil.rmtree(working, ignore_errors=True)
        subprocess.run(
            [options.bin / "sam2", "track", clip / "frames", "--script", clip / "script.json"]
            + ["--model", options.models[model], "--tracker", tracker, "-o", working, "--quiet"],
            check=True)
        working.rename(output)
    return labels(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", nargs="+", required=True, metavar="NAME=FILE")
    parser.add_argument("--clips", type=int, default=40)
    options = parser.parse_args()
    options.models = dict(entry.split("=", 1) for entry in options.models)

    rows = []
    for model in options.models:
        for kind, arguments in KINDS.items():
            for tracker in TRACKERS:
                ious, switches = [], 0
                for seed in range(1, options.clips + 1):
                    clip = options.work / kind.replace(", ", "-").replace(" ", "-") / str(seed)
                    if not clip.exists():
                        subprocess.run(
                            [options.bin / "sam2", "sample", "-o", clip, "--seed", str(seed)]
                            + ["--frames", str(FRAMES), "--quiet", *arguments], check=True)
                    more, switched = judge(run(options, clip, tracker, model), labels(clip / "truth"))
                    ious += more
                    switches += switched
                rows.append({"model": model, "kind": kind, "tracker": tracker,
                             "iou": float(np.mean(ious)), "switches": switches})
                print(rows[-1], flush=True)
    (options.work / "trackers.json").write_text(json.dumps(rows, indent=1) + "\n")
    print("| clips | " + " | ".join(f"{t}, {m}" for m in options.models for t in TRACKERS) + " |")
    print("| --- |" + " --- |" * (len(options.models) * len(TRACKERS)))
    for kind in KINDS:
        cells = [f"{r['iou']:.3f}, {r['switches']}" for m in options.models for t in TRACKERS
                 for r in rows if (r["model"], r["kind"], r["tracker"]) == (m, kind, t)]
        print(f"| {kind} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
