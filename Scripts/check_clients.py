#!/usr/bin/env python3
"""Lets the clients' own code talk to `sam2 serve`: X-AnyLabeling's, and what QuPath's extension sends.

    Scripts/check_clients.py --samapi FOLDER [--bin FOLDER] [--model FILE]

Needs x-anylabeling-cvhub, shapely, geojson, pydantic and requests (PyPI; requirements-clients.txt), and
in FOLDER the sources of samapi (github.com/ksugar/samapi), of which the declarations of requests are
read. X-AnyLabeling's remote model asks for models, a mask from points and one from a rectangle, and a
tracked list of pictures; its shapes are compared with the masks of `sam2 segment`. Requests of QuPath
are built with samapi's own types, with its upload of frames, and the features that come back are read
as GeoJSON. A real Label Studio is in check_label_studio.py.

Exit codes: 0 all as it should be, 1 not.
"""
import argparse
import ast
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
import geojson  # noqa: E402
import numpy as np  # noqa: E402
import requests  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from shapely.geometry import shape as geometry_of  # noqa: E402

from serving import environment, serving  # noqa: E402

# Masks that went through polygons differ from the original by pixels of the outline.
MINIMUM_IOU = 0.97
FRAMES = 4
problems = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        problems.append(what)


def iou(first, second):
    union = (first | second).sum()
    return (first & second).sum() / union if union else 1.0


def painted(rings, size):
    """The pixels inside of polygons, the first ring of each the outer one."""
    picture = Image.new("1", size)
    draw = ImageDraw.Draw(picture)
    for outer, *holes in rings:
        draw.polygon([tuple(p) for p in outer], fill=1)
        for hole in holes:
            draw.polygon([tuple(p) for p in hole], fill=0)
    return np.array(picture)


# X-AnyLabeling


class Window:
    """The part of X-AnyLabeling's window that its remote model looks at."""

    def __init__(self, images):
        self.image_list = images


def x_anylabeling(address, scene, cases, home):
    # Settings are looked for, and written, in the home folder.
    os.environ["HOME"] = home
    from anylabeling import config
    from anylabeling.services.auto_labeling.remote_server import RemoteServer
    from anylabeling.views.labeling.utils import batch

    config.current_config_file = f"{home}/settings.yaml"
    Path(config.current_config_file).write_text(
        json.dumps({"remote_server_settings": {"server_url": address}}))
    messages, saved = [], {}
    batch.save_auto_labeling_result = lambda widget, file, result: saved.update({file: result})
    client = RemoteServer(
        {"type": "remote_server", "name": "remote", "display_name": "Remote"}, messages.append)
    models = client.get_available_models()
    check({"sam2", "sam2_video"} <= set(models), f"X-AnyLabeling: models {sorted(models)}")

    def mask(result, size):
        return painted([[[(p.x(), p.y()) for p in s.points]] for s in result.shapes], size)

    picture = str(scene / "picture.png")
    size = Image.open(picture).size
    client.set_model_id("sam2")
    for name, (marks, expected) in cases.items():
        client.set_auto_labeling_marks(marks)
        result = client.predict_shapes(True, picture)
        kinds = {s.shape_type for s in result.shapes}
        found = iou(mask(result, size), expected)
        check(kinds == {"polygon"} and found > MINIMUM_IOU,
              f"X-AnyLabeling: polygons from {name}, IoU {found:.3f} with sam2 segment")
    client.set_auto_labeling_marks([])
    result = client.predict_shapes(True, picture)
    check(result.shapes == [], "X-AnyLabeling: no marks give no shapes")
    result = client.predict_shapes(True, picture, text_prompt="teal hexagon, red star.")
    check({s.label for s in result.shapes} == {"teal hexagon"},
          f"X-AnyLabeling: words give {[s.label for s in result.shapes]}")

    frames = [str(p) for p in sorted((scene / "frames").iterdir())]
    client.set_model_id("sam2_video")
    client._widget = Window(frames)
    check(client.get_batch_processing_mode() == "video", "X-AnyLabeling: a model for videos")
    client.set_auto_labeling_marks(
        [{"type": "point", "data": [96, 84], "label": 1}, {"type": "point", "data": [5, 5], "label": 0}])
    first = client.predict_shapes(True, frames[0])
    check(len(first.shapes) > 0, "X-AnyLabeling: a prompt on a frame gives its mask at once")
    client.predict_shapes(True, frames[0], run_tracker=True)
    check(sorted(saved) == frames and all(r.shapes for r in saved.values()),
          f"X-AnyLabeling: {len(saved)} of {len(frames)} tracked frames have masks")
    client._reset_video_session()
    client.set_auto_labeling_marks([])
    first = client.predict_shapes(True, frames[0], text_prompt="teal hexagon")
    check({s.label for s in first.shapes} == {"teal hexagon"},
          f"X-AnyLabeling: words on a frame give {[s.label for s in first.shapes]}")
    client._reset_video_session()
    left = requests.get(f"{address}/api/videos", timeout=10).json()["videos"]
    check(left == [], "X-AnyLabeling: the session is closed afterwards")
    check(messages == [] or all("Packing" in s for s in messages), f"X-AnyLabeling: no complaints {messages}")


# samapi


def declarations(folder):
    """The types of samapi's requests: those classes of its source alone, without what it imports."""
    source = (Path(folder) / "src" / "samapi" / "main.py").read_text()
    names = {"ModelType", "SAMBody", "SAMAutoMaskBody", "SAMVideoBody", "SAMWeightsBody"}
    classes = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name in names]
    space = {}
    exec("from enum import Enum\nfrom typing import *\nfrom pydantic import BaseModel, Field\n", space)
    exec(compile(ast.Module(classes, []), "samapi", "exec"), space)
    return {name: space[name] for name in names}


def post(address, path, body):
    answer = requests.post(address + path, data=body.model_dump_json(exclude_none=True).encode(),
                           headers={"Content-Type": "application/json; charset=utf-8"}, timeout=60)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
    # QuPath takes an array of features, and reads quality and object_idx of each.
    features = [geojson.loads(json.dumps(f)) for f in answer.json()]
    for feature in features:
        inner = feature["geometry"]
        outline = geometry_of({"type": inner["type"], "coordinates": inner["coordinates"]})
        if not (feature.is_valid and outline.is_valid and not outline.is_empty):
            problems.append(f"{path}: a feature is not valid")
        int(feature["properties"]["object_idx"])
    return features


def rings(feature):
    inner = feature["geometry"]
    parts = inner["coordinates"] if inner["type"] == "MultiPolygon" else [inner["coordinates"]]
    # In samapi's coordinates the middle of the first pixel is 0, 0; ImageDraw's are the same.
    return parts


def samapi(address, folder, scene, cases):
    types = declarations(folder)
    version = requests.get(f"{address}/sam/version/", timeout=10)
    check(version.text.count(".") == 2, f"samapi: version {version.text}")
    weights = requests.get(f"{address}/sam/weights/", timeout=10).json()
    check(len([types["SAMWeightsBody"](**w) for w in weights]) == 4, "samapi: weights for each type")
    progress = requests.get(f"{address}/sam/progress/", timeout=10).json()
    check(isinstance(progress["percent"], int), "samapi: progress")

    picture = scene / "picture.png"
    size = Image.open(picture).size
    code = base64.b64encode(picture.read_bytes()).decode()
    for name, (marks, expected) in cases.items():
        points = [m for m in marks if m["type"] == "point"]
        box = next((m["data"] for m in marks if m["type"] == "rectangle"), None)
        body = types["SAMBody"](
            type="sam2_t", b64img=code, bbox=box and tuple(box),
            point_coords=tuple(tuple(p["data"]) for p in points) or None,
            point_labels=tuple(p["label"] for p in points) or None)
        features = post(address, "/sam/", body)
        found = iou(painted(rings(features[0]), size), expected)
        check(len(features) == 1 and found > MINIMUM_IOU and "quality" in features[0]["properties"],
              f"samapi: a feature from {name}, IoU {found:.3f} with sam2 segment")
    all_of_it = post(
        address, "/sam/automask/", types["SAMAutoMaskBody"](type="sam2_t", b64img=code, points_per_side=8))
    check(len(all_of_it) > 0, f"samapi: {len(all_of_it)} features of everything")

    # QuPath uploads the frames one by one, and then names their folder.
    for index, frame in enumerate(sorted((scene / "frames").iterdir())):
        answer = requests.post(
            f"{address}/sam/upload/", data={"dirname": "a-folder"},
            files={"file": (f"{index}.jpg", frame.read_bytes(), "image/jpeg")}, timeout=60)
        if answer.json() != {"filename": f"{index}.jpg"}:
            problems.append(f"/sam/upload/: {answer.text[:200]}")
    body = types["SAMVideoBody"](
        type="sam2_t", dirname="a-folder", axes="XYZ", plane_position=2,
        objs={0: [{"obj_id": 7, "point_coords": [[96, 84]], "point_labels": [1]}]})
    features = post(address, "/sam/video/", body)
    planes = [f["geometry"]["plane"] for f in features]
    check([p["z"] for p in planes] == list(range(FRAMES)) and all(p["t"] == 2 for p in planes),
          f"samapi: a feature on each of {FRAMES} slices")
    check({f["properties"]["object_idx"] for f in features} == {7}, "samapi: its number of the object")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--model")
    parser.add_argument("--samapi", required=True, help="folder of samapi's sources")
    options = parser.parse_args()
    tool = str(Path(options.bin, "sam2").resolve())
    environ = environment(options.model)
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder, "scene")

        def run(*arguments):
            subprocess.run([tool, *arguments, "-q"], check=True, env=environ)

        def segmented(name, *arguments):
            run("segment", str(scene / "picture.png"), *arguments, "-o", f"{folder}/{name}")
            return np.array(Image.open(f"{folder}/{name}/picture.png")) > 0

        run("sample", "-o", str(scene), "--frames", str(FRAMES))
        cases = {
            "points": ([{"type": "point", "data": [152, 200], "label": 1},
                        {"type": "point", "data": [20, 20], "label": 0}],
                       segmented("points", "--point", "152,200", "--point", "20,20,0")),
            "a rectangle": ([{"type": "rectangle", "data": [208, 180, 379, 349]}],
                            segmented("box", "--box", "208,180,379,349")),
        }
        with serving(tool, "--detector", "built-in", environment=environ) as (_, address):
            x_anylabeling(address, scene, cases, folder)
            samapi(address, options.samapi, scene, cases)
    print(f"{len(problems)} problems: {problems}" if problems else "all as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
