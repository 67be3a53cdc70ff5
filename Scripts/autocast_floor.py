"""Distance of the official code under bfloat16 autocast from itself in float32, on the study's clips.

Its examples run it that way, so its users accept this error: a yardstick for int8
(Formats/quantization.md). Needs the scenes of Scripts/quantization_study.py:

    python Scripts/autocast_floor.py --work out/study [--clips 10]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import official
from mask_iou import clip_ious
from quantization_study import FIRST_STUDY_SEED


def labels(model, scene, autocast):
    """Free running from the script's clicks: uint8 [frames, height, width], lowest object on top."""
    found = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        state = model.init_state(str(scene / "frames"))
        for action in json.loads((scene / "script.json").read_text())["actions"]:
            if action["do"] == "add_points":
                model.add_new_points_or_box(
                    state, frame_idx=action["frame"], obj_id=action["object"],
                    points=action["points"], labels=action["labels"])
        for _, objects, logits in model.propagate_in_video(state):
            frame = np.zeros(logits.shape[-2:], np.uint8)
            for index in sorted(range(len(objects)), key=lambda i: -objects[i]):
                frame[(logits[index, 0] > 0).numpy()] = objects[index]
            found.append(frame)
    return np.stack(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="that of quantization_study.py")
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()
    model = official.load(official.NANO_CONFIG, official.NANO_CHECKPOINT)
    ious = []
    for index in range(options.clips):
        scene = options.work / f"scene-{FIRST_STUDY_SEED + 2000 + index}-{options.frames}"
        pair = [[labels(model, scene, autocast)] for autocast in (False, True)]
        ious += [row[3] for row in clip_ious(*pair)]
        print(f"{scene.name}: mean IoU so far {np.mean(ious):.4f} of {len(ious)} masks", flush=True)


if __name__ == "__main__":
    main()
