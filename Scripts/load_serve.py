#!/usr/bin/env python3
"""Clicks of many clients on `sam2 serve` beside a long propagation, and a server that is killed.

    Scripts/load_serve.py [--bin FOLDER] [--model FILE] [--clients N] [--seconds N]

Every client has a picture of its own and clicks on it, one click after the other. Reports the time of
a click on an encoded picture, idle and under load, errors, and memory; then kills the server in the
middle of tracking, starts it again, and looks whether pictures, masks and tracking are there.

Exit codes: 0 all as it should be, 1 not.
"""
import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# A click under load may take this many times as long as an idle one (95th percentile).
SLOWER = 3
# Seconds of clicks without other load.
IDLE_SECONDS = 30
# Megabytes that the server may grow by beside the pictures that it keeps encoded: the logits of recent
# answers (256), the tracked video, and what the clients' requests take.
GROWTH = 512
problems = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        problems.append(what)


class Server:
    def __init__(self, tool, arguments, environment):
        self.process = subprocess.Popen(
            [tool, "serve", "--port", "0", "-q", *arguments], stdout=subprocess.PIPE, text=True,
            env=environment)
        address = self.process.stdout.readline().strip()
        self.port = int(address.rstrip("/").rsplit(":", 1)[1])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def memory(self):
        """Megabytes of resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024


def ask(connection, method, path, body=None, content="application/json"):
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    connection.request(method, path, data, {"Content-Type": content} if data else {})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
    return json.loads(text) if text else None


def percentile(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def clicking(server, picture, until, times, errors, seed):
    connection = server.connect()
    step = seed
    while time.monotonic() < until:
        step = (step * 1103515245 + 12345) & 0x7FFFFFFF
        point = [step % 500 + 4, step // 500 % 370 + 4]
        start = time.monotonic()
        try:
            ask(connection, "POST", f"/api/images/{picture}/predict", {"points": [point]})
            times.append(time.monotonic() - start)
        except Exception as problem:  # any failure counts, whatever it is
            errors.append(repr(problem))
            connection.close()
        # People look at a mask before they click again.
        time.sleep(0.3)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--model")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=300)
    options = parser.parse_args()
    tool = str(Path(options.bin, "sam2").resolve())
    environment = dict(os.environ)
    if options.model:
        environment["SAM2_MODEL"] = str(Path(options.model).resolve())
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.clients):
            subprocess.run(
                [tool, "sample", "-o", f"{folder}/{seed}", "--seed", str(seed + 1), "--frames",
                 "200" if seed == 0 else "1", "-q"], check=True, env=environment)
        arguments = ["--media", folder, "--cache", f"{folder}/cache"]
        server = Server(tool, arguments, environment)
        connection = server.connect()
        pictures = []
        for seed in range(options.clients):
            picture = ask(connection, "POST", "/api/images", {"path": f"{seed}/picture.png"})["id"]
            ask(connection, "POST", f"/api/images/{picture}/encode", {})
            pictures.append(picture)
        idle, errors = [], []
        clicking(server, pictures[0], time.monotonic() + IDLE_SECONDS, idle, errors, 1)
        print(f"      idle: p50 {percentile(idle, .5):.1f} ms, p95 {percentile(idle, .95):.1f} ms")

        video = ask(connection, "POST", "/api/videos", {"path": "0/frames"})
        path = f"/api/videos/{video['id']}"
        ask(connection, "POST", f"{path}/prompts",
            {"frame": 0, "object": 1, "points": [[video["width"] // 3, video["height"] // 2]]})
        until = time.monotonic() + options.seconds
        times = []
        threads = [
            threading.Thread(target=clicking, args=(server, p, until, times, errors, i + 7))
            for i, p in enumerate(pictures)]
        before = server.memory()
        for thread in threads:
            thread.start()
        tracked = 0
        while time.monotonic() < until:
            job = ask(connection, "POST", f"{path}/propagate", {})["id"]
            while time.monotonic() < until:
                time.sleep(0.5)
                state = ask(connection, "GET", f"/api/jobs/{job}")
                if state["status"] not in ("waiting", "running"):
                    check(state["status"] == "done", f"tracking ends: {state['status']}")
                    break
            tracked += ask(connection, "GET", f"/api/jobs/{job}")["progress"]["done"]
        for thread in threads:
            thread.join()
        after = server.memory()
        slow = percentile(times, .95)
        print(f"      under load: {len(times)} clicks, p50 {percentile(times, .5):.1f} ms, "
              f"p95 {slow:.1f} ms; {tracked} frames tracked; memory {before} to {after} MB")
        check(after - before <= GROWTH, f"memory within its budget: {after - before} MB more than before")
        check(not errors, f"no errors {errors[:3] if errors else ''}")
        check(slow <= SLOWER * percentile(idle, .95),
              f"p95 of a click below {SLOWER} times the idle one")

        ask(connection, "DELETE", f"/api/jobs/{job}")
        time.sleep(1)
        ask(connection, "PUT", f"/api/images/{pictures[0]}/objects", {"objects": []})
        job = ask(connection, "POST", f"{path}/propagate", {})["id"]
        while ask(connection, "GET", f"/api/jobs/{job}")["progress"]["done"] < 20:
            time.sleep(0.1)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()

        server = Server(tool, arguments, environment)
        connection = server.connect()
        found = {p["id"] for p in ask(connection, "GET", "/api/images")["images"]}
        check(found == set(pictures), "after kill -9 all pictures are open again")
        times = []
        clicking(server, pictures[1], time.monotonic() + 2, times, errors, 3)
        check(times and not errors, "and answer")
        text = server.connect()
        text.request("GET", "/metrics")
        metrics = text.getresponse().read().decode()
        check('sam2_embedding_requests_total{from="encoder"} 0' in metrics,
              "from embeddings on disk, without the encoder")
        again = ask(connection, "GET", path)
        check(again["objects"] == [1] and again["lanes"], "the video has its object and its masks")
        job = ask(connection, "POST", f"{path}/propagate", {"start": 0, "frames": 5})["id"]
        while (state := ask(connection, "GET", f"/api/jobs/{job}"))["status"] in ("waiting", "running"):
            time.sleep(0.2)
        check(state["status"] == "done", "and is tracked on")
        server.process.send_signal(signal.SIGTERM)
        check(server.process.wait(timeout=30) == 0, "SIGTERM ends the server well")
    print(f"{len(problems)} problems" if problems else "all as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
