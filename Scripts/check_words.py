"""Measures what the small detector finds by words, and the masks that follow.

    python Scripts/check_words.py DETECTOR.sam2 … [--bin .build/release] [--scenes 30] [--clips 6]

Scenes of `sam2 sample` with other seeds, none of which the detector was trained on: each shows a teal
hexagon, an orange blob and a purple ellipse, and is asked for these and for things that it does not
show. And drawn scenes of other colours and shapes (training/shape_scenes.py, unseen seeds), asked for
all 80 pairs of a colour and a shape at once. A detection counts as right with IoU 0.5 and more with a
true box of its words. The masks of `sam2 segment --text` and `sam2 track --text`, of the bundled model,
are compared with the true ones. `built-in` is a detector, too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent / "training"))
from phrases import COLOURS, SHAPES  # noqa: E402
from shape_scenes import ShapeScenes  # noqa: E402

SHOWN = ["teal hexagon", "orange blob", "purple ellipse"]
ABSENT = ["red star", "blue cross", "green square", "yellow triangle", "cat"]
SEED = 20_000
THRESHOLD = "0.3"


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return done.stdout


def overlap(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])  # noqa: E731
    return shared / (area(a) + area(b) - shared)


class Tally:
    """Right and wrong detections, best first, each true box found at most once."""

    def __init__(self):
        self.right = self.found = self.true = 0
        self.overlaps = []

    def add(self, detections, true):
        left = list(true)
        for detection in detections:
            self.found += 1
            fits = [(overlap(detection["box"], b), i) for i, (t, b) in enumerate(left)
                    if t == detection["label"]]  # fmt: skip
            best = max(fits, default=(0, -1))
            if best[0] >= 0.5:
                self.right += 1
                self.overlaps.append(best[0])
                left.pop(best[1])
        self.true += len(true)

    def __str__(self):
        precision, recall = self.right / max(1, self.found), self.right / max(1, self.true)
        return (
            f"precision {precision:.3f}, recall {recall:.3f} of {self.true} objects, "
            f"mean IoU of boxes {np.mean(self.overlaps or [0]):.3f}"
        )


def detect(binary, detector, pictures, texts):
    output = run(
        binary / "sam2", "detect", *pictures, "--detector", detector, "--threshold", THRESHOLD,
        "--json", "--text", *texts,
    )  # fmt: skip
    return [image["detections"] for image in json.loads(output)["images"]]


def box_of(mask):
    ys, xs = np.nonzero(mask)
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def labels(path):
    return np.array(Image.open(path))


def sample(binary, folder, seeds, frames):
    for seed in seeds:
        run(
            binary / "sam2", "sample", "-o", folder / f"{seed:03}", "--seed", seed, "--frames",
            frames,
        )  # fmt: skip
        # Results are called by the names of pictures.
        (folder / f"{seed:03}/picture.png").rename(folder / f"{seed:03}.png")


def mask_iou(a, b):
    union = np.logical_or(a, b).sum()
    return np.logical_and(a, b).sum() / union if union else 1.0


def check_samples(binary, detector, folder, seeds, scratch):
    pictures = [folder / f"{seed:03}.png" for seed in seeds]
    truths = [labels(folder / f"{seed:03}/picture_truth.png") for seed in seeds]
    tally = Tally()
    for found, truth in zip(detect(binary, detector, pictures, SHOWN + ABSENT), truths):
        shown = [(name, box_of(truth == i)) for i, name in enumerate(SHOWN, 1) if (truth == i).any()]
        tally.add(found, shown)
    print(f"{detector}: sample scenes: {tally}")
    output = run(
        binary / "sam2", "segment", *pictures, "--detector", detector, "--threshold", THRESHOLD,
        "-o", scratch / "masks", "--format", "png", "--json", "--text", *SHOWN,
    )  # fmt: skip
    ious = []
    for image, truth in zip(json.loads(output)["images"], truths):
        stem = Path(image["image"]).stem
        for i, name in enumerate(SHOWN, 1):
            masks = [labels(scratch / "masks" / f"{stem}_{index}_0.png") > 0
                     for index, prompt in enumerate(image["prompts"])
                     if prompt["label"] == name]  # fmt: skip
            if (truth == i).any():
                ious.append(max([mask_iou(m, truth == i) for m in masks], default=0))
    print(f"{detector}: segment --text: mean IoU {np.mean(ious):.3f} with {len(ious)} true masks")
    return tally


def check_clips(binary, detector, folder, seeds, scratch):
    ious, names = [], []
    for seed in seeds:
        out = scratch / f"clip{seed}"
        output = run(
            binary / "sam2", "track", folder / f"{seed:03}/frames", "--detector", detector,
            "--threshold", THRESHOLD, "-o", out, "--json", "--text", *SHOWN[:2], "red star",
        )  # fmt: skip
        # Of several the best one, which comes first.
        found = json.loads(output)["objects"]
        objects = {o["label"]: o["object"] for o in reversed(found)}
        names.append(sorted(o["label"] for o in found) == sorted(SHOWN[:2]))
        for truth in sorted((folder / f"{seed:03}/truth").iterdir()):
            found, true = labels(out / truth.name), labels(truth)
            for i, name in enumerate(SHOWN[:2], 1):
                ious.append(mask_iou(found == objects.get(name, 999), true == i))
    print(
        f"{detector}: track --text: {sum(names)} of {len(names)} clips with exactly the right "
        f"objects, mean IoU {np.mean(ious):.3f} over {len(ious)} masks"
    )


def check_drawn(binary, detector, folder, count):
    scenes = ShapeScenes(SEED, 384)
    texts = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
    pictures, truths = [], []
    for index in range(count):
        scene = scenes.scene()
        used = scene.image.any(axis=2)
        height, width = used.any(1).sum(), used.any(0).sum()
        pictures.append(folder / f"drawn{index:03}.png")
        Image.fromarray(scene.image[:height, :width]).save(pictures[-1])
        truths.append([
            (texts[colour * len(SHAPES) + shape],
             [384 * v for v in (x - w / 2, y - h / 2, x + w / 2, y + h / 2)])
            for (x, y, w, h), (colour, shape) in zip(scene.boxes.tolist(), scene.looks.tolist())
        ])  # fmt: skip
    tally = Tally()
    for found, truth in zip(detect(binary, detector, pictures, texts), truths):
        tally.add(found, truth)
    print(f"{detector}: drawn scenes, 80 phrases at once: {tally}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detectors", nargs="+")
    parser.add_argument("--bin", type=Path, default=Path(".build/release"))
    parser.add_argument("--scenes", type=int, default=30)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--drawn", type=int, default=100)
    parser.add_argument("--frames", type=int, default=24)
    arguments = parser.parse_args()
    seeds = range(101, 101 + arguments.scenes)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        sample(arguments.bin, folder, seeds, arguments.frames)
        for index, detector in enumerate(arguments.detectors):
            scratch = folder / f"results{index}"
            tally = check_samples(arguments.bin, detector, folder, seeds, scratch)
            check_clips(arguments.bin, detector, folder, seeds[: arguments.clips], scratch)
            check_drawn(arguments.bin, detector, folder, arguments.drawn)
            good &= min(tally.right / max(1, tally.found), tally.right / max(1, tally.true)) > 0.9
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
