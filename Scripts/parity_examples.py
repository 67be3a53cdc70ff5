"""Runs `sam2 segment --examples` beside the official video predictor.

    parity_examples.py --bin .build/release --frames FOLDER --work WORK [--models nano sam2.1-tiny]

FOLDER holds JPEG frames of one size. Some of them are marked: a box, clicks on two objects, a mask.
For each other picture the official predictor runs on a video of the marked ones followed by that
one, and `propagate_in_video` starts there; our logits must be the same within 1e-3 (relative L2
distance), masks within an IoU of 0.999. Weights as in parity.py. Exits with 1 beyond a limit.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import official
from parity import LIMITS, OBJECTS, in_pixels, size_of
from sides import Reference, Tools

# Positions in the folder, sorted by name: of those marked, and of those looked at.
MARKED = [0, 3, 9]
OTHERS = [6, 14, 20]


def marks(size, mask):
    """The prompts of each marked picture, as the file of --examples has them."""
    first, second = (in_pixels(OBJECTS[number], size) for number in (1, 2))
    return [
        [{"object": 1} | first],
        [{"object": 2} | second, {"object": 1} | first],
        [{"object": 2, "mask": str(mask)}],
    ]


def official_actions(prompts, count):
    """The same for the official video predictor, then the picture after the `count` marked ones."""
    actions = []
    for frame, marked in enumerate(prompts):
        for prompt in marked:
            verb = "add_mask" if "mask" in prompt else "add_points"
            rest = {} if "mask" in prompt else {"clear": True}
            actions.append({"do": verb, "frame": frame} | rest | prompt)
    return actions + [{"do": "propagate", "start": count, "max_frames": 0, "reverse": False}]


def official_answers(reference, pictures, prompts, work):
    """{object: (logits, score)} of the last of `pictures`."""
    folder = work / "video"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for index, picture in enumerate(pictures):
        shutil.copy(picture, folder / f"{index:05d}.jpg")
    last = len(pictures) - 1
    answers = reference.video(
        folder, f"examples-{pictures[-1].stem}", official_actions(prompts, last))
    return {number: answer for (frame, number), answer in answers.items() if frame == last}


def our_answers(options, tools, pictures, prompts, work):
    """The same of `sam2 segment --examples`."""
    file, logits = work / "examples.json", work / "logits.npy"
    file.write_text(json.dumps({"examples": [
        {"image": str(picture.resolve()), "prompts": marked}
        for picture, marked in zip(pictures, prompts)]}))
    output = subprocess.run(
        [options.bin / "sam2", "segment", pictures[-1], "--examples", file, "--model", tools.model,
         "--save-logits", logits, "-o", work / "masks", "--json", "-q"],
        capture_output=True, text=True)
    if output.returncode not in (0, 1):
        sys.exit(output.stderr)
    answers = json.loads(output.stdout)["images"][0]["prompts"]
    return {answer["object"]: (plane[0], answer["object_score"])
            for answer, plane in zip(answers, np.load(logits))}


def compare(name, picture, ours, theirs):
    """Whether all objects agree; prints a line for each."""
    good = set(ours) == set(theirs)
    for number, (logits, score) in sorted(ours.items()):
        truth, truth_score = theirs[number]
        truth = np.asarray(truth).reshape(logits.shape)
        distance = float(np.linalg.norm(logits - truth) / max(np.linalg.norm(truth), 1e-12))
        union = np.logical_or(logits > 0, truth > 0).sum()
        iou = float(np.logical_and(logits > 0, truth > 0).sum() / union) if union else 1.0
        error = abs(score - float(truth_score)) / max(1, abs(float(truth_score)))
        fine = (distance <= LIMITS["video"]["logits"] and iou >= LIMITS["video"]["iou"]
                and error <= LIMITS["video"]["score"])
        good &= fine
        print(f"{name} {picture.name} object {number}: logits {distance:.1e}, IoU {iou:.5f}, "
              f"score {error:.1e}{'' if fine else '  BEYOND THE LIMIT'}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder with our commands")
    parser.add_argument("--frames", type=Path, required=True, help="folder of JPEG frames")
    parser.add_argument("--work", type=Path, required=True, help="folder for models and answers")
    parser.add_argument("--models", nargs="+", default=["nano", "sam2.1-tiny"])
    options = parser.parse_args()
    files = sorted(options.frames.glob("*.jpg"))
    size = size_of(files[0])
    options.work.mkdir(parents=True, exist_ok=True)
    mask = options.work.resolve() / "mask.png"
    shape = np.zeros((size[1], size[0]), np.uint8)
    shape[size[1] // 4:size[1] // 2, size[0] // 3:size[0] * 2 // 3] = 255
    Image.fromarray(shape).save(mask)
    prompts = marks(size, mask)
    good = True
    for name in options.models:
        work = options.work / name
        nano = Path(__file__).parent.parent / "Tests/Fixtures/nano"
        config = nano / "nano.yaml" if name == "nano" else official.config_path(name)
        reference = Reference(
            name, work / "official", config, nano / "nano.pt" if name == "nano" else None)
        tools = Tools(options.bin, work / "ours")
        tools.convert(reference.checkpoint, config if name == "nano" else None)
        for other in OTHERS:
            pictures = [files[index] for index in [*MARKED, other]]
            good &= compare(name, files[other],
                            our_answers(options, tools, pictures, prompts, work),
                            official_answers(reference, pictures, prompts, work))
    sys.exit(not good)


if __name__ == "__main__":
    main()
