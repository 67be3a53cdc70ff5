"""Makes the fixtures of the bundled model: drawn pictures, and what the official code answers.

    make_nano_fixtures.py            rewrites Tests/Fixtures/nano (all but nano.pt and nano.yaml)
    make_nano_fixtures.py --check    compares the committed fixtures with a fresh run

README.md in that folder describes the files; this script is what they mean.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import official
import pictures

HOME = official.NANO_CHECKPOINT.parent
FRAMES = 8
# Runs with other thread counts or processors differ by about 1e-6 of the largest value.
TOLERANCE = 1e-4

PROMPTS = {
    "click": {"points": [[64, 63]], "labels": [1], "box": None},
    "clicks": {"points": [[64, 63], [150, 75]], "labels": [1, 0], "box": None},
    "box": {"points": [], "labels": [], "box": [114, 43, 178, 110]},
    "box_click": {"points": [[150, 80]], "labels": [1], "box": [114, 43, 178, 110]},
}

# With the single mask of the prompt `click` as earlier logits.
# An input size that is not the model's own, and whose maps do not fill whole windows.
OTHER_SIZE = 160

REFINEMENTS = {
    "mask": {"points": [], "labels": [], "box": None},
    "mask_click": {"points": [[150, 75]], "labels": [0], "box": None},
    "mask_box": {"points": [], "labels": [], "box": [30, 28, 99, 98]},
}


def click(frame, number, points, labels, clear=True):
    """An `add_points` action of clicks."""
    place = {"do": "add_points", "frame": frame, "object": number}
    return place | {"points": points, "labels": labels, "box": None, "clear": clear}


def box(frame, number, corners):
    """An `add_points` action of a box."""
    place = {"do": "add_points", "frame": frame, "object": number}
    return place | {"points": [], "labels": [], "box": corners, "clear": True}


def propagate(start, max_frames=None, reverse=False):
    """A `propagate` action."""
    return {"do": "propagate", "start": start, "max_frames": max_frames, "reverse": reverse}


DISC, BLOCK, DISC_BOX = [42, 58], [140, 90], [57, 32, 122, 97]
SESSIONS = {
    "two_objects": [
        click(0, 1, [DISC], [1]),
        box(0, 2, [111, 60, 169, 122]),
        propagate(0),
    ],
    # Clicks on a frame already tracked, in two calls, and tracking again after it.
    "correction": [
        click(0, 1, [DISC], [1]),
        propagate(0),
        click(4, 1, [[70, 64]], [1]),
        click(4, 1, [[184, 92]], [0], clear=False),
        propagate(5),
    ],
    "both_directions": [
        box(5, 1, DISC_BOX),
        propagate(5),
        propagate(5, reverse=True),
    ],
    # A mask prompt, an object that arrives later, one that is removed, a prompt that is undone.
    "edits": [
        {"do": "add_mask", "frame": 0, "object": 1, "mask": "mask.png"},
        click(0, 3, [BLOCK], [1]),
        propagate(0, max_frames=3),
        click(6, 1, [[80, 66]], [1]),
        {"do": "clear_frame", "frame": 6, "object": 1},
        click(3, 2, [[70, 62]], [1]),
        {"do": "remove_object", "object": 3},
        propagate(3),
        {"do": "reset"},
        box(1, 3, [110, 60, 180, 124]),
        propagate(None, max_frames=1),
    ],
    "few_conditioning": [
        *(click(frame, 1, [place], [1]) for frame, place in [(0, DISC), (2, [48, 60]), (5, [75, 66])]),
        propagate(0),
    ],
    "strided": [click(0, 1, [DISC], [1]), propagate(0)],
    "conditioning_corrections": [
        click(0, 1, [DISC], [1]),
        propagate(0, max_frames=4),
        click(3, 1, [[70, 64]], [1]),
        propagate(4, max_frames=3),
    ],
}
OPTIONS = {
    "few_conditioning": {"max_cond_frames_in_attn": 2},
    "strided": {"memory_temporal_stride_for_eval": 3, "multimask_output_for_tracking": False},
    "conditioning_corrections": {"add_all_frames_to_correct_as_cond": True},
}


def draw(folder):
    """Writes the picture, the clip and the mask of its first frame's disc."""
    Image.fromarray(pictures.still()).save(folder / "still.png")
    clip = folder / "clip"
    clip.mkdir(exist_ok=True)
    frames = pictures.clip(FRAMES)
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(clip / f"{i:05}.jpg", quality=92)
    red, green, _ = np.moveaxis(frames[0].astype(int), -1, 0)
    Image.fromarray(((red > green + 60) * 255).astype(np.uint8)).save(folder / "mask.png")


def write_pictures(folder, model):
    """Writes prepared pixels, the encoder's result and the answers to prompts on the picture."""
    image = np.array(Image.open(folder / "still.png"))
    predictor = official.image_predictor(model)
    pixels = predictor._transforms(image)
    np.save(folder / "still_pixels.npy", pixels.permute(1, 2, 0)[::8, ::8].contiguous())
    with torch.no_grad():
        embedding = model.forward_image(pixels[None])["backbone_fpn"][-1]
    np.save(folder / "still_embedding.npy", embedding[0].permute(1, 2, 0).contiguous())

    report = {}
    for mode, multimask in (("multi", True), ("single", False)):
        prompts = [prompt | {"multimask": multimask} for prompt in PROMPTS.values()]
        answers = official.segment(model, image, prompts)
        np.save(folder / f"segment_{mode}.npy", np.stack([a["logits"] for a in answers]))
        report[mode] = [
            {"prompt": name, "predicted_iou": a["ious"].tolist(), "object_score": a["score"]} | prompt
            for name, prompt, a in zip(PROMPTS, prompts, answers)
        ]
    earlier = np.clip(answers[list(PROMPTS).index("click")]["logits"], -32, 32)
    prompts = [prompt | {"multimask": False} for prompt in REFINEMENTS.values()]
    answers = official.segment(model, image, [prompt | {"mask": earlier} for prompt in prompts])
    np.save(folder / "segment_refined.npy", np.stack([a["logits"] for a in answers]))
    report["refined"] = [
        {"prompt": name, "predicted_iou": a["ious"].tolist(), "object_score": a["score"]} | prompt
        for name, prompt, a in zip(REFINEMENTS, prompts, answers)
    ]
    return report


def write_sessions(folder, model):
    """Writes the last answers of the video predictor in each session."""
    pixels = model.init_state(str(folder / "clip"))["images"][0]
    np.save(folder / "clip_pixels.npy", pixels.permute(1, 2, 0)[::8, ::8].contiguous())
    report = {}
    for name, actions in SESSIONS.items():
        played = [with_mask(action, folder) for action in actions]
        options = OPTIONS.get(name, {})
        answers = sorted(official.track(model, folder / "clip", played, options).items())
        np.save(folder / f"track_{name}.npy", np.stack([a["logits"] for _, a in answers]))
        held = [
            {"frame": frame, "object": number, "object_score": a["score"]}
            for (frame, number), a in answers
        ]
        report[name] = {"actions": actions, "options": options, "held": held}
        if name == "two_objects":
            np.save(folder / "track_pointers.npy", np.stack([a["pointer"] for _, a in answers]))
    return report


def write_other_size(folder):
    """Writes the answers of the model built for inputs of `OTHER_SIZE`."""
    model = official.load(official.NANO_CONFIG, official.NANO_CHECKPOINT, OTHER_SIZE)
    image = np.array(Image.open(folder / "still.png"))
    prompts = [prompt | {"multimask": True} for prompt in PROMPTS.values()]
    answers = official.segment(model, image, prompts)
    np.save(folder / "other_size_segment.npy", np.stack([a["logits"] for a in answers]))
    segment = [
        {"prompt": name, "predicted_iou": a["ious"].tolist(), "object_score": a["score"]} | prompt
        for name, prompt, a in zip(PROMPTS, prompts, answers)
    ]
    actions = SESSIONS["two_objects"]
    answers = sorted(official.track(model, folder / "clip", actions).items())
    np.save(folder / "other_size_track.npy", np.stack([a["logits"] for _, a in answers]))
    held = [
        {"frame": frame, "object": number, "object_score": a["score"]}
        for (frame, number), a in answers
    ]
    track = {"actions": actions, "options": {}, "held": held}
    return {"image_size": OTHER_SIZE, "segment": segment, "track": track}


def with_mask(action, folder):
    """An action with its mask file read: bool [H, W]."""
    if action["do"] != "add_mask":
        return action
    return action | {"mask": np.array(Image.open(folder / action["mask"])) > 127}


def make(folder):
    """Writes every fixture file into a folder."""
    model = official.load(official.NANO_CONFIG, official.NANO_CHECKPOINT)
    draw(folder)
    report = {
        "about": "Made by Scripts/make_nano_fixtures.py; described in README.md.",
        "segment": write_pictures(folder, model),
        "track": write_sessions(folder, model),
        "other_size": write_other_size(folder),
    }
    (folder / "reference.json").write_text(json.dumps(report, indent=1) + "\n")


def check(committed):
    """Names the fixtures that a fresh run does not reproduce."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        make(fresh)
        for path in sorted(p for p in fresh.rglob("*") if p.is_file()):
            old = committed / path.relative_to(fresh)
            if not old.exists() or not same(path, old):
                yield str(old.relative_to(committed))


def same(a, b):
    """Whether two fixture files hold the same, numbers up to TOLERANCE of the largest."""
    if a.suffix == ".npy":
        return close(np.load(a), np.load(b))
    if a.suffix == ".json":
        x, y = (list(leaves(json.loads(path.read_text()))) for path in (a, b))
        numbers = [np.array([v for v in z if isinstance(v, float)]) for z in (x, y)]
        others = [[v for v in z if not isinstance(v, float)] for z in (x, y)]
        return others[0] == others[1] and close(*numbers)
    return a.read_bytes() == b.read_bytes()


def close(a, b):
    """Whether two arrays agree in shape and, up to TOLERANCE of the largest value, in numbers."""
    return a.shape == b.shape and np.abs(a - b).max() <= TOLERANCE * np.abs(b).max()


def leaves(tree):
    """The keys and values of a JSON tree, in order."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from leaves(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value)
    else:
        yield tree


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not options.check:
        make(HOME)
        return 0
    different = list(check(HOME))
    for name in different:
        print(f"differs: {name}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
