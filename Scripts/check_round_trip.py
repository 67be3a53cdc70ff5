"""Converts random models of all official configurations from every format, and back again.

    check_round_trip.py --bin .build/release --work WORK [--models sam2-tiny sam2.1-large]

For each configuration the official code builds a model with seeded random weights. It is saved
as .pt, .safetensors, and HDF5 three times (plain; nested groups under a root; gzip, shuffle and
checksums). All of them must convert to files with the same tensors, byte for byte: the SHA-256 of
the tensor section is compared. The model is exported again as .safetensors and .h5, which the
formats' own libraries read, and every tensor must equal PyTorch's bit for bit.

Needs what requirements.txt lists. WORK takes up to 8 GB and is emptied on the way. Exits with 1
if anything differs.
"""

import json
import subprocess
import sys
import time

import h5py
import numpy as np
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

import official
import verdict

HDF5_LAYOUTS = {
    "plain": [],
    "nested": ["--nested", "--root", "model"],
    "compressed": ["--gzip", "1", "--shuffle", "--fletcher32"],
}


def run(*command):
    """Standard output of a command, which must succeed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}: {done.stderr}")
    return done.stdout


def checkpoints(name, work):
    """Saves the model `name` in each format; yields the weights first, then one path a time."""
    torch.manual_seed(official.RANDOM_MODELS.index(name))
    weights = official.build(official.config_path(name)).state_dict()
    yield weights
    source = work / "weights.pt"
    torch.save({"model": weights}, source)
    yield ".pt", source
    path = work / "weights.safetensors"
    save_file({key: value.contiguous() for key, value in weights.items()}, path)
    yield ".safetensors", path
    path.unlink()
    exporter = official.REPOSITORY / "Scripts/export_hdf5.py"
    for layout, options in HDF5_LAYOUTS.items():
        path = work / "weights.h5"
        run(sys.executable, exporter, source, path, *options)
        yield f".h5 {layout}", path
        path.unlink()
    source.unlink()


def tensor_section(converter, model):
    """SHA-256 of the tensor data of a model file, as the file records and `verify` has checked it."""
    run(converter, "verify", "-q", model)
    sections = json.loads(run(converter, "inspect", "--json", model))["sections"]
    (section,) = [each for each in sections if each["name"] == "tensor data"]
    return section["sha256"]


def differences(weights, exported):
    """Names in one of both only, or whose type, shape or bits differ."""
    odd = set(weights) ^ set(exported)
    for name in set(weights) & set(exported):
        ours, truth = np.asarray(exported[name]), weights[name].numpy()
        same = (ours.dtype, ours.shape) == (truth.dtype, truth.shape)
        if not same or ours.tobytes() != truth.tobytes():
            odd.add(name)
    return sorted(odd)


def exported(converter, model, work):
    """The weights that the formats' own libraries find in the exports of a model file."""
    path = work / "exported.safetensors"
    run(converter, "export", "-q", model, "-o", path)
    yield "safetensors", load_file(path)
    path.unlink()
    path = work / "exported.h5"
    run(converter, "export", "-q", model, "-o", path)
    with h5py.File(path) as file:
        yield "h5", {name: dataset[()] for name, dataset in file.items()}
    path.unlink()


def check(name, converter, work):
    """Problems of one model, after a line for each step."""
    problems, sections = [], {}
    steps = checkpoints(name, work)
    weights = next(steps)
    print(f"{name}: {len(weights)} tensors, {sum(w.numel() for w in weights.values()):,} numbers")
    model = work / "model.sam2"
    for label, path in steps:
        start = time.monotonic()
        run(converter, path, "-q", "--force", "-o", model)
        seconds = time.monotonic() - start
        sections[label] = tensor_section(converter, model)
        size = path.stat().st_size / 1e6
        print(f"  {label:16} {size:7.1f} MB  {seconds:5.2f} s  tensors {sections[label][:16]}")
    if len(set(sections.values())) != 1:
        problems.append(f"{name}: the tensor sections differ: {sections}")
    for label, tensors in exported(converter, model, work):
        odd = differences(weights, tensors)
        print(f"  export to {label:11}: {len(tensors)} tensors, {len(odd)} differ")
        problems += [f"{name}: {key} differs in the exported {label}" for key in odd]
    model.unlink()
    return problems


def main():
    parser = verdict.parser(__doc__)
    parser.add_argument(
        "--models", nargs="+", default=official.RANDOM_MODELS, choices=official.RANDOM_MODELS
    )
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    converter = arguments.bin.resolve() / "sam2-convert"
    problems = []
    for name in arguments.models:
        problems += check(name, converter, arguments.work)
    verdict.conclude(problems)


if __name__ == "__main__":
    main()
