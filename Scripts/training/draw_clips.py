"""Draws clips to files before training, so that training has the processor for itself.

    draw_clips.py --seed 71 --minutes 5 --pool pool.npz -o clips

Each file holds 16 clips of two objects: frames uint8 [N, T, S, S, 3], and masks with eight pixels
to a byte [N, T, K, S, S / 8]. Several seeds can be drawn side by side.
"""

import argparse
import os
import time

import cv2
import numpy as np

from scenes import Scenes

LENGTH, OBJECTS, SIZE, CLIPS_PER_FILE = 14, 2, 256, 16

# Shares of the clips: several objects, as nano had at first, and look-alikes.
KINDS = [
    (0.45, {"easy": 0.75, "minimum_objects": 2}),
    (0.25, {"easy": 0.5}),
    (0.30, {"easy": 0.6, "minimum_objects": 1, "lookalikes": 1.0}),
]


def kinds(seed, pool):
    """Scenes of each kind, which share the pictures of the pool."""
    scenes = [Scenes(seed * 10 + i, SIZE, pool=pool, **kind) for i, (_, kind) in enumerate(KINDS)]
    for other in scenes[1:]:
        other.images, other.labels = scenes[0].images, scenes[0].labels
    return scenes


def save(clips, path):
    """Writes a file of clips; the frames get their name when they are whole."""
    frames, masks = (np.stack(part) for part in zip(*clips))
    np.save(f"{path}_masks.npy", np.packbits(masks, -1))
    np.save(f"{path}_part.npy", frames)
    os.rename(f"{path}_part.npy", f"{path}_frames.npy")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seed", type=int, default=71)
    add("--minutes", type=float, default=5)
    add("--pool", default="pool.npz", help="file that pool.py made")
    add("-o", "--output", default="clips", help="folder to write")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    os.makedirs(options.output, exist_ok=True)
    scenes, random = kinds(options.seed, options.pool), np.random.default_rng(options.seed)
    start, part = time.time(), 0
    while time.time() - start < options.minutes * 60:
        picked = random.choice(len(KINDS), CLIPS_PER_FILE, p=[share for share, _ in KINDS])
        clips = [scenes[kind].clip(LENGTH, OBJECTS) for kind in picked]
        save(clips, f"{options.output}/{options.seed:03d}_{part:04d}")
        part += 1


if __name__ == "__main__":
    main()
