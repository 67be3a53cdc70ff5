"""Runs the official SAM 2 code and this project's tools on the same inputs and compares them.

    parity.py --bin .build/release --media MEDIA --work WORK --models nano sam2.1-tiny
    parity.py … --models sam2.1-tiny --image-size 512   # as MedSAM2: the same at another input size

MEDIA holds pictures (.jpg, .png) and one folder of JPEG frames. For each model: build it with the
official code (`nano` from its checkpoint, the official sizes with seeded random weights or those of
`--checkpoint`), run the official predictors in fp32, convert the checkpoint, run `sam2 segment` and
`sam2 track`, compare. The answers of the official code are kept in WORK, so that later runs only run
this project's tools.

Exits with 1 if a limit is exceeded, and writes every figure to WORK/parity.json.
"""

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import official
from sides import Reference, ToolFailure, Tools

# Largest relative L2 distance of mask logits, smallest IoU of masks (one pixel may differ where it is
# more than that), largest error of the guessed IoU and of the object score (a logit: relative above 1).
LIMITS = {
    "images": {"logits": 1e-4, "iou": 0.999, "guess": 1e-3, "score": 1e-3},
    "video": {"logits": 1e-3, "iou": 0.999, "guess": 1e-3, "score": 1e-3},
}

KINDS = ["images", "clip", "session"]

# Prompts in fractions of width and height, so that they suit any picture.
PROMPTS = {
    "click": {"points": [(0.50, 0.55)], "labels": [1], "box": None},
    "clicks": {"points": [(0.50, 0.55), (0.15, 0.20)], "labels": [1, 0], "box": None},
    "box": {"points": [], "labels": [], "box": (0.30, 0.30, 0.75, 0.80)},
    "box+click": {"points": [(0.50, 0.55)], "labels": [1], "box": (0.30, 0.30, 0.75, 0.80)},
}
OBJECTS = {
    1: {"points": [(0.219, 0.648), (0.260, 0.407)], "labels": [1, 1], "box": None},
    2: {"points": [], "labels": [], "box": (0.31, 0.02, 0.52, 0.74)},
}


def in_pixels(prompt, size):
    """A prompt given in fractions, in pixels of a picture of `size` (width, height)."""
    width, height = size
    scaled = lambda x, y: [round(x * width, 1), round(y * height, 1)]  # noqa: E731
    box = prompt["box"]
    return {
        "points": [scaled(*point) for point in prompt["points"]],
        "labels": prompt["labels"],
        "box": [*scaled(*box[:2]), *scaled(*box[2:])] if box else None,
    }


def prompts_for(picture, multimask):
    """The prompts for one picture file, as `sam2 segment --prompts` reads them."""
    size = size_of(picture)
    return [in_pixels(prompt, size) | {"multimask": multimask} for prompt in PROMPTS.values()]


def clip_script(size):
    """Two objects annotated on the first frame and tracked to the end."""
    actions = [
        {"do": "add_points", "frame": 0, "object": number, "clear": True} | in_pixels(prompt, size)
        for number, prompt in OBJECTS.items()
    ]
    return actions + [{"do": "propagate", "start": 0, "max_frames": None, "reverse": False}]


SESSION_FRAMES = 12


def session_script(size, mask):
    """A session of 12 frames that uses every action in every way; `mask` is a file.

    Actions that the official code cannot do are left out: it fails when a frame has memories but no object
    pointer in its past (of bfloat16 memories alone its attention makes nothing), so no object is
    tracked against the direction of time from its only annotated frame.
    """

    def points(frame, number, places, labels, box=None, clear=True):
        prompt = in_pixels({"points": places, "labels": labels, "box": box}, size)
        place = {"do": "add_points", "frame": frame, "object": number, "clear": clear}
        return place | prompt

    def propagate(start, max_frames, reverse=False):
        place = {"do": "propagate", "start": start, "max_frames": max_frames}
        return place | {"reverse": reverse}

    left, right = OBJECTS[1], OBJECTS[2]
    return [
        # Two objects on a frame in the middle, the first by clicks in two calls; both directions.
        points(4, 1, left["points"][:1], [1]),
        points(4, 1, [(0.7, 0.2)], [0], clear=False),
        points(4, 2, [], [], right["box"]),
        propagate(4, 3),
        propagate(4, 2, reverse=True),
        # A tracked frame is corrected, and an object joins by its mask.
        points(6, 1, left["points"][1:], [1]),
        {"do": "add_mask", "frame": 8, "object": 3, "mask": mask},
        propagate(8, 2),
        # A correction and a new annotated frame; the correction is taken back; an object leaves.
        points(9, 2, [(0.42, 0.3), (0.1, 0.1)], [1, 0]),
        points(11, 2, [(0.42, 0.3)], [1], right["box"]),
        {"do": "clear_frame", "frame": 9, "object": 2},
        {"do": "remove_object", "object": 3},
        propagate(11, 0),
        {"do": "clear_frame", "frame": 11, "object": 2},
        # All over again, with numbers that were used before, from wherever the annotations begin.
        {"do": "reset"},
        points(0, 1, left["points"], left["labels"]),
        {"do": "add_mask", "frame": 0, "object": 2, "mask": mask},
        propagate(None, 1),
    ]


def size_of(picture):
    """Width and height of a picture file."""
    with Image.open(picture) as image:
        return image.size


def draw_mask(path, size):
    """Writes a mask of a tilted ellipse."""
    y, x = np.mgrid[: size[1], : size[0]] / np.array(size[::-1])[:, None, None]
    u, v = x - 0.42, y - 0.38
    inside = ((u + 0.2 * v) / 0.1) ** 2 + (v / 0.3) ** 2 < 1
    Image.fromarray((inside * 255).astype(np.uint8)).save(path)


# Comparing


@dataclass
class Row:
    """The distance between two answers for one prompt or one frame."""

    model: str
    kind: str  # images or video
    item: str  # what the table groups by
    detail: str
    logits: float
    iou: float
    guess: float
    score: float
    pixels: int  # in which a mask differs, at most

    def exceeds(self):
        """Names of the limits that do not hold (a NaN holds none)."""
        limits = LIMITS[self.kind]
        held = {name: getattr(self, name) <= limits[name] for name in ("logits", "guess", "score")}
        held["iou"] = self.iou >= limits["iou"] or self.pixels <= 1
        return [name for name, holds in held.items() if not holds]


def distance(ours, truth):
    """Relative L2 distance of logits, smallest IoU of their masks, and the largest number of pixels in
    which two masks differ."""
    ours, truth = (np.asarray(x, np.float64) for x in (ours, truth))
    if ours.shape != truth.shape:
        raise ToolFailure(f"logits of shape {ours.shape} where {truth.shape} was expected")
    relative = np.linalg.norm(ours - truth) / max(np.linalg.norm(truth), 1e-30)
    a, b = (x.reshape(-1, x.shape[-2] * x.shape[-1]) > 0 for x in (ours, truth))
    union = (a | b).sum(1)
    ious = np.where(union > 0, (a & b).sum(1) / np.maximum(union, 1), 1)
    return float(relative), float(ious.min()), int((a ^ b).sum(1).max())


def score_error(ours, truth):
    """Error of an object score: absolute for small logits, relative for large ones."""
    return float(abs(ours - truth) / max(1, abs(truth)))


def compare_images(reference, tools, pictures):
    """One row for each picture and prompt, first with three masks, then with one."""
    for picture in pictures:
        for multimask in (True, False):
            prompts = prompts_for(picture, multimask)
            truth, ours = (side.image(picture, prompts) for side in (reference, tools))
            item = f"{picture.name} {'3 masks' if multimask else '1 mask'}"
            for name, a, b in zip(PROMPTS, ours, truth, strict=True):
                logits, iou, pixels = distance(a["logits"], b["logits"])
                guess = float(np.abs(np.array(a["ious"]) - b["ious"]).max())
                score = score_error(a["score"], b["score"])
                yield Row(
                    reference.name, "images", item, name, logits, iou, guess, score, pixels)


def compare_video(reference, tools, frames, name, actions):
    """One row for each frame and object that the script `actions` gave an answer on."""
    truth, ours = (side.video(frames, name, actions) for side in (reference, tools))
    if truth.keys() != ours.keys():
        odd = sorted(truth.keys() ^ ours.keys())
        raise ToolFailure(f"frames and objects on one side only: {odd[:8]}")
    for place, (b, b_score) in sorted(truth.items()):
        a, a_score = ours[place]
        logits, iou, pixels = distance(a, b)
        item = f"{name}, {len(set(f for f, _ in truth))} frames, object {place[1]}"
        # The report drops the score of an object that was removed.
        score = 0.0 if a_score is None else score_error(a_score, b_score)
        row = Row(
            reference.name, "video", item, f"frame {place[0]}", logits, iou, 0.0, score, pixels)
        yield row


def compare_clip(reference, tools, clip, count, work):
    """Rows of two objects tracked from the first frame to the last."""
    frames = first_frames(clip, count, work)
    actions = clip_script(size_of(next(frames.iterdir())))
    yield from compare_video(reference, tools, frames, "clip", actions)


def compare_session(reference, tools, clip, work):
    """Rows of a session that uses every action."""
    frames = first_frames(clip, SESSION_FRAMES, work)
    size, mask = size_of(next(frames.iterdir())), work.resolve() / "mask.png"
    draw_mask(mask, size)
    yield from compare_video(reference, tools, frames, "session", session_script(size, str(mask)))


def compare(name, options, pictures, clip):
    """All rows of one model, and the errors that prevented others."""
    if name == "nano":
        sources = (options.nano_config, options.nano_checkpoint)
    else:
        sources = (options.config or official.config_path(name), options.checkpoint)
    size = options.image_size
    folder = options.work / (f"{name}-{size}" if size else name)
    reference = Reference(name, folder / "official", *sources, image_size=size)
    tools = Tools(options.bin, folder / "swift")
    rows, errors = [], []
    count = options.frames or (16 if name == "nano" else 8)
    steps = {
        "images": lambda: compare_images(reference, tools, pictures),
        "clip": lambda: compare_clip(reference, tools, clip, count, options.work),
        "session": lambda: compare_session(reference, tools, clip, options.work),
    }
    try:
        # Only a configuration distinguishes the pooled variants of EfficientTAM.
        known = reference.config if name == "nano" or name.endswith(("_1", "_2")) else None
        tools.convert(reference.checkpoint, options.config or known, size)
    except ToolFailure as failure:
        return rows, [f"{name}: {failure}"]
    for kind in options.kinds:
        try:
            rows.extend(steps[kind]())
        except (ToolFailure, KeyError, ValueError, OSError) as failure:
            errors.append(f"{name}: {type(failure).__name__}: {failure}")
    if not options.keep_models:
        tools.model.unlink(missing_ok=True)
    return rows, errors


def first_frames(clip, count, work):
    """A folder with copies of the first `count` frames: both sides must see the same length."""
    folder = work / f"clip-{count}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for frame in sorted(clip.glob("*.jpg"))[:count]:
        shutil.copy(frame, folder)
    return folder


# Reports


def print_table(rows):
    """One line for each model and item, with its worst figures."""
    line = "{:12} {:30} {:>9} {:>9} {:>9} {:>9}  {}"
    print(line.format("model", "item", "logits", "mask IoU", "IoU guess", "score", "verdict"))
    groups = {}
    for row in rows:
        groups.setdefault((row.model, row.item), []).append(row)
    for (model, item), group in groups.items():
        worst = [max(getattr(row, name) for row in group) for name in ("logits", "guess", "score")]
        broken = [f"{row.detail}: {' '.join(row.exceeds())}" for row in group if row.exceeds()]
        figures = [f"{x:.1e}" for x in worst]
        figures.insert(1, f"{min(row.iou for row in group):.5f}")
        verdict = "ok" if not broken else "; ".join(broken[:3])
        print(line.format(model, item, *figures, verdict))


def write_json(path, rows, errors):
    """Every row and limit, for programs."""
    report = {
        "limits": LIMITS,
        "official": {"sam2": version("sam2"), "torch": torch.__version__},
        "rows": [vars(row) | {"exceeds": row.exceeds()} for row in rows],
        "errors": errors,
    }
    path.write_text(json.dumps(report, indent=1))


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    models = ["nano", *official.RANDOM_MODELS]
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built commands")
    parser.add_argument("--media", type=Path, required=True, help="pictures and a frame folder")
    parser.add_argument("--work", type=Path, required=True, help="folder for answers and reports")
    parser.add_argument("--models", nargs="+", choices=models, default=["nano", "sam2.1-tiny"])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--images", type=int, default=3, help="pictures to use (default 3)")
    parser.add_argument("--frames", type=int, help="frames of the clip (default 16 nano, 8 others)")
    parser.add_argument("--nano-checkpoint", type=Path, default=official.NANO_CHECKPOINT)
    parser.add_argument("--nano-config", type=Path, default=official.NANO_CONFIG)
    parser.add_argument("--checkpoint", type=Path, help="weights, in place of random ones")
    parser.add_argument("--config", type=Path, help="configuration that the name does not determine")
    parser.add_argument("--image-size", type=int, help="side of the input, in place of the usual")
    parser.add_argument("--keep-models", action="store_true", help="keep the converted models")
    parser.add_argument("--threads", type=int, default=2, help="threads of the official code")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    suffixes = {".jpg", ".jpeg", ".png"}
    pictures = sorted(p for p in options.media.iterdir() if p.suffix.lower() in suffixes)
    clips = sorted(p for p in options.media.iterdir() if p.is_dir() and any(p.glob("*.jpg")))
    pictures += [sorted(clip.glob("*.jpg"))[0] for clip in clips]  # first frames are pictures too
    if not pictures or not clips:
        sys.exit(f"{options.media} needs at least one picture and one folder of JPEG frames")

    rows, errors = [], []
    for name in options.models:
        more, failures = compare(name, options, pictures[: options.images], clips[0])
        rows += more
        errors += failures
    print_table(rows)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    write_json(options.work / "parity.json", rows, errors)
    return 1 if errors or any(row.exceeds() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
