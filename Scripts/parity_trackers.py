"""Holds `sam2 track --tracker` and `--prune-memory` to the code of the trackers' authors, with the bundled weights.

    parity_trackers.py --bin .build/release --work WORK --samurai CODE --dam4sam CODE [--clips 3]

The clips are those of `sam2 sample` with seeds 1, 2, ... and 60 frames; both objects start from a
box. For each tracker and clip: the largest relative L2 distance of mask logits over frames and
objects, and whether the masks taken are the same. `--fixture FILE` writes what the authors' code
did on the first clip: the test of the package holds its memories to that. See trackers_reference.py
for CODE. Exits with 1 if a limit is exceeded.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
NANO = HERE.parent / "Tests/Fixtures/nano"
FRAMES = 60
LIMIT = 1e-3
TRACKERS = {
    "samurai": ["--tracker", "samurai"],
    "dam4sam": ["--tracker", "dam4sam"],
    "surgsam2": ["--prune-memory"],
}
# Pixels of the low-resolution masks whose logits go into the fixture.
PROBES = [(y, x) for y in (8, 24, 40, 56) for x in (8, 24, 40, 56)]


def make_clip(binaries, folder, seed):
    """A clip of made-up objects, and the boxes of the objects on its first frame."""
    if not folder.exists():
        subprocess.run(
            [binaries / "sam2", "sample", "-o", folder, "--seed", str(seed)]
            + ["--frames", str(FRAMES), "--quiet"], check=True)
    labels = np.array(Image.open(folder / "truth/00000.png"))
    boxes = {}
    for label in np.unique(labels[labels > 0]).tolist():
        y, x = np.nonzero(labels == label)
        boxes[str(label)] = [int(v) for v in (x.min(), y.min(), x.max(), y.max())]
    (folder / "boxes.json").write_text(json.dumps(boxes))
    return boxes


def reference(tracker, code, clip):
    """The answer of the authors' code, computed once and kept beside the clip."""
    path = clip / f"{tracker}.npz"
    if not path.exists():
        environment = dict(os.environ, TQDM_DISABLE="1")
        environment["PYTHONPATH"] = os.pathsep.join(map(str, code))
        subprocess.run(
            [sys.executable, HERE / "trackers_reference.py", tracker]
            + ["--checkpoint", NANO / "nano.pt", "--config", NANO / "nano.yaml"]
            + ["--frames", clip / "frames", "--boxes", clip / "boxes.json", "--output", path],
            check=True, env=environment)
    return np.load(path)


def ours(options, tracker, clip, boxes):
    """{object: logits [T, S/4, S/4]} of `sam2 track` from frame 1 on."""
    actions = [
        {"do": "add_points", "frame": 0, "object": int(name), "points": [], "labels": [],
         "box": box, "clear": True}
        for name, box in boxes.items()
    ] + [{"do": "propagate", "start": 0, "max_frames": None, "reverse": False}]
    script, logits = clip / "script-boxes.json", clip / f"logits-{tracker}"
    script.write_text(json.dumps({"actions": actions}))
    subprocess.run(["rm", "-rf", logits, clip / "masks"], check=True)
    subprocess.run(
        [options.bin / "sam2", "track", clip / "frames", "--script", script]
        + ["--model", options.work / "nano.sam2", *TRACKERS[tracker], "--fill-hole-area", "0"]
        + ["--save-logits", logits, "-o", clip / "masks", "--quiet"], check=True)
    names = sorted(logits.glob("*.npy"))
    places = {tuple(int(part) for part in path.stem.split("_")): path for path in names}
    return {
        name: np.stack([np.load(places[frame, int(name)]) for frame in range(1, FRAMES)])
        for name in boxes
    }


def fixture(found, boxes):
    """The trace of one tracker on the first clip."""
    objects = {}
    for name, box in boxes.items():
        logits = found[f"logits-{name}"]
        objects[name] = {
            "box": box,
            "scores": [round(float(v), 5) for v in found[f"score-{name}"]],
            "candidates": found[f"candidate-{name}"].tolist(),
            "memories": [[t for t in row if t >= 0] for row in found[f"memories-{name}"].tolist()],
            "logits": [[round(float(plane[p]), 4) for p in PROBES] for plane in logits],
        }
    return objects


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    for tracker in ("samurai", "dam4sam"):
        parser.add_argument(f"--{tracker}", type=Path, required=True, nargs="+")
    parser.set_defaults(surgsam2=[])
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--fixture", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [options.bin / "sam2-convert", NANO / "nano.pt", "-o", options.work / "nano.sam2"]
        + ["--config", NANO / "nano.yaml", "--force", "--quiet"], check=True)

    traces, failed = {}, False
    for seed in range(1, options.clips + 1):
        clip = options.work / f"clip-{seed}"
        boxes = make_clip(options.bin, clip, seed)
        for tracker in TRACKERS:
            found = reference(tracker, getattr(options, tracker), clip)
            tracked = ours(options, tracker, clip, boxes)
            worst, frame = 0.0, None
            for name in boxes:
                theirs = found[f"logits-{name}"]
                errors = [
                    np.linalg.norm(a - b) / np.linalg.norm(b)
                    for a, b in zip(tracked[name], theirs, strict=True)
                ]
                if max(errors) > worst:
                    worst, frame = float(max(errors)), (name, 1 + int(np.argmax(errors)))
            failed |= worst > LIMIT
            switched = sum(int((found[f"candidate-{name}"] != 0).sum()) for name in boxes)
            print(f"{tracker} clip {seed}: relative L2 {worst:.2e} at {frame}; "
                  f"{switched} masks other than the first candidate; "
                  f"look-alikes {[found[k].tolist() for k in found if k.startswith('distract')]}")
            if seed == 1:
                traces[tracker] = fixture(found, boxes)
    if options.fixture:
        document = {"seed": 1, "frames": FRAMES, "probes": PROBES, "trackers": traces}
        options.fixture.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
