"""Makes the fixtures of EdgeTAM: what its official network answers with weights from a formula.

    make_edgetam_fixtures.py            rewrites Tests/Fixtures/edgetam
    make_edgetam_fixtures.py --check    compares the committed fixtures with a fresh run

The model is EdgeTAM at small widths. Its weights are computed from their names, here and in
`Tests/SAM2Tests/EdgeTAM/FormulaCheckpoint.swift`, so that no checkpoint has to be kept. Needs the
environment of edgetam.py.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import timm
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image
from timm.models.repvit import _create_repvit

import edgetam
import official
import pictures

HOME = official.REPOSITORY / "Tests/Fixtures/edgetam"
TOLERANCE = 1e-4
FRAMES = 7
SIZE = (96, 64)

# The numbers of `EdgeTAMFixture.configuration` in the Swift tests.
SIDE, WIDTH, MEMORY_WIDTH = 128, 32, 16
DIMS, DEPTHS, LATENTS = (8, 16, 24, 32), (2, 1, 2, 1), 16

PROMPTS = [
    {"points": [[34, 27]], "labels": [1], "box": None},
    {"points": [[34, 27], [80, 50]], "labels": [1, 0], "box": None},
    {"points": [], "labels": [], "box": [52, 18, 86, 48]},
    {"points": [[60, 30]], "labels": [1], "box": [52, 18, 86, 48]},
]


def click(frame, number, points, labels, clear=True):
    place = {"do": "add_points", "frame": frame, "object": number}
    return place | {"points": points, "labels": labels, "box": None, "clear": clear}


def box(frame, number, corners):
    place = {"do": "add_points", "frame": frame, "object": number}
    return place | {"points": [], "labels": [], "box": corners, "clear": True}


def propagate(start, max_frames=None, reverse=False):
    return {"do": "propagate", "start": start, "max_frames": max_frames, "reverse": reverse}


# Two objects, both directions, a correction, a mask for an object that arrives late, one that is removed.
ACTIONS = [
    click(2, 1, [[24, 26]], [1]),
    box(2, 2, [56, 27, 84, 54]),
    propagate(2),
    propagate(2, 2, reverse=True),
    click(4, 1, [[70, 20]], [0]),
    {"do": "add_mask", "frame": 5, "object": 3, "mask": "mask.png"},
    propagate(5),
    {"do": "remove_object", "object": 2},
    propagate(5, 1),
]


# The model


@timm.models.register_model
def repvit_fixture(pretrained=False, **options):
    """RepViT-M1 at small widths."""
    del pretrained
    return _create_repvit(
        "repvit_m1", pretrained=False, embed_dim=DIMS, depth=DEPTHS, legacy=True, **options)


def settings():
    """EdgeTAM's configuration at small widths."""
    tree = OmegaConf.load(edgetam.CONFIG)
    for key, value in official.POSTPROCESSING.items():
        OmegaConf.update(tree, f"model.{key}", value, force_add=True)
    model, cells = tree.model, SIDE // 16
    model._target_ = "edgetam.Predictor"
    model.image_size = SIDE
    encoder = model.image_encoder
    encoder.trunk.name = "repvit_fixture"
    encoder.neck.d_model = encoder.neck.position_encoding.num_pos_feats = WIDTH
    encoder.neck.backbone_channel_list = list(reversed(DIMS))
    attention = model.memory_attention
    layer = attention.layer
    for part in (attention, layer):
        part.d_model = WIDTH
    layer.dim_feedforward = 64
    own, cross = layer.self_attention, layer.cross_attention
    own.embedding_dim = cross.embedding_dim = WIDTH
    cross.kv_in_dim = MEMORY_WIDTH
    cross.q_sizes, cross.k_sizes = [cells] * 2, [int(LATENTS**0.5)] * 2
    memory = model.memory_encoder
    memory.out_dim = memory.position_encoding.num_pos_feats = MEMORY_WIDTH
    OmegaConf.update(memory, "in_dim", WIDTH, force_add=True)
    OmegaConf.update(memory.mask_downsampler, "embed_dim", WIDTH, force_add=True)
    memory.fuser.layer.dim = WIDTH
    perceiver = model.spatial_perceiver
    perceiver.dim = perceiver.dim_head = MEMORY_WIDTH
    perceiver.num_latents = perceiver.num_latents_2d = LATENTS
    perceiver.position_encoding.num_pos_feats = MEMORY_WIDTH
    return model


def hashes(name, count):
    """A 64-bit number for each element: SplitMix64 of the name's FNV-1a hash plus its index."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) % (1 << 64)
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def weight(name, shape):
    """The tensor of that name and shape; every element is exact in 32 bits."""
    drawn = hashes(name, int(np.prod(shape, dtype=np.int64)))
    if name.endswith(".num_batches_tracked"):
        return torch.tensor(int(drawn[0] >> np.uint64(32)))
    unit = (drawn >> np.uint64(46)).astype(np.float64) / (1 << 17) - 1  # -1 to 1
    if name.endswith("running_var"):
        values = 1 + unit / 2
    elif len(shape) == 1:
        values = unit / 4 + (1 if name.endswith(("weight", SCORE_BIAS)) else 0)
    else:
        fields = int(np.prod(shape[1:]))
        values = unit * 2.0 ** round(np.log2(np.sqrt(3 / fields)) + gain(name))
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


# Objects are there, and no score is at the edge.
SCORE_BIAS = "pred_obj_score_head.layers.2.bias"


def gain(name):
    """The power of two by which weights are larger where else little would depend on the input."""
    if name.endswith("positional_encoding_gaussian_matrix"):
        return 1
    if "output_hypernetworks_mlps" in name and ".layers.2." in name:
        return 4
    return 1 if "cross_attn_image" in name else 0


def build():
    model = instantiate(settings(), _recursive_=True).eval()
    state = model.state_dict()
    model.load_state_dict({name: weight(name, list(t.shape)) for name, t in state.items()})
    return model


# The fixtures


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)
    model = build()
    frames = pictures.clip(FRAMES, *SIZE)
    (folder / "clip").mkdir(exist_ok=True)
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"clip/{index:03}.png")
    inside = np.zeros((SIZE[1], SIZE[0]), bool)
    inside[12:40, 40:70] = True
    Image.fromarray((inside * 255).astype(np.uint8)).save(folder / "mask.png")

    answers = official.segment(
        model, frames[0], [prompt | {"multimask": True} for prompt in PROMPTS])
    np.save(folder / "segment.npy", np.stack([a["logits"] for a in answers]).astype("<f4"))
    segments = [
        prompt | {"predicted_iou": [float(x) for x in a["ious"]], "object_score": a["score"]}
        for prompt, a in zip(PROMPTS, answers)]

    with tempfile.TemporaryDirectory() as clip:
        # The official code reads JPEG alone: give it the pixels themselves.
        for index, frame in enumerate(frames):
            Image.fromarray(frame).save(Path(clip) / f"{index:03}.jpg")
        heard = official.track(
            model, LosslessFrames(clip, frames), [with_mask(a, inside) for a in ACTIONS])
    places = sorted(heard)
    np.save(
        folder / "track.npy", np.stack([heard[p]["logits"] for p in places]).astype("<f4"))
    held = [
        {"frame": f, "object": o, "object_score": heard[f, o]["score"]} for f, o in places]
    reference = {"segment": segments, "track": {"actions": ACTIONS, "held": held}}
    (folder / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")


class LosslessFrames:
    """A folder of frames whose pictures are read from memory."""

    def __init__(self, folder, frames):
        self.folder, self.frames = folder, frames
        self.opened = Image.open
        Image.open = self._open

    def _open(self, path, *rest):
        name = Path(str(path))
        if name.suffix == ".jpg":
            return Image.fromarray(self.frames[int(name.stem)])
        return self.opened(path, *rest)

    def __str__(self):
        return self.folder


def with_mask(action, inside):
    return action | {"mask": inside} if action["do"] == "add_mask" else action


def difference(a, b):
    a, b = np.load(a), np.load(b)
    return float(np.abs(a - b).max() / np.abs(b).max()) if a.shape == b.shape else np.inf


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        write(HOME)
        print(f"{sum(p.stat().st_size for p in HOME.rglob('*.*'))} bytes in {HOME}")
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        write(Path(fresh))
        worst = max(difference(HOME / n, Path(fresh) / n) for n in ("segment.npy", "track.npy"))
    print(f"largest difference: {worst:.1e} of the largest value")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
