"""Finds everything in pictures with the official mask generator and with `sam2 auto`, and compares.

    parity_auto.py --bin .build/release --work WORK PICTURE ...

Runs the bundled model's checkpoint in fp32 on both sides, with default options and with crops, and
matches the masks. Exits with 1 unless both sides find equally many and each has a counterpart with
an IoU of at least 0.99.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator

import official
from sides import Tools

MINIMUM_IOU = 0.99
# The model is small, and few masks pass the default thresholds: they are lowered for more of them.
CASES = {
    "default": {},
    "lower thresholds": {"pred_iou_thresh": 0.5, "stability_score_thresh": 0.7},
    "crops": {
        "points_per_side": 16,
        "crop_n_layers": 1,
        "crop_n_points_downscale_factor": 2,
        "pred_iou_thresh": 0.5,
        "stability_score_thresh": 0.7,
    },
}


def official_masks(model, picture, options):
    """The masks that the official generator finds: bool [H, W] each."""
    made = SAM2AutomaticMaskGenerator(model, **options)
    made.predictor._bb_feat_sizes = [(model.image_size // k,) * 2 for k in (4, 8, 16)]
    image = np.array(Image.open(picture).convert("RGB"))
    return [found["segmentation"] for found in made.generate(image)]


def our_masks(tools, picture, options):
    """The masks that `sam2 auto` finds: bool [H, W] each."""
    words = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", value)]
    folder = tools.folder / "auto"
    shutil.rmtree(folder, ignore_errors=True)
    tools._run(
        *("sam2", "auto", picture, "--model", tools.model, "-o", folder),
        *("--output-mode", "uncompressed_rle", *words),
    )
    report = json.loads((folder / f"{picture.stem}.json").read_text())
    return [mask(found["segmentation"]) for found in report]


def mask(runs):
    """The pixels of run lengths, which go down the columns and begin outside."""
    height, width = runs["size"]
    values = np.arange(len(runs["counts"])) % 2 == 1
    return np.repeat(values, runs["counts"]).reshape(width, height).T


def minimum_match(ours, truth):
    """The minimum IoU of masks with their counterparts: the best, each taken once."""
    left = list(ours)
    minimum = 1.0
    for expected in truth:
        ious = [(expected & m).sum() / max((expected | m).sum(), 1) for m in left]
        if not ious:
            return 0.0
        best = int(np.argmax(ious))
        minimum = min(minimum, float(ious[best]))
        left.pop(best)
    return minimum if not left else 0.0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built commands")
    parser.add_argument("--work", type=Path, required=True, help="folder for the model and answers")
    parser.add_argument("--threads", type=int, default=2, help="threads of the official code")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = official.load(official.NANO_CONFIG, official.NANO_CHECKPOINT)
    tools = Tools(options.bin, options.work)
    tools.convert(official.NANO_CHECKPOINT, official.NANO_CONFIG)
    holds = True
    line = "{:20} {:18} {:>8} {:>8} {:>11}"
    print(line.format("picture", "options", "official", "sam2", "minimum IoU"))
    for picture in options.pictures:
        for name, case in CASES.items():
            truth = official_masks(model, picture, case)
            ours = our_masks(tools, picture, case)
            minimum = minimum_match(ours, truth)
            holds &= minimum >= MINIMUM_IOU
            print(line.format(picture.name, name, len(truth), len(ours), f"{minimum:.5f}"))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
