#!/usr/bin/env python3
"""Connects a real Label Studio to `sam2 serve`, and compares its brush masks with those of the command.

    Scripts/check_label_studio.py [--bin FOLDER] [--model FILE] [--label-studio PROGRAM]

Needs label-studio (PyPI), best in a virtual environment of its own. Starts it on a free port with an
empty folder, makes a project with a brush, uploads a sample picture, connects the server as the
project's ML backend, sends a smart key point and a smart rectangle through Label Studio, and compares
the run lengths with `sam2 segment --format label-studio`.

Exit codes: 0 all as it should be, 1 not.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from serving import environment, serving

TOKEN = "0123456789abcdef0123456789abcdef01234567"
CONFIG = """<View><Image name="image" value="$image"/>
<BrushLabels name="tag" toName="image"><Label value="Thing"/></BrushLabels>
<KeyPointLabels name="point" toName="image" smart="true"><Label value="Thing"/></KeyPointLabels>
<RectangleLabels name="box" toName="image" smart="true"><Label value="Thing"/></RectangleLabels></View>"""
# Label Studio makes its database first.
START_SECONDS = 300
problems = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        problems.append(what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(address, method, path, body=None, content="application/json"):
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    request = urllib.request.Request(
        address + path, data, {"Content-Type": content, "Authorization": f"Token {TOKEN}"},
        method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read()
    except urllib.error.HTTPError as problem:
        raise RuntimeError(f"{method} {path}: {problem.code} {problem.read()[:500]!r}") from problem
    return json.loads(text) if text else None


def wait_for(address):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address + "/health", timeout=5).read()
            return
        except OSError:
            time.sleep(1)
    raise RuntimeError("Label Studio does not start")


def upload(address, project, picture):
    mark = uuid.uuid4().hex
    head = (f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{picture.name}"\r\n'
            "Content-Type: image/png\r\n\r\n")
    body = head.encode() + picture.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    ask(address, "POST", f"/api/projects/{project}/import", body,
        f"multipart/form-data; boundary={mark}")
    found = ask(address, "GET", f"/api/tasks?project={project}")
    tasks = found["tasks"] if isinstance(found, dict) else found
    return tasks[0]["id"]


def region(kind, control, value, width, height):
    return {
        "id": "r", "from_name": control, "to_name": "image", "type": kind, "image_rotation": 0,
        "original_width": width, "original_height": height, "is_positive": True,
        "value": {**value, kind: ["Thing"]},
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--model")
    parser.add_argument("--label-studio", default="label-studio")
    options = parser.parse_args()
    tool = str(Path(options.bin, "sam2").resolve())
    environ = environment(options.model)

    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        subprocess.run([tool, "sample", "-o", f"{folder}/scene", "--frames", "1", "-q"], check=True)
        picture = Path(folder, "scene", "picture.png")

        def expected(*prompt):
            subprocess.run(
                [tool, "segment", str(picture), *prompt, "--format", "label-studio", "-o",
                 f"{folder}/masks", "-q"], check=True, env=environ)
            task = json.loads(Path(folder, "masks", "label-studio.json").read_text())[0]
            return task["predictions"][0]["result"][0]["value"]["rle"]

        studio = subprocess.Popen(
            [options.label_studio, "start", "--no-browser", "--port", str(port), "--username",
             "a@example.org", "--password", "secret-pass-1", "--user-token", TOKEN],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "LABEL_STUDIO_BASE_DATA_DIR": f"{folder}/studio",
                 "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "LABEL_STUDIO_HOST": address,
                 "ML_BLOCK_LOCAL_IP": "false", "SSRF_PROTECTION_ENABLED": "false",
                 "USE_DEFAULT_BANNED_SUBNETS": "false", "COLLECT_ANALYTICS": "false"})
        try:
            with serving(tool, "--allow-host", "127.0.0.1", environment=environ) as (_, backend):
                wait_for(address)
                project = ask(address, "POST", "/api/projects",
                              {"title": "masks", "label_config": CONFIG})["id"]
                task = upload(address, project, picture)
                model = ask(address, "POST", "/api/ml", {
                    "url": backend, "project": project, "title": "sam2", "is_interactive": True})
                check(model.get("state") in ("CO", None), f"connected: {model.get('readable_state')}")
                width, height = 512, 384
                for name, kind, control, value, prompt in [
                    ("key point", "keypointlabels", "point",
                     {"x": 150 / width * 100, "y": 192 / height * 100, "width": 0.3},
                     ["--point", "150,192", "--best"]),
                    ("rectangle", "rectanglelabels", "box",
                     {"x": 25, "y": 25, "width": 25, "height": 50}, ["--box", "128,96,256,288"]),
                ]:
                    answer = ask(address, "POST", f"/api/ml/{model['id']}/interactive-annotating", {
                        "task": task, "context": {
                            "result": [region(kind, control, value, width, height)]}})
                    found = ((answer.get("data") or {}).get("result") or [{}])[0]
                    rle = found.get("value", {}).get("rle")
                    check(rle is not None and found.get("type") == "brushlabels",
                          f"a {name} gives a brush mask {answer.get('errors') or ''}")
                    check(rle == expected(*prompt), f"that of the {name} equals sam2 segment's")
        finally:
            studio.terminate()
            studio.wait(timeout=60)
    print(f"{len(problems)} problems" if problems else "all as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
