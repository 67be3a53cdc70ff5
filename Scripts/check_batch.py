"""Compares a batch in shards that are killed and resumed with one that runs undisturbed.

    check_batch.py --bin .build/release --work WORK [--pictures 1000] [--shards 4]
                   [--format png,davis,coco,yolo,rle]

Makes small pictures, runs `sam2 batch` over them once without shards, then in shards, each of which
is killed twice at random moments (by SIGKILL, then by SIGTERM) and resumed. The results of the
shards, one after the other, and all mask files must be byte for byte those of the first run. Also
asks that the memory of a run does not grow with the number of items. Needs Python only; exits with
1 if anything is not as it should be.
"""

import json
import os
import random
import shutil
import signal
import struct
import subprocess
import time
import zlib

import verdict


def png(width, height, pixel):
    """An RGB PNG of `pixel(x, y)`."""
    rows = b"".join(
        b"\0" + bytes(c for x in range(width) for c in pixel(x, y)) for y in range(height)
    )

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def make_items(folder, count):
    """Pictures with a disc each, and a list with a click on each; every 97th item is bad."""
    (folder / "pictures").mkdir(parents=True)
    with open(folder / "items.jsonl", "w") as items:
        for number in range(count):
            x, y, r = random.randint(16, 80), random.randint(16, 56), random.randint(6, 15)
            inside = tuple(random.randint(120, 255) for _ in range(3))

            def pixel(u, v):
                disc = (u - x) ** 2 + (v - y) ** 2 < r * r
                return inside if disc else (40 + v, 60 + u // 2, 90)

            name = f"pictures/{number}.png"
            if number % 97 != 96:
                (folder / name).write_bytes(png(96, 72, pixel))
            prompts = [{"points": [[x, y]]}]
            item = {"id": f"{number // 100}/{number}", "image": name, "prompts": prompts}
            items.write(json.dumps(item) + "\n")


def run(program, folder, output, *options, kill_after=None, with_signal=signal.SIGKILL):
    """Runs a batch; its exit code, seconds and largest memory in MB."""
    start = time.monotonic()
    process = subprocess.Popen(
        [*program, "-q", "-o", output, *options], cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(with_signal)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, time.monotonic() - start, usage.ru_maxrss / 1024


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def compare(folder, shards):
    """The differences between the run without shards and those with shards."""
    whole, parts = tree(folder / "whole"), tree(folder / "parts")
    names = sorted(name for name in parts if name.startswith("results-"))
    merged = b"".join(parts.pop(name) for name in names)
    problems = [] if len(names) == shards else [f"{len(names)} files of results"]
    truth = whole.pop("results.jsonl")
    if merged != truth:
        problems.append("the results differ")
    if parts != whole:
        odd = [n for n in whole.keys() | parts.keys() if whole.get(n) != parts.get(n)]
        problems.append(f"{len(odd)} of {len(whole)} files differ, as {sorted(odd)[:3]}")
    failed = truth.count(b'"status":"failed"')
    print(f"{truth.count(bytes([10]))} results, {failed} of them failures, {len(whole)} files of masks")
    return problems


def main():
    parser = verdict.parser(__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--format", default="png,davis,coco,yolo,rle")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    program = [
        arguments.bin.resolve() / "sam2", "batch", "items.jsonl", "--format", arguments.format
    ]
    folder = arguments.work / "batch"
    make_items(folder, arguments.pictures)
    try:
        problems = check(program, folder, arguments.shards)
    finally:
        shutil.rmtree(folder)
    verdict.conclude(problems)


def check(program, folder, shards):
    problems = []
    _, _, small = run(program, folder, "small", "--shard", "0/100")
    code, seconds, memory = run(program, folder, "whole")
    print(f"undisturbed: exit {code}, {seconds:.1f} s, {memory:.0f} MB ({small:.0f} MB for 1 %)")
    if code != 1:
        problems.append(f"the undisturbed run ends with {code}, not with 1 for its bad items")
    if memory > 1.25 * small + 16:
        problems.append("memory grows with the number of items")
    for shard in range(shards):
        ends = []
        for end in (signal.SIGKILL, signal.SIGTERM):
            delay = random.uniform(0.02, 0.6) * seconds / shards
            code, _, _ = run(
                program, folder, "parts", "--shard", f"{shard}/{shards}", "--resume",
                kill_after=delay, with_signal=end)
            part = folder / f"parts/results-{shard:05}-of-{shards:05}.jsonl.part"
            lines = part.read_bytes().count(b"\n") if part.exists() else None
            ends.append(f"{end.name} after {delay:.2f} s: exit {code}, {lines} results")
            if code not in (-end, 1):
                problems.append(f"shard {shard} ends with {code}")
        code, _, _ = run(program, folder, "parts", "--shard", f"{shard}/{shards}", "--resume")
        print(f"shard {shard}: " + "; ".join(ends) + f"; then exit {code}")
        if code not in (0, 1):
            problems.append(f"shard {shard} ends with {code}")
    return problems + compare(folder, shards)


if __name__ == "__main__":
    main()
