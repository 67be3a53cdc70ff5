#!/usr/bin/env python3
"""Tracks a live pipe for minutes and holds memory, delay and counts to Formats/live.md.

    check_live.py --bin .build/release --work WORK [--minutes 10] [--rate 30] [--model M]

ffmpeg plays the sample scene of `sam2 sample` at the rate into a pipe; `sam2 track --live -` reads
it, with prompts through a named pipe: objects are added, corrected and removed all the time. Checked:
resident memory of the second half is that of the first; a frame leaves before twice the work on a
frame has passed since it arrived; every frame is tracked or counted as dropped; results are whole.
Then the source is broken off, and the job must end with its documented code.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from verdict import conclude, parser

# Mebibytes by which memory of the second half may exceed that of the first.
MEMORY_MARGIN = 4
# Share of frames whose delay may be longer: the machine does other things as well.
LATE_SHARE = 0.01
# Milliseconds for the scheduler, beside twice the work.
SLACK = 5


def resident(process):
    """Resident memory of a process in MiB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def prompt_line(step, size, draw):
    """One of the things that a person does, in turn."""
    number = 2 + step // 4 % 3
    x, y = draw.uniform(0.2, 0.8) * size[0], draw.uniform(0.2, 0.8) * size[1]
    click = {"object": number, "points": [[round(x), round(y)]], "labels": [1]}
    return [
        {"do": "add_points", **click},
        {"do": "add_points", **click, "clear": False},
        {"do": "add_points", "object": number, "box": [x - 20, y - 20, x + 20, y + 20]},
        {"do": "remove_object", "object": number},
    ][step % 4]


class Prompts(threading.Thread):
    """Writes prompts into a named pipe, four per second."""

    def __init__(self, path, size, seed):
        super().__init__(daemon=True)
        self.path, self.size, self.draw = path, size, random.Random(seed)
        self.count, self.is_over = 0, False

    def run(self):
        with open(self.path, "w") as pipe:
            while not self.is_over:
                pipe.write(json.dumps(prompt_line(self.count, self.size, self.draw)) + "\n")
                pipe.flush()
                self.count += 1
                time.sleep(0.25)


def start(options, pipe, more=()):
    """The player and the tracker that reads it."""
    player = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-framerate",
         str(options.rate), "-i", str(options.work / "scene/frames/%05d.jpg"), "-c:v", "mpeg2video",
         "-q:v", "3", "-t", str(options.minutes * 60), "-f", "mpegts", "-"],
        stdout=subprocess.PIPE)
    command = [options.bin / "sam2", "track", "--live", "-", "--prompts-from", pipe, "--box",
               "20,20,160,160", "-q", *more]
    if options.model:
        command += ["--model", options.model]
    tracker = subprocess.Popen(
        [str(word) for word in command], stdin=player.stdout, stdout=subprocess.PIPE, text=True)
    player.stdout.close()
    return player, tracker


def run(options, pipe, size):
    """Lines of a whole run by event, memory over time, and how it ended."""
    prompts = Prompts(pipe, size, options.seed)
    player, tracker = start(options, pipe)
    prompts.start()
    frames, answers, errors, memory = [], 0, 0, []
    end, looked = None, 0.0
    for text in tracker.stdout:
        line = json.loads(text)
        if line["event"] == "frame":
            frames.append((line["frame"], line["milliseconds"], line["latency_milliseconds"],
                           len(line["objects"])))
        answers += line["event"] == "prompt"
        errors += line["event"] == "prompt_error"
        end = line
        if time.time() - looked > 1:
            looked = time.time()
            memory.append(resident(tracker))
    prompts.is_over = True
    player.wait()
    return frames, answers, errors, memory, end, tracker.wait()


def judge(options, frames, answers, errors, memory, end, code):
    """Everything that is not as documented."""
    work = sorted(w for _, w, _, _ in frames)[len(frames) // 2]
    # Two frames' work: the one at hand, and its own.
    late = [n for (n, own, delay, _), (_, before, _, _) in zip(frames[1:], frames)
            if delay > own + max(before, own) + SLACK]
    half = len(memory) // 2
    first, second = max(memory[half // 2:half]), max(memory[half:])
    delays = sorted(delay for _, _, delay, _ in frames)
    print(f"{len(frames)} frames tracked, {end['dropped']} dropped of {end['frames']}; "
          f"work {work:.1f} ms in the median; delay {delays[len(delays) // 2]:.1f} ms in the median, "
          f"{delays[int(len(delays) * 0.99)]:.1f} ms for 99 %, {delays[-1]:.1f} ms at most; "
          f"{len(late)} frames later than two frames' work; memory {first:.1f} then {second:.1f} MiB; "
          f"{answers} prompts, {errors} refused; at most {max(n for *_, n in frames)} objects")
    problems = []
    if code != 0 or end["event"] != "end" or end["reason"] != "ended":
        problems.append(f"ended with {code}: {end}")
    if second > first + MEMORY_MARGIN:
        problems.append(f"memory grows from {first:.1f} to {second:.1f} MiB")
    if len(late) > LATE_SHARE * len(frames):
        problems.append(f"{len(late)} of {len(frames)} frames are late: {late[:5]}")
    if end["tracked"] != len(frames) or end["tracked"] + end["dropped"] != end["frames"]:
        problems.append(f"frames are not accounted for: {end}")
    expected = options.minutes * 60 * options.rate
    if abs(end["frames"] - expected) > 0.02 * expected + 2:
        problems.append(f"{end['frames']} frames arrived of {expected:.0f}")
    numbers = [n for n, *_ in frames]
    if any(b <= a for a, b in zip(numbers, numbers[1:])):
        problems.append("frames are out of order")
    if answers < options.minutes * 60 or errors:
        problems.append(f"{answers} prompts were answered, {errors} refused")
    return problems


def broken(options, pipe):
    """Everything that is not as documented when the source stops, and when a person stops it."""
    problems = []
    for what, expected in (("stall", 74), ("interrupt", -signal.SIGINT)):
        player, tracker = start(options, pipe, ["--source-timeout", "2"])
        for _ in range(20):
            tracker.stdout.readline()
        if what == "stall":
            player.send_signal(signal.SIGSTOP)
        else:
            tracker.send_signal(signal.SIGINT)
        last = tracker.stdout.read().splitlines()[-1]
        code = tracker.wait()
        player.kill()
        player.wait()
        print(f"{what}: ended with {code}: {last[:100]}")
        if code != expected or json.loads(last)["event"] != "end":
            problems.append(f"{what}: ended with {code}, not {expected}: {last[:300]}")
    return problems


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--rate", type=int, default=30, help="frames a second")
    arguments.add_argument("--model", help="in place of the bundled one")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    subprocess.run([options.bin / "sam2", "sample", "-q", "-o", options.work / "scene"], check=True)
    size = tuple(json.loads(subprocess.check_output(
        ["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "json",
         options.work / "scene/frames/00000.jpg"]))["streams"][0][key] for key in ("width", "height"))
    pipe = options.work / "prompts"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    problems = judge(options, *run(options, pipe, size)) + broken(options, pipe)
    sys.exit(conclude(problems))


if __name__ == "__main__":
    main()
