"""Times `sam2 detect` beside Owlv2ForObjectDetection of transformers, in one run.

    python Scripts/bench_detector.py --bin .build/release [--size 960] [--threads 2] [--rounds 3]

Random weights of the shapes of OWLv2 base/16. On both sides: one picture, prepared before, to boxes,
objectness and logits of two texts; ours in float32 and in int8, transformers in float32 and under
bfloat16 autocast, in turn, so that a change of the machine's speed meets all of them. The median of
the rounds, and the peak memory of `sam2 detect`. The texts are known before ours starts its
clock, and are a thousandth of the work on the other side. Needs transformers 5.24.0 and open-clip-torch 3.3.0.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

import owl_models
from check_tokenizer import clip_merges, transformers_tokenizer
from parity_detector import TEXTS, TOKENS, processed, run

FACTOR = 4
MEMORY = 700


def ours(binary, pictures, model, threads):
    """Milliseconds of looking at a picture and matching texts, and megabytes of memory."""
    # Not by `os.wait4`: a child counts what its parent had when it was forked.
    command = [
        "/usr/bin/time", "-q", "-f", "%M", binary / "sam2", "detect", *pictures, "--detector", model,
        "--threads", threads, "--json", "-q", "--text", *TEXTS[:2],
    ]  # fmt: skip
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"sam2 detect failed with {done.returncode}: {done.stderr}")
    # The first call of a process packs weights.
    times = json.loads(done.stdout)["images"][-1]["milliseconds"]
    return times["look"] + times["match"], int(done.stderr.split()[-1]) / 1024


def theirs(model, inputs, autocast):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        start = time.perf_counter()
        model(**inputs)
        return (time.perf_counter() - start) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=Path(".build/release"))
    parser.add_argument("--size", type=int, default=960)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", help="folder for the models, some gigabytes")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        folder = Path(folder)
        merges = clip_merges()
        model = owl_models.published("owlv2", "base/16", arguments.size)
        owl_models.save(model, folder / "checkpoint", merges)
        files = {"float32": folder / "d.sam2", "int8": folder / "d-int8.sam2"}
        run(arguments.bin / "sam2-convert", folder / "checkpoint", "-o", files["float32"])
        run(arguments.bin / "sam2-quantize", files["float32"], "-o", files["int8"])
        run(arguments.bin / "sam2", "sample", "-o", folder / "scene", "--frames", "1")
        picture = folder / "scene/picture.png"
        again = folder / "scene/again.png"
        shutil.copy(picture, again)
        tokenizer = transformers_tokenizer(merges)
        ids = [tokenizer(text)["input_ids"] for text in TEXTS[:2]]
        ids = torch.tensor([i + [0] * (TOKENS - len(i)) for i in ids])
        inputs = {
            "input_ids": ids, "attention_mask": (ids > 0).long(),
            "pixel_values": processed("owlv2", picture, arguments.size),
        }  # fmt: skip
        times, memory = {}, {}
        for _ in range(arguments.rounds):
            for name, file in files.items():
                spent, memory[name] = ours(
                    arguments.bin, [picture, again], file, arguments.threads)
                times.setdefault(f"ours {name}", []).append(spent)
            for name, autocast in [("float32", False), ("bfloat16 autocast", True)]:
                times.setdefault(f"transformers {name}", []).append(
                    theirs(model, inputs, autocast)
                )
        print(f"OWLv2 base/16 at {arguments.size}, {arguments.threads} threads")
        medians = {name: statistics.median(values) for name, values in times.items()}
        for name, value in medians.items():
            print(f"{name}: {value:.0f} ms ({', '.join(f'{v:.0f}' for v in times[name])})")
        best = min(value for name, value in medians.items() if name.startswith("transformers"))
        factor = best / medians["ours int8"]
        print(f"int8 is {factor:.2f} times as fast as the faster of transformers, bar {FACTOR}")
        sizes = {name: file.stat().st_size for name, file in files.items()}
        print(f"int8 has {sizes['int8'] / sizes['float32']:.1%} of the bytes of float32")
        for name, megabytes in memory.items():
            print(f"memory of sam2 detect, {name}: {megabytes:.0f} MB")
    return 0 if factor >= FACTOR and memory["int8"] <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
