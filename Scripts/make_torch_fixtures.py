#!/usr/bin/env python3
"""Writes the fixtures of TorchCheckpointTests: small checkpoints written by torch, and hostile ones.

    python3 Scripts/make_torch_fixtures.py Tests/TorchCheckpointTests/Fixtures

Needs torch (made with 2.15, CPU). `good/` holds files that must be read, `good/expected.json` what
torch reads from them (dtype, shape and the bytes in row-major order); `bad/` holds files that must
be refused, each with the error code that the table in HostileFileTests.swift names; `extra/` holds
files with objects of other programs beside the weights, which are refused unless the user asks to
drop those. Running it twice gives the same bytes.
"""

import argparse
import collections
import datetime
import enum
import os
import sys
from pathlib import PurePosixPath

import numpy as np
import torch

from torch_fixtures.bad_archives import bad_archives, bad_zips
from torch_fixtures.bad_pickles import Call, bad_layouts, bad_pickles, bad_tensors
from torch_fixtures.good import numbers, torch_bytes, write_good


class Mode(enum.Enum):
    FAST = 1


def write_extra(folder):
    weights = {"w": numbers(2, 3)}
    # Objects that trainers keep beside the weights, and one that an attacker would.
    beside = {
        "namespace": {"args": argparse.Namespace(lr=0.1, sizes=[1, 2])},
        "numpy": {"best": np.float64(0.5), "curve": np.arange(3.0)},
        "date": {"when": datetime.datetime(2024, 7, 29, 12)},
        "path": {"out": PurePosixPath("/tmp/run")},
        "counts": {"seen": collections.defaultdict(int, {"a": 1, "b": 2}), "ids": {1, 2}},
        "keys": {"by": {Mode.FAST: 1, None: 2, (1, 2): 3, 0.5: 4}},
        "float8": {"scales": numbers(2, 3).to(torch.float8_e4m3fn)},
        "sparse": {"mask": numbers(2, 3).to_sparse()},
        "complex": {"phase": numbers(2, 3).to(torch.complex64), "c": 1j},
        "exploit": {"x": Call(os.system, "echo pwned")},
    }
    for name, extra in beside.items():
        with open(os.path.join(folder, name + ".pt"), "wb") as out:
            out.write(torch_bytes({**extra, "model": weights}))


def write_bad(folder):
    simple = torch_bytes({"model": {"w": numbers(2, 3)}})
    for group in (bad_zips(simple), bad_archives(simple), bad_pickles(), bad_tensors(),
                  bad_layouts()):
        for name, data in group:
            with open(os.path.join(folder, name), "wb") as out:
                out.write(data)


def main():
    root = sys.argv[1]
    for name, write in (("good", write_good), ("bad", write_bad), ("extra", write_extra)):
        folder = os.path.join(root, name)
        os.makedirs(folder, exist_ok=True)
        for old in os.listdir(folder):
            os.unlink(os.path.join(folder, old))
        write(folder)


if __name__ == "__main__":
    main()
