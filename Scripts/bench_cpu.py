"""CPU seconds of one thread, EdgeTAM's official code beside ours, for busy machines.

    python Scripts/bench_cpu.py --bin .build/release --work out/peers [--runs 3]

Where other work shares the processor, wall time mostly measures that work; the CPU time of a thread
suffers less. Rounds are interleaved, and medians are printed. The start and the warm-up of
`sam2 bench` are subtracted: it runs twice, with few and with more measurements. Needs the environment
of edgetam.py, and the files that `bench_peers.py --model edgetam --peers torch --stages track1` leaves
in WORK.
"""

import argparse
import os
import resource
import statistics
import subprocess
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402

import official  # noqa: E402

MORE = {"encode": 8, "track": 4}
WARMUP = 16  # frames until the bank is full


def ours(options, kind, runs):
    """CPU seconds of a whole `sam2 bench`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [options.bin / "sam2", "bench", "-q", "--json", "--kinds", kind, "--runs", str(runs),
         "--threads", "1", "--model", options.work / "edgetam-int8.sam2"],
        check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def compare(options, kind, official_run):
    theirs, own = [], []
    for _ in range(options.runs):
        theirs.append(timed(official_run))
        more = MORE[kind]
        own.append((ours(options, kind, 1 + more) - ours(options, kind, 1)) / more)
    a, b = statistics.median(theirs), statistics.median(own)
    print(f"{kind}: official code {a:.2f} s, sam2 in int8 {b:.2f} s, {a / b:.1f} x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    model = official.load(official.config_path("edgetam"), options.work / "edgetam.pt")
    image = torch.randn(1, 3, model.image_size, model.image_size)
    model.forward_image(image)
    compare(options, "encode", lambda: model.forward_image(image))
    folder = next(options.work.glob("frames-*"))
    state = model.init_state(str(folder), offload_video_to_cpu=True)
    centre = model.image_size / 2
    model.add_new_points_or_box(
        state, 0, 1, points=np.array([[centre, centre]]), labels=np.array([1]))
    frames = model.propagate_in_video(state)
    for _ in range(WARMUP):
        next(frames)
    compare(options, "track", lambda: next(frames))


if __name__ == "__main__":
    main()
