"""The agreement of quantised models with floating point along long clips: IoU by frame, free running.

    drift_study.py --bin .build/release --work WORK --models NAME=FILE ... [--clips 10] [--frames 200]

The first model is what the others are compared with. Clips are those of `sam2 sample` with seeds 1,
2, ...; both objects start from the clicks of their scripts. Prints a Markdown table: mean IoU with
the first model over objects and blocks of frames, and with the truth over all. Runs of an earlier
call are kept in WORK.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np

from mask_iou import iou
from tracker_study import labels

BLOCKS = 4


def tracked(options, clip, model):
    """Label pictures [T, H, W] of a clip by a model: tracked once."""
    output = clip / model
    if not output.exists():
        working = clip / f"working-{model}"
        shutil.rmtree(working, ignore_errors=True)
        subprocess.run(
            [options.bin / "sam2", "track", clip / "frames", "--script", clip / "script.json"]
            + ["--model", options.models[model], "-o", working, "--quiet"], check=True)
        working.rename(output)
    return labels(output)


def agreement(found, reference, objects):
    """IoU [T, objects] of two lists of label pictures; NaN where both masks are empty."""
    ious = np.full((len(reference), len(objects)), np.nan)
    for t, (a, b) in enumerate(zip(found, reference, strict=True)):
        for k, label in enumerate(objects):
            if (a == label).any() or (b == label).any():
                ious[t, k] = iou(a == label, b == label)
    return ious


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", nargs="+", required=True, metavar="NAME=FILE")
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--frames", type=int, default=200)
    options = parser.parse_args()
    options.models = dict(entry.split("=", 1) for entry in options.models)
    first = next(iter(options.models))

    with_first = {name: [] for name in options.models}
    with_truth = {name: [] for name in options.models}
    for seed in range(1, options.clips + 1):
        clip = options.work / f"{options.frames}-{seed}"
        if not clip.exists():
            subprocess.run(
                [options.bin / "sam2", "sample", "-o", clip, "--seed", str(seed)]
                + ["--frames", str(options.frames), "--quiet"], check=True)
        truth = labels(clip / "truth")
        objects = [int(i) for i in np.unique(truth[0]) if i > 0]
        reference = tracked(options, clip, first)
        for name in options.models:
            found = tracked(options, clip, name)
            with_first[name].append(agreement(found, reference, objects))
            with_truth[name].append(agreement(found, truth, objects))

    edges = np.linspace(0, options.frames, BLOCKS + 1).astype(int)
    print("| | " + " | ".join(f"{a} to {b - 1}" for a, b in zip(edges, edges[1:])) + " | truth |")
    print("| --- |" + " --- |" * (BLOCKS + 1))
    for name in options.models:
        ious = np.concatenate(with_first[name], 1)
        blocks = [f"{np.nanmean(ious[a:b]):.4f}" for a, b in zip(edges, edges[1:])]
        whole = np.nanmean(np.concatenate(with_truth[name], 1))
        print(f"| {name} | " + " | ".join(blocks) + f" | {whole:.4f} |")


if __name__ == "__main__":
    main()
