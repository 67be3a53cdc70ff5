#!/usr/bin/env python3
r"""Reads the masks of every output format back with the code of the tool that owns the format.

    check_formats.py --bin .build/release --work WORK --sam2-repository DIR --davis-repository DIR

`sam2` segments the sample picture, finds everything in it, and tracks the sample clip, each in all
formats in one run. Then

    png            Pillow
    davis          davis2017.results.Results of davisvideochallenge/davis2017-evaluation
    sav            VideoEvaluator of sav_dataset/utils/sav_benchmark.py of facebookresearch/sam2
    sav-json       SAVDataset of sav_dataset/utils/sav_utils.py of the same, pycocotools
    coco           pycocotools
    coco-polygons  pycocotools
    yolo           what Ultralytics does: shares to pixels, truncated, cv2.fillPoly
    label-studio   brush.py of label-studio-sdk, or of label-studio-converter
    cvat           Datumaro's import of CVAT

read the masks, which must be those of the PNGs: pixel by pixel, and for polygons with the IoU named
below. A tool that is not installed, or whose repository is not given, is named as not checked.

Needs ffmpeg, and an environment of its own, since two of the tools want older versions of numpy and
pillow than requirements.txt names:

    pip install pycocotools==2.0.11 datumaro==1.13.12 label-studio-sdk==2.1.2 matplotlib==3.11.2 \
        scikit-image==0.26.0 tqdm==4.70.1

WORK is emptied. Exits with 1 if anything differs.
"""

import argparse
import contextlib
import io
import json
import shutil
import subprocess
import sys
from operator import ge
from pathlib import Path

import numpy as np
from PIL import Image

# Minimum IoU of a mask of at least SMALL pixels with its polygon of half a pixel's tolerance.
POLYGON_FLOOR = 0.97
# YOLO has one polygon for an object. The line that joins parts is a pixel wide when filled.
PARTS_FLOOR = 0.80
SMALL = 100


class NotChecked(Exception):
    """The reader is not there."""


class Comparison:
    """Counts masks and what differs from the PNGs."""

    def __init__(self, truth):
        self.truth, self.count, self.unequal, self.total = truth, 0, [], 0.0
        # The minimum IoU of masks in one part, and of those in several.
        self.minimum, self.minimum_of_parts = 1.0, 1.0

    def add(self, key, mask):
        mask, truth = np.asarray(mask) > 0, self.truth[key]
        self.count += 1
        if mask.shape != truth.shape:
            self.unequal.append(f"{key}: shape {mask.shape}, not {truth.shape}")
            return
        union = (mask | truth).sum()
        iou = (mask & truth).sum() / union if union else 1.0
        self.total += iou
        if truth.sum() >= SMALL and parts(truth) == 1:
            self.minimum = min(self.minimum, iou)
        elif truth.sum() >= SMALL:
            self.minimum_of_parts = min(self.minimum_of_parts, iou)
        if (mask != truth).any():
            self.unequal.append(f"{key}: {(mask != truth).sum()} pixels")

    def missing(self, keys):
        self.unequal += [f"{key}: not there" for key in keys]


def parts(mask):
    """How many pieces that do not even touch at a corner."""
    import cv2

    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1


# MARK: Readers. Each adds all masks, as (picture, object), to a comparison.


def read_davis(folder, comparison, tools):
    """Label images hold one object a pixel, so the truth is that with the lowest number on top."""
    results = need("davis2017.results", tools.davis, "--davis-repository").Results(folder.parent)
    names = sorted(path.stem for path in folder.glob("*.png"))
    names = [name for name in names if not name.endswith("_overlay")]
    masks = results.read_masks(folder.name, names)
    seen = {key: mask.copy() for key, mask in comparison.truth.items()}
    for key in seen:
        for other in seen:
            if other[0] == key[0] and other[1] < key[1]:
                seen[key] &= ~comparison.truth[other]
    comparison.truth = seen
    for object_id in range(masks.shape[0]):
        for frame, name in enumerate(names):
            if (name, object_id + 1) in seen:
                comparison.add((name, object_id + 1), masks[object_id, frame])


def read_sav(folder, comparison, tools):
    benchmark = need("utils.sav_benchmark", tools.sam2 and tools.sam2 / "sav_dataset", "--sam2-repository")
    evaluator = benchmark.VideoEvaluator(folder.parent, folder.parent, skip_first_and_last=False)
    pairs, is_sav = evaluator.scan_vid_folder(folder.name)
    assert is_sav
    for frames, object_name, truth, predicted in pairs:
        for frame in frames:
            mask, _ = evaluator.get_gt_and_pred(truth, predicted, frame, is_sav)
            comparison.add((Path(frame).stem, int(object_name)), mask)
    name, iou, boundary = evaluator(folder.name)
    assert all(value == 100 for value in list(iou.values()) + list(boundary.values())), (iou, boundary)


def read_sav_json(folder, comparison, tools):
    utils = need("utils.sav_utils", tools.sam2 and tools.sam2 / "sav_dataset", "--sam2-repository")
    import pycocotools.mask

    dataset = utils.SAVDataset(folder, annot_sample_rate=1)
    (path,) = folder.glob("*_manual.json")
    video = path.name.removesuffix("_manual.json")
    frames = sorted({picture for picture, _ in comparison.truth})
    shutil.copy(tools.work / "clip.mp4", folder / f"{video}.mp4")
    with contextlib.redirect_stdout(io.StringIO()):
        pictures, manual, automatic = dataset.get_frames_and_annotations(video)
    assert automatic is None and len(pictures) == len(manual["masklet"]) == len(frames)
    assert manual["video_frame_count"] == float(len(frames)) and manual["masklet_num"] == len(manual["masklet_id"])
    for frame, masklets in zip(frames, manual["masklet"]):
        for object_id, masklet in zip(manual["masklet_id"], masklets):
            comparison.add((frame, object_id), pycocotools.mask.decode(masklet))


def read_coco(folder, comparison, tools):
    from pycocotools.coco import COCO

    (path,) = folder.glob("coco*.json")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(path)
    for annotation in coco.loadAnns(coco.getAnnIds()):
        name = Path(coco.loadImgs(annotation["image_id"])[0]["file_name"]).stem
        mask = coco.annToMask(annotation)
        comparison.add((name, annotation["object_id"]), mask)
        if isinstance(annotation["segmentation"], dict):
            from pycocotools import mask as tools_of_coco

            assert tools_of_coco.area(annotation["segmentation"]) == annotation["area"]
            assert list(tools_of_coco.toBbox(annotation["segmentation"])) == annotation["bbox"]


def read_yolo(folder, comparison, tools):
    import cv2

    for path in sorted((folder / "labels").glob("*.txt")):
        objects = sorted(key[1] for key, mask in comparison.truth.items() if key[0] == path.stem and mask.any())
        lines = path.read_text().split("\n")[:-1]
        assert len(lines) == len(objects), (path, len(lines), objects)
        for object_id, line in zip(objects, lines):
            fields = line.split()
            assert fields[0] == "0" and len(fields) > 6 and len(fields) % 2 == 1
            height, width = comparison.truth[path.stem, object_id].shape
            points = np.array(fields[1:], dtype=np.float32).reshape(-1, 2)
            assert (points >= 0).all() and (points <= 1).all()
            pixels = (points * np.array([width, height], np.float32)).astype(np.int32)
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [pixels], 1)
            comparison.add((path.stem, object_id), mask)


def read_label_studio(folder, comparison, tools):
    try:
        from label_studio_sdk.converter import brush
    except ImportError:
        try:
            from label_studio_converter import brush
        except ImportError as error:
            raise NotChecked(str(error)) from None
    for task in json.loads((folder / "label-studio.json").read_text()):
        name = Path(task["data"]["image"]).stem
        for result in task["predictions"][0]["result"]:
            size = (result["original_height"], result["original_width"], 4)
            values = np.reshape(brush.decode_rle(result["value"]["rle"]), size)
            assert (values == values[:, :, 3:]).all() and set(np.unique(values)) <= {0, 255}
            comparison.add((name, int(result["id"].removeprefix("object"))), values[:, :, 3])


def read_cvat(folder, comparison, tools):
    try:
        import datumaro
    except ImportError as error:
        raise NotChecked(str(error)) from None
    # Datumaro requires the pictures, as CVAT exports them.
    shutil.copytree(tools.work / "pictures", folder / "images", dirs_exist_ok=True)
    dataset = datumaro.Dataset.import_from(str(folder), "cvat")
    for item in dataset:
        for annotation in item.annotations:
            comparison.add((item.id, annotation.group), annotation.image)


READERS = {
    "davis": read_davis, "sav": read_sav, "sav-json": read_sav_json, "coco": read_coco,
    "coco-polygons": read_coco, "yolo": read_yolo, "label-studio": read_label_studio, "cvat": read_cvat,
}
FLOORS = {"coco-polygons": (POLYGON_FLOOR, POLYGON_FLOOR), "yolo": (POLYGON_FLOOR, PARTS_FLOOR)}
# Formats that have a place for every object in every picture, also when it is empty.
COMPLETE = {"sav", "sav-json"}


def need(module, folder, option):
    """A module of a repository that is only there when its folder was given."""
    if folder is None:
        raise NotChecked(f"{option} is not given")
    sys.path.insert(0, str(folder))
    try:
        return __import__(module, fromlist=["_"])
    except ImportError as error:
        raise NotChecked(str(error)) from None


# MARK: Runs


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}: {done.stderr}")
    return done.stdout


def gray(path):
    image = Image.open(path)
    assert image.mode == "L", (path, image.mode)
    levels = np.array(image)
    assert set(np.unique(levels)) <= {0, 255}, path
    return levels > 0


def segmented(tools, names, *options):
    """The sample picture with its prompts; plain PNGs are counted by prompt."""
    folder = tools.work / "segment"
    run(tools.sam2_program, "segment", tools.work / "scene/picture.png", "--prompts",
        tools.work / "scene/prompts.json", "--format", ",".join(["png"] + names), "-o", folder, "-q", *options)
    files = sorted((folder / "png").glob("*.png"))
    return folder, {("picture", int(path.stem.split("_")[-2]) + 1): gray(path) for path in files}


def automatic(tools, names, *options):
    """Everything in the sample picture: many masks, which overlap."""
    folder = tools.work / "auto"
    run(tools.sam2_program, "auto", tools.work / "scene/picture.png", "--points-per-side", "12",
        "--pred-iou-thresh", "0.5", "--stability-score-thresh", "0.7", "--format", ",".join(["png"] + names),
        "-o", folder, "-q", "--force", *options)
    return folder, {("picture", int(path.stem) + 1): gray(path) for path in (folder / "picture").glob("*.png")}


def tracked(tools, names, *options):
    """The sample clip with its script."""
    folder = tools.work / "track"
    run(tools.sam2_program, "track", tools.work / "scene/frames", "--script", tools.work / "scene/script.json",
        "--format", ",".join(["png"] + names), "-o", folder, "-q", *options)
    return folder, {(path.stem, int(path.parent.name)): gray(path) for path in (folder / "png").glob("*/*.png")}


def check(what, formats, make, tools, exact=False):
    folder, truth = make(tools, formats, *(["--polygon-tolerance", "0"] if exact else []))
    good = True
    for name in formats:
        comparison = Comparison(dict(truth))
        keys = {key for key, mask in truth.items() if mask.any() or name in COMPLETE}
        try:
            READERS[name](folder / name, comparison, tools)
        except NotChecked as reason:
            print(f"{what:<9} {name:<21} not checked: {reason}")
            continue
        if name == "davis":
            keys = set()
        if comparison.count < len(keys):
            comparison.missing([f"{len(keys) - comparison.count} masks"])
        floors = None if exact and name == "coco-polygons" else FLOORS.get(name)
        equal = comparison.count - len(comparison.unequal)
        found = (comparison.minimum, comparison.minimum_of_parts)
        fine = not comparison.unequal if floors is None else all(map(ge, found, floors))
        good = good and fine and comparison.count > 0
        figures = f"{equal} of {comparison.count} masks equal"
        if name in FLOORS:
            figures += f", mean IoU {comparison.total / comparison.count:.4f}, minimum {found[0]:.4f}"
            figures += f" (several parts {found[1]:.4f})"
        print(f"{what:<9} {name + (', exact' if exact else ''):<21} {figures}{'' if fine else '  DIFFERS'}")
        if not fine:
            print("   " + "\n   ".join(comparison.unequal[:5]))
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=Path(".build/release"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sam2-repository", type=Path, dest="sam2", help="clone of facebookresearch/sam2")
    parser.add_argument("--davis-repository", type=Path, dest="davis", help="clone of davis2017-evaluation")
    tools = parser.parse_args()
    tools.sam2_program = tools.bin / "sam2"
    shutil.rmtree(tools.work, ignore_errors=True)
    tools.work.mkdir(parents=True)
    run(tools.sam2_program, "sample", "-o", tools.work / "scene", "--frames", "16")
    shutil.copytree(tools.work / "scene/frames", tools.work / "pictures")
    shutil.copy(tools.work / "scene/picture.png", tools.work / "pictures")
    run("ffmpeg", "-v", "error", "-i", tools.work / "scene/frames/%05d.jpg", tools.work / "clip.mp4")

    pictures = ["davis", "coco", "coco-polygons", "yolo", "label-studio", "cvat"]
    results = [
        check("segment", pictures, segmented, tools),
        check("auto", pictures[1:], automatic, tools),
        check("track", pictures + ["sav", "sav-json"], tracked, tools),
        check("segment", ["coco-polygons", "yolo"], segmented, tools, exact=True),
        check("auto", ["coco-polygons", "yolo"], automatic, tools, exact=True),
        check("track", ["coco-polygons", "yolo"], tracked, tools, exact=True),
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
