#!/usr/bin/env python3
"""Lets schemathesis ask `sam2 serve` for everything that its OpenAPI file describes, sense and nonsense.

    Scripts/fuzz_api.py [--bin FOLDER] [--model FILE] [--schemathesis PROGRAM] [--seconds N] [--seed N]

Needs schemathesis (PyPI), best in a virtual environment of its own. Serves a sample scene on a free port.
For half of the time requests are about one picture and one video, which stay open, so that they reach more
than the table of sessions; then about whatever sessions they open and close. No answer may be a 5xx or
contradict the file, none may take half a minute, and after the first half of the time the server's
memory must not grow any more.

Exit codes: 0 all as it should be, 1 not.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from serving import environment, serving

ROOT = Path(__file__).resolve().parent.parent
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Seconds that an answer may take.
PATIENCE = 30
# Megabytes by which memory may differ between the middle and the end.
GROWTH = 64
problems = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        problems.append(what)


def ask(address, method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(
        address + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def configuration(picture, video):
    """Operations on a picture or video are about the one that is open."""
    lines = []
    for kind, identifier in [("images", picture), ("videos", video)]:
        lines += [
            "[[operations]]", f'include-path-regex = "^/api/{kind}/"',
            f'parameters = {{ "path.id" = "{identifier}" }}', ""]
    return "\n".join(lines)


def memory(process):
    """Megabytes of resident memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def watch(process, samples, end):
    while not end.wait(2):
        samples.append(memory(process))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--model")
    parser.add_argument("--schemathesis", default="st")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=19)
    options = parser.parse_args()
    tool = str(Path(options.bin, "sam2").resolve())
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tool, "sample", "-o", f"{folder}/scene", "--frames", "4", "-q"], check=True)
        os.rename(f"{folder}/scene/frames", f"{folder}/scene/clip")
        arguments = ["--media", f"{folder}/scene", "--detector", "built-in"]
        with serving(tool, *arguments, environment=environment(options.model)) as (server, address):
            picture = ask(address, "POST", "/api/images", {"path": "picture.png"})["id"]
            video = ask(address, "POST", "/api/videos", {"path": "clip"})["id"]
            ask(address, "POST", f"/api/videos/{video}/prompts",
                {"frame": 0, "object": 1, "points": [[96, 84]]})
            settings = Path(folder, "schemathesis.toml")
            samples, end = [], threading.Event()
            watcher = threading.Thread(target=watch, args=(server, samples, end))
            watcher.start()
            closing = [word for kind in ("images", "videos")
                       for word in ("--exclude-name", f"DELETE /api/{kind}/{{id}}")]
            for what, text, more in [("on open sessions", configuration(picture, video), closing),
                                     ("on any", "", [])]:
                settings.write_text(text)
                start = time.monotonic()
                result = subprocess.run(
                    [options.schemathesis, "--config-file", str(settings), "--no-color", "run",
                     str(ROOT / "Formats" / "serve-api.json"), "--url", address, "--checks", CHECKS,
                     "--max-time", str(options.seconds // 2), "--request-timeout", str(PATIENCE),
                     "--continue-on-failure", "--seed", str(options.seed), *more], cwd=folder)
                took = time.monotonic() - start
                check(result.returncode == 0, f"schemathesis has no complaints {what}, {took:.0f} s")
            end.set()
            watcher.join()
            check(server.poll() is None, "the server still runs")
            half = samples[len(samples) // 2:]
            print(f"      memory: {samples[0]} MB at first, {half[0]} in the middle, {half[-1]} at the end, "
                  f"{max(samples)} at most")
            check(half[-1] - half[0] <= GROWTH, "memory does not grow in the second half")
            start = time.monotonic()
            picture = ask(address, "POST", "/api/images", {"path": "picture.png"})["id"]
            ask(address, "POST", f"/api/images/{picture}/predict", {"points": [[152, 200]]})
            check(time.monotonic() - start < 5, "and answers")
            with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
                counts = [line for line in answer.read().decode().splitlines()
                          if line.startswith("sam2_requests_total")]
            total = sum(float(line.split()[-1]) for line in counts)
            bad = [line for line in counts if 'status="5' in line]
            check(bad == [], f"{total:.0f} requests, none answered 5xx {bad or ''}")
        check(server.returncode == 0, "SIGTERM ends the server well")
    print(f"{len(problems)} problems" if problems else "all as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
