"""Writes what transformers computes with small detectors, for Tests/DetectorTests.

    python Scripts/make_detector_fixtures.py [Tests/DetectorTests/Fixtures]

The weights follow from a formula (owl_models.py), and so do the pictures. Needs transformers 5.24.0
and scipy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers.models.owlv2.image_processing_pil_owlv2 import Owlv2ImageProcessorPil

import owl_models
from check_tokenizer import clip_merges, transformers_tokenizer

TEXTS = ["a red hexagon", "the th", "in on an", "é!"]
MERGES = 40
TOKENS = 16


def picture(width, height, name):
    values = owl_models.uniform(name, width * height * 3)
    return ((values + 1) * 127.5).astype(np.uint8).reshape(height, width, 3)


def rounded(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


def padded(tokens):
    return tokens + [0] * (TOKENS - len(tokens))


def outputs(kind, merges):
    model = owl_models.tiny(kind)
    tokenizer = transformers_tokenizer(merges)
    tokens = [tokenizer(text)["input_ids"] for text in TEXTS]
    ids = torch.tensor([padded(row) for row in tokens])
    # Not where the number is zero: an exclamation mark has the number of the padding.
    mask = torch.tensor([[1] * len(row) + [0] * (TOKENS - len(row)) for row in tokens])
    side = model.config.vision_config.image_size
    pixels = torch.from_numpy(owl_models.uniform("pixels", 3 * side * side)).reshape(side, side, 3)
    pixels = pixels.permute(2, 0, 1)[None]
    found = model(input_ids=ids, pixel_values=pixels, attention_mask=mask)
    guided = model.image_guided_detection(
        pixel_values=pixels, query_pixel_values=torch.flip(pixels, [3])
    )
    entry = {
        "tokens": ids.tolist(),
        "logits": rounded(found.logits[0]),
        "boxes": rounded(found.pred_boxes[0]),
        "guided": rounded(guided.logits[0]),
    }
    if kind == "owlv2":
        entry["objectness"] = rounded(found.objectness_logits[0])
    return entry


def resizing():
    """Sums of squares and some elements of prepared pictures of odd sizes."""
    cases = []
    for width, height, side in [(7, 5, 16), (33, 61, 16), (100, 40, 32), (5, 90, 16), (64, 64, 64)]:
        processor = Owlv2ImageProcessorPil(size={"height": side, "width": side})
        name = f"picture {width} {height}"
        made = processor(picture(width, height, name), return_tensors="np")["pixel_values"][0]
        made = np.ascontiguousarray(made.transpose(1, 2, 0)).reshape(-1).astype(np.float64)
        cases.append(
            {
                "name": name, "width": width, "height": height, "side": side,
                "every": [float(f"{value:.8g}") for value in made[:: max(1, len(made) // 97)]],
            }  # fmt: skip
        )
    return cases


def main():
    default = Path(__file__).parent.parent / "Tests/DetectorTests/Fixtures"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    merges = clip_merges()[:MERGES]
    content = {"merges": merges, "texts": TEXTS, "resizing": resizing()}
    for kind in owl_models.MODELS:
        content[kind] = outputs(kind, merges)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    Path(folder, "outputs.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
