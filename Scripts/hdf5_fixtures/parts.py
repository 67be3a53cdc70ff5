"""Parts of the HDF5 fixtures: folders, numbers, and datasets of every kind."""

import os

import h5py
import numpy as np

# Versions that libhdf5 1.10 can read: the old form of the format, and the one with checksums.
OLD = dict(libver=("earliest", "v110"))
NEW = dict(libver=("v110", "v110"))
QUIET = dict(track_times=False)


def numbers(*shape, dtype=np.float32, seed=1):
    return (np.random.default_rng(seed).standard_normal(shape) * 4).astype(dtype)


class Folder:
    def __init__(self, path):
        self.path = path
        os.makedirs(path, exist_ok=True)

    def file(self, name, fill, **options):
        """A file that `fill` writes into, as bytes; written to the folder under `name`."""
        path = f"{self.path}/{name}.h5"
        with h5py.File(path, "w", **(options or OLD)) as file:
            fill(file)
        with open(path, "rb") as file:
            return file.read()

    def data(self, name, data):
        with open(f"{self.path}/{name}.h5", "wb") as file:
            file.write(data)


def one(data, name="weight", **options):
    return lambda file: file.create_dataset(name, data=data, **{**QUIET, **options})


WEIGHTS = {
    "image_encoder.trunk.weight": numbers(3, 4, 5),
    "image_encoder.trunk.bias": numbers(5, seed=2),
    "memory.scale": numbers(seed=3),
}


def flat(file):
    for name, data in WEIGHTS.items():
        file.create_dataset(name, data=data, **QUIET)


def low_level(file, shape, *, dtype=h5py.h5t.IEEE_F32LE, chunk=None, setup=None, data=None):
    """A dataset with creation properties that h5py's upper level does not offer."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    if chunk:
        properties.set_chunk(chunk)
    if setup:
        setup(properties)
    dataset = h5py.h5d.create(file.id, b"weight", dtype, h5py.h5s.create_simple(shape), properties)
    if data is not None:
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    return dataset
