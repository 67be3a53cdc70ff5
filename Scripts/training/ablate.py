"""Measures tracking with all of the memory, without its object pointers, and without its cells.

    ablate.py nano.pt nano.yaml --pool pool.npz --clips 14 --lookalikes 20 --scenes FOLDER

Mean IoU with the truth, by the official predictor in fp32. Clips are those of evaluate.py (the same
seeds); --scenes takes a folder of `sam2 sample` scenes, --pictures runs the picture part of
evaluate.py. Also shown: the share of the weight of memory attention on cells, layer by layer.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from evaluate import FIRST_SEED, picture_ious
from scenes import Scenes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import official  # noqa: E402
from mask_iou import iou  # noqa: E402

# Also "first cells" and "later cells": the cells of the prompted frame, and of those after it.
MODES = ["all", "no pointers", "no cells"]
CELLS = 256  # of a frame: 16 x 16
FUSED = F.scaled_dot_product_attention


class Ablation:
    """A video predictor whose memory attention sees parts of the memory."""

    def __init__(self, model):
        self.model, self.shares = model, []

    def set(self, mode):
        """Shows memory attention what `mode` names."""
        attention = self.model.memory_attention
        plain = type(attention).forward

        def changed(curr, memory, curr_pos=None, memory_pos=None, num_obj_ptr_tokens=0):
            kept = self.kept(mode, len(memory), num_obj_ptr_tokens)
            # The predictor keeps cells in bfloat16; beside pointers they become fp32 again.
            memory, memory_pos = memory[kept].float(), memory_pos[kept].float()
            return plain(attention, curr, memory, curr_pos, memory_pos, num_obj_ptr_tokens)

        self.model.use_obj_ptrs_in_encoder = mode != "no pointers"
        attention.forward = changed
        F.scaled_dot_product_attention = self.counting if mode == "all" else FUSED

    @staticmethod
    def kept(mode, count, pointers):
        """Indices of the tokens that are seen: CELLS of the prompted frame, of later ones, pointers."""
        cells = count - pointers
        first = 0
        if mode == "no cells":
            first = cells
        if mode == "later cells" and cells > CELLS:
            first = CELLS
        last = CELLS if mode == "first cells" else cells
        return [*range(first, max(first, last)), *range(cells, count)]

    def counting(self, q, k, v, dropout_p=0.0, **more):
        """The fused kernel; where memory is attended to, the share of weight on cells is noted."""
        if q.shape[-2] == CELLS and k.shape[-2] > CELLS:
            weights = (q[:1] @ k[:1].transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
            cells = k.shape[-2] // CELLS * CELLS
            self.shares.append(weights[..., :cells].sum(-1).mean().item())
        return FUSED(q, k, v, dropout_p=dropout_p, **more)

    def tracked(self, state, modes, prompt):
        """Yields mode, frame, objects and logits of a clip tracked in every mode."""
        for i, image in enumerate(state["images"]):
            pixels = image[None].float()
            state["cached_features"][i] = (pixels, self.model.forward_image(pixels))
        features = dict(state["cached_features"])
        for mode in modes:
            self.set(mode)
            self.model.reset_state(state)
            state["cached_features"] = dict(features)
            prompt()
            for frame, objects, logits in self.model.propagate_in_video(state):
                yield mode, frame, objects, logits[:, 0].numpy() > 0
        self.set("all")


def clip_ious(ablation, scenes, count, length, modes):
    """Of drawn clips with a mask on the first frame, which does not count."""
    found = {mode: [] for mode in modes}
    model = ablation.model
    for _ in range(count):
        frames, masks = scenes.clip(length, 1)
        with tempfile.TemporaryDirectory() as folder:
            for i, frame in enumerate(frames):
                Image.fromarray(frame).save(f"{folder}/{i:05d}.jpg", quality=95)
            state = model.init_state(folder)

        def prompt():
            model.add_new_mask(state, 0, 1, masks[0, 0])

        for mode, frame, _, tracked in ablation.tracked(state, modes, prompt):
            if frame > 0 and masks[frame].any():
                found[mode].append(iou(tracked[0], masks[frame, 0]))
    return found


def sample_ious(ablation, folder, limit, modes):
    """Of scenes of `sam2 sample` with the clicks of their scripts."""
    found = {mode: [] for mode in modes}
    model = ablation.model
    for scene in sorted(Path(folder).iterdir())[:limit]:
        truth = [np.array(Image.open(path)) for path in sorted((scene / "truth").glob("*.png"))]
        actions = json.loads((scene / "script.json").read_text())["actions"]
        state = model.init_state(str(scene / "frames"))

        def prompt():
            for action in actions:
                if action["do"] == "add_points":
                    official._add_points(model, state, action)

        for mode, frame, objects, tracked in ablation.tracked(state, modes, prompt):
            for mask, number in zip(tracked, objects):
                if mask.any() or (truth[frame] == number).any():
                    found[mode].append(iou(mask, truth[frame] == number))
    return found


def show(name, found, ablation):
    layers = len(ablation.model.memory_attention.layers)
    shares = np.array(ablation.shares).reshape(-1, layers).mean(0) if ablation.shares else []
    ablation.shares.clear()
    figures = "  ".join(f"{mode} {np.mean(ious):.3f}" for mode, ious in found.items())
    print(f"{name:16} {figures}  weight on cells by layer {np.round(shares, 3)}", flush=True)


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("checkpoint")
    add("config")
    add("--pool", default="pool.npz", help="file that pool.py made")
    add("--pictures", type=int, default=0, help="pictures a row")
    add("--clips", type=int, default=12, help="clips a row")
    add("--frames", type=int, default=24, help="frames a clip")
    add("--lookalikes", type=int, default=0, help="clips with look-alikes")
    add("--scenes", help="folder of `sam2 sample` scenes")
    add("--limit", type=int, default=10, help="scenes of it")
    add("--threads", type=int, default=2, help="threads of the model")
    add("--modes", default=",".join(MODES), help="parts of the memory that are seen, by comma")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    modes = options.modes.split(",")
    ablation = Ablation(official.load(options.config, options.checkpoint))
    if options.scenes:
        found = sample_ious(ablation, options.scenes, options.limit, modes)
        show("sam2 sample", found, ablation)
    for name, easy, objects in [("calm", 1.0, 0), ("half cluttered", 0.5, 0), ("rivals", 0.5, 2)]:
        if options.pictures:
            scenes = Scenes(FIRST_SEED + 1, 256, easy, options.pool, objects)
            random = np.random.default_rng(FIRST_SEED)
            ablation.set("all")
            found = picture_ious(ablation.model, scenes, random, options.pictures)
            ablation.shares.clear()
            print(f"{name:16} pictures {np.mean(found):.3f}", flush=True)
        if options.clips:
            scenes = Scenes(FIRST_SEED + 2, 256, easy, options.pool, objects)
            found = clip_ious(ablation, scenes, options.clips, options.frames, modes)
            show(name, found, ablation)
    if options.lookalikes:
        scenes = Scenes(FIRST_SEED + 4, 256, 0.6, options.pool, 1, lookalikes=1.0)
        found = clip_ious(ablation, scenes, options.lookalikes, options.frames, modes)
        show("look-alikes", found, ablation)


if __name__ == "__main__":
    main()
