"""Compares `sam2 detect` with Owlv2ForObjectDetection and OwlViTForObjectDetection of transformers.

    python Scripts/parity_detector.py --bin .build/release [--picture PICTURE] [--sizes 960 480]
        [--variants base/16 base/32 large/14]

Seeded random weights of the published shapes, converted by `sam2-convert`; pictures drawn by
`sam2 sample` unless one is given. Logits, boxes and objectness of all patches, with the pixels that
our preprocessing makes on both sides and with those of the Python processor; the same for an example
in place of words; and the boxes after post-processing. Needs transformers 5.24.0, scipy and
open-clip-torch 3.3.0 (for the merges).
"""

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers.models.owlv2.image_processing_pil_owlv2 import Owlv2ImageProcessorPil

import owl_models
from check_tokenizer import clip_merges, transformers_tokenizer

TEXTS = ["a red hexagon", "a photo of a cat", "blue circle"]
LIMIT = 1e-4
# Detections that the threshold of the comparison lets pass.
KEPT = 40
TOKENS = 16


def relative(a, b):
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return float(np.linalg.norm(a - b) / np.linalg.norm(b)) if a.shape == b.shape else float("inf")


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return done.stdout


def detect(binary, picture, model, folder, threshold, *target):
    shape = ["--threshold", str(threshold), "--nms", "1", "--max-detections", "100000", "--json"]
    output = run(
        binary / "sam2", "detect", picture, "--detector", model, *target, *shape, "--save-logits",
        folder,
    )  # fmt: skip
    arrays = {name: np.load(Path(folder, f"{name}.npy")) for name in ("logits", "boxes")}
    if Path(folder, "objectness.npy").exists():
        arrays["objectness"] = np.load(Path(folder, "objectness.npy"))
    return json.loads(output)["images"][0]["detections"], arrays


def processed(kind, picture, size):
    image = Image.open(picture).convert("RGB")
    if kind == "owlv2":
        processor = Owlv2ImageProcessorPil(size={"height": size, "width": size})
        return torch.from_numpy(processor(image, return_tensors="np")["pixel_values"])
    image = image.resize((size, size), Image.BICUBIC)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).reshape(1, 3, 1, 1)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).reshape(1, 3, 1, 1)
    return (pixels - mean) / std


def threshold_of(logits):
    """Half way between two scores, so that rounding does not matter."""
    scores = torch.sigmoid(logits.max(-1).values).sort(descending=True).values
    count = min(KEPT, len(scores) - 1)
    return float((scores[count - 1] + scores[count]) / 2)


def post_processed(logits, boxes, picture, kind, threshold):
    """As post_process_object_detection, and clipped to the picture."""
    width, height = Image.open(picture).size
    scale = torch.tensor([max(width, height)] * 2 if kind == "owlv2" else [width, height])
    scores, labels = torch.sigmoid(logits).max(-1)
    centre, half = boxes[:, :2] * scale, boxes[:, 2:] * scale / 2
    corners = torch.cat([centre - half, centre + half], 1)
    corners[:, 0::2] = corners[:, 0::2].clamp(0, width)
    corners[:, 1::2] = corners[:, 1::2].clamp(0, height)
    kept = scores > threshold
    kept &= (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    order = torch.argsort(-scores[kept], stable=True)
    return scores[kept][order], labels[kept][order], corners[kept][order]


def compare_size(kind, variant, size, binary, picture, example, folder):
    merges = clip_merges()
    model = owl_models.published(kind, variant, size)
    owl_models.save(model, folder, merges)
    converted = Path(folder, "model.sam2")
    run(binary / "sam2-convert", folder, "-o", converted, "--force")
    tokenizer = transformers_tokenizer(merges)
    ids = [tokenizer(text)["input_ids"] for text in TEXTS]
    ids = torch.tensor([i + [0] * (TOKENS - len(i)) for i in ids])
    pixels = processed(kind, picture, size)
    with torch.no_grad():
        theirs = model(input_ids=ids, pixel_values=pixels, attention_mask=(ids > 0).long())
        guided = model.image_guided_detection(
            pixel_values=pixels, query_pixel_values=processed(kind, example, size)
        )
    threshold = threshold_of(theirs.logits[0])
    found, ours = detect(
        binary, picture, converted, Path(folder, "texts"), threshold, "--text", *TEXTS
    )
    _, like = detect(binary, picture, converted, Path(folder, "like"), 0.5, "--like", example)
    errors = {
        "logits": relative(ours["logits"], theirs.logits[0]),
        "boxes": relative(ours["boxes"], theirs.pred_boxes[0]),
        "guided logits": relative(like["logits"], guided.logits[0]),
        "guided boxes": relative(like["boxes"], guided.target_pred_boxes[0]),
    }
    if "objectness" in ours:
        errors["objectness"] = relative(ours["objectness"], theirs.objectness_logits[0])
    scores, labels, boxes = post_processed(
        theirs.logits[0], theirs.pred_boxes[0], picture, kind, threshold
    )
    errors |= post_errors(found, scores, labels, boxes)
    return errors


def post_errors(found, scores, labels, boxes):
    """Boxes and scores in one order on both sides: that of label and place."""
    if len(found) != len(scores) or not found:
        return {"post-processed count": float("inf")}

    def place(label, box):
        return label, round(float(box[0]), 1), round(float(box[1]), 1)

    ours = sorted(found, key=lambda d: place(d["label"], d["box"]))
    names = [TEXTS[label] for label in labels.tolist()]
    order = sorted(range(len(names)), key=lambda i: place(names[i], boxes[i]))
    if [d["label"] for d in ours] != [names[i] for i in order]:
        return {"post-processed labels": float("inf")}
    return {
        "post-processed boxes": relative([d["box"] for d in ours], boxes[order]),
        "post-processed scores": relative([d["score"] for d in ours], scores[order]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=Path(".build/release"))
    parser.add_argument("--picture")
    parser.add_argument("--sizes", type=int, nargs="+", default=[960, 480])
    parser.add_argument("--kinds", nargs="+", default=["owlv2", "owlvit"])
    parser.add_argument("--variants", nargs="+", default=["base/16"])
    parser.add_argument("--scratch", help="folder for the models, some gigabytes")
    arguments = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        scenes = Path(folder, "scenes")
        run(arguments.bin / "sam2", "sample", "-o", scenes)
        drawn = sorted(p for p in scenes.rglob("*") if p.suffix in (".jpg", ".png"))
        picture = arguments.picture or drawn[0]
        example = drawn[-1] if len(drawn) > 1 else drawn[0]
        cases = itertools.product(arguments.kinds, arguments.variants, arguments.sizes)
        for index, (kind, variant, size) in enumerate(cases):
            place = Path(folder, str(index))
            place.mkdir()
            errors = compare_size(kind, variant, size, arguments.bin, picture, example, place)
            for name, error in errors.items():
                print(f"{kind} {variant} at {size}: {name} {error:.2e}", flush=True)
            worst = max([worst, *errors.values()])
            shutil.rmtree(place)
    print(f"worst: {worst:.2e}, limit {LIMIT:.0e}")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
