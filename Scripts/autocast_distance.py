"""How far bfloat16 is from float32: this project's, and the official code's under autocast.

Both are held to the answers of the official code in float32, on the pictures, prompts and the clip
of parity.py, whose kept answers are used. Ours must not be farther than its own autocast.

    python Scripts/autocast_distance.py --bin .build/release --media PICTURES --work out/parity
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

import official
import parity
from sides import Reference, Tools


def sides(name, options):
    """The official code in float32 and under autocast, and this project in bfloat16."""
    config = official.config_path(name)
    checkpoint = official.NANO_CHECKPOINT if name == "nano" else None
    truth = Reference(name, options.work / name / "official", config, checkpoint)
    autocast = Reference(
        name, options.work / name / "autocast", config, truth.checkpoint, autocast=True)
    ours = Tools(options.bin, options.work / name / "bf16", ("--arithmetic", "bf16"))
    ours.convert(truth.checkpoint, config if name == "nano" else None)
    return truth, autocast, ours


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = ["nano", *official.RANDOM_MODELS]
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built commands")
    parser.add_argument("--media", type=Path, required=True, help="pictures and a frame folder")
    parser.add_argument("--work", type=Path, required=True, help="that of parity.py")
    parser.add_argument("--models", nargs="+", choices=models, default=["nano", "sam2.1-tiny"])
    options = parser.parse_args()
    picture = sorted(options.media.glob("*.jpg"))[0]
    clip = next(p for p in sorted(options.media.iterdir()) if p.is_dir() and any(p.glob("*.jpg")))
    line = "{:12} {:28} {:>22} {:>22}"
    print(line.format("model", "item", "official, autocast", "ours, bf16"))
    print(line.format("", "", "logits      mask IoU", "logits      mask IoU"))
    worse = False
    for name in options.models:
        truth, *others = sides(name, options)
        count = 16 if name == "nano" else 8
        comparisons = {
            picture.name: lambda side: parity.compare_images(truth, side, [picture]),
            f"clip, {count} frames": lambda side: parity.compare_clip(
                truth, side, clip, count, options.work),
        }
        for item, compare in comparisons.items():
            found = []
            for side in others:
                rows = list(compare(side))
                found.append([np.mean([r.logits for r in rows]), np.mean([r.iou for r in rows])])
            worse |= found[1][0] > found[0][0]
            print(line.format(name, item, *(f"{d:.5f}      {iou:.5f}" for d, iou in found)), flush=True)
    return int(worse)


if __name__ == "__main__":
    torch.set_num_threads(2)
    sys.exit(main())
