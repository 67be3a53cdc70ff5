"""How well a checkpoint segments and tracks: mean IoU with the truth on held-out made-up scenes.

    python evaluate.py ../../Tests/Fixtures/nano/nano.pt --pool pool.npz

Pictures get a click or a box, and the answer with the best guessed IoU counts; clips get a mask on
the first frame and are tracked by the official predictor, and frames that show the object count.
Scenes are those of `scenes.py` from seeds that `train.py` does not use; the frames they are cut
from are those it trains on.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from prompts import first_prompt
from scenes import Scenes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import official  # noqa: E402
from mask_iou import iou  # noqa: E402

FIRST_SEED = 900_000


def picture_ious(model, scenes, random, count):
    predictor = official.image_predictor(model)
    found = []
    for _ in range(count):
        frames, masks = scenes.clip(1, 1)
        points, labels = (x.numpy()[0] for x in first_prompt(masks[:, 0], random, 0.4))
        is_box = labels[0] == 2
        predictor.set_image(frames[0])
        answers, guesses, _ = predictor.predict(
            point_coords=None if is_box else points, point_labels=None if is_box else labels,
            box=points.reshape(4) if is_box else None, multimask_output=not is_box)
        found.append(iou(answers[guesses.argmax()] > 0, masks[0, 0]))
    return found


def clip_ious(model, scenes, count, length):
    found = []
    for _ in range(count):
        frames, masks = scenes.clip(length, 1)
        with tempfile.TemporaryDirectory() as folder:
            for i, frame in enumerate(frames):
                Image.fromarray(frame).save(f"{folder}/{i:05d}.jpg", quality=95)
            state = model.init_state(folder)
        model.add_new_mask(state, 0, 1, masks[0, 0])
        for i, _, logits in model.propagate_in_video(state):
            # Of an object out of sight there is nothing to overlap with.
            if i > 0 and masks[i].any():
                found.append(iou(logits[0, 0].numpy() > 0, masks[i, 0]))
    return found


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("checkpoint")
    add("--config", default=str(official.NANO_CONFIG), help="its configuration (default: nano's)")
    add("--pool", default="pool.npz", help="file that pool.py made")
    add("--pictures", type=int, default=100)
    add("--clips", type=int, default=20)
    add("--frames", type=int, default=24, help="frames a clip")
    options = parser.parse_args()
    model = official.load(options.config, options.checkpoint)
    side = model.image_size
    for name, easy, minimum in [("calm", 1.0, 0), ("half cluttered", 0.5, 0), ("rivals", 0.5, 2)]:
        random = np.random.default_rng(FIRST_SEED)
        scenes = Scenes(FIRST_SEED + 1, side, easy, options.pool, minimum)
        pictures = picture_ious(model, scenes, random, options.pictures)
        scenes = Scenes(FIRST_SEED + 2, side, easy, options.pool, minimum)
        clips = clip_ious(model, scenes, options.clips, options.frames)
        print(f"{name:16} pictures {np.mean(pictures):.3f}  clips {np.mean(clips):.3f}", flush=True)


if __name__ == "__main__":
    main()
