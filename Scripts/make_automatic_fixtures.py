"""Records what the official automatic mask generator finds with the bundled model.

    make_automatic_fixtures.py            rewrites Tests/Fixtures/nano/automatic.json
    make_automatic_fixtures.py --check    compares the committed file with a fresh run

README.md in that folder describes the file. Cleaning of small regions needs CUDA in the official
code, which skips it without; here OpenCV replaces that one kernel, connected components.
"""

import argparse
import json
import sys

import cv2
import numpy as np
import sam2.utils.misc
import torch
from PIL import Image
from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator
from sam2.utils import amg
from torchvision.ops.boxes import batched_nms

import official

HOME = official.NANO_CHECKPOINT.parent
TARGET = HOME / "automatic.json"

# The model is small: with the default thresholds few masks are left.
LENIENT = {"pred_iou_thresh": 0.5, "stability_score_thresh": 0.7}
CASES = {
    "default": {},
    "lenient": LENIENT | {"points_per_side": 8},
    "crops": {
        "points_per_side": 6,
        "crop_n_layers": 1,
        "crop_n_points_downscale_factor": 2,
        "pred_iou_thresh": 0.3,
        "stability_score_thresh": 0.5,
    },
    "refined": LENIENT | {"points_per_side": 6, "use_m2m": True},
    "single": LENIENT | {"points_per_side": 8, "multimask_output": False},
    "cleaned": LENIENT | {"points_per_side": 8, "min_mask_region_area": 25},
    "shifted": LENIENT
    | {
        "points_per_side": 6,
        "points_per_batch": 7,
        "mask_threshold": -0.5,
        "stability_score_offset": 0.5,
        "box_nms_thresh": 0.9,
    },
    "grid": {
        "points_per_side": None,
        "point_grids": [[[0.25, 0.25], [0.5, 0.45], [0.75, 0.5], [1.0, 1.0]]],
        "pred_iou_thresh": 0.0,
        "stability_score_thresh": 0.0,
    },
}
# Holes and islands of at least one mask of the case "lenient" are smaller.
SMALL_REGION = 60


def connected_components(masks):
    """The answer of the CUDA kernel: labels and areas of 8-connected components, [N, 1, H, W]."""
    labels, areas = [], []
    for mask in masks[:, 0].numpy().astype(np.uint8):
        _, regions, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        labels.append(regions)
        areas.append(np.where(mask > 0, stats[regions, cv2.CC_STAT_AREA], 0))
    return tuple(torch.from_numpy(np.stack(a))[:, None] for a in (labels, areas))


def generator(model, options):
    """The official generator, with its feature sizes fitted to the model's input size."""
    given = dict(options)
    if "point_grids" in given:
        given["point_grids"] = [np.array(grid) for grid in given["point_grids"]]
    made = SAM2AutomaticMaskGenerator(model, output_mode="coco_rle", **given)
    made.predictor._bb_feat_sizes = [(model.image_size // k,) * 2 for k in (4, 8, 16)]
    return made


def without_small_regions(model, image):
    """The case "lenient" after the official removal of small regions at full size."""
    made = generator(model, CASES["lenient"])
    with torch.no_grad():
        data = made._generate_masks(image)
    data = made.postprocess_small_regions(data, SMALL_REGION, made.box_nms_thresh)
    return [
        {"segmentation": amg.coco_encode_rle(rle), "bbox": amg.box_xyxy_to_xywh(box).tolist()}
        for rle, box in zip(data["rles"], data["boxes"])
    ]


def suppression():
    """Boxes on a coarse lattice with scores that tie, and which of them survive."""
    random = np.random.default_rng(7)
    corners = random.integers(0, 12, (60, 2))
    boxes = np.concatenate([corners, corners + random.integers(0, 9, (60, 2))], 1)
    scores = random.integers(0, 6, 60) / 4
    kept = batched_nms(
        torch.tensor(boxes).float(), torch.tensor(scores).float(), torch.zeros(60), iou_threshold=0.4
    )
    return {"boxes": boxes.tolist(), "scores": scores.tolist(), "kept": kept.tolist()}


def crops():
    """Crop boxes of some pictures."""
    asked = [((150, 200), 2, 512 / 1500), ((33, 100), 1, 0.2), ((67, 45), 3, 0.5)]
    for size, layers, overlap in asked:
        boxes, owners = amg.generate_crop_boxes(size, layers, overlap)
        yield {"size": size, "layers": layers, "overlap": overlap, "boxes": boxes, "layer": owners}


def make():
    """Everything the file holds."""
    sam2.utils.misc.get_connected_components = connected_components
    model = official.load(official.NANO_CONFIG, official.NANO_CHECKPOINT)
    image = np.array(Image.open(HOME / "still.png"))
    found = {
        name: {"options": options, "masks": generator(model, options).generate(image)}
        for name, options in CASES.items()
    }
    return {
        "about": "Made by Scripts/make_automatic_fixtures.py; described in README.md.",
        "cases": found,
        "without_small_regions": {
            "minimum_area": SMALL_REGION,
            "masks": without_small_regions(model, image),
        },
        "suppression": suppression(),
        "crops": list(crops()),
    }


def masks_agree(a, b):
    """Whether two lists hold the same masks, judged by boxes that may differ by a pixel."""
    return len(a) == len(b) and all(
        np.abs(np.subtract(x["bbox"], y["bbox"])).max() <= 1 for x, y in zip(a, b)
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    fresh = make()
    if not options.check:
        TARGET.write_text(json.dumps(fresh, separators=(",", ":")) + "\n")
        for name, case in fresh["cases"].items():
            print(f"{name}: {len(case['masks'])} masks")
        print(f"without small regions: {len(fresh['without_small_regions']['masks'])} masks")
        return 0
    committed = json.loads(TARGET.read_text())
    different = [
        name
        for name, case in fresh["cases"].items()
        if not masks_agree(case["masks"], committed["cases"][name]["masks"])
    ]
    for name in different:
        print(f"differs: {name}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
