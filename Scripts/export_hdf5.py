#!/usr/bin/env python3
"""Writes the weights of a PyTorch checkpoint as HDF5, in the layout of Formats/hdf5.md.

    python3 Scripts/export_hdf5.py sam2.1_hiera_tiny.pt tiny.h5
    python3 Scripts/export_hdf5.py tiny.pt tiny.h5 --nested --root model --gzip 4 --shuffle

Needs torch, numpy and h5py. Only tensors are loaded (`weights_only`). bfloat16, which HDF5 files
have no portable type for, is stored as 16-bit integers with the attribute torch_dtype.
"""

import argparse
import os

import h5py
import numpy as np
import torch


def state_dict(path):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    for wrapper in ("model", "state_dict"):
        if isinstance(checkpoint.get(wrapper), dict):
            return checkpoint[wrapper]
    return checkpoint


def array(tensor):
    """The tensor for h5py, and the name of its type when the array has another one."""
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(np.uint16), "bfloat16"
    if tensor.dtype == torch.bool:
        return tensor.numpy().astype(np.uint8), "bool"
    return tensor.numpy(), None


def write(tensors, file, arguments):
    group = file.require_group(arguments.root) if arguments.root else file
    for name, tensor in tensors.items():
        data, torch_dtype = array(tensor)
        options = {}
        # Scalars and empty arrays cannot be chunked, and filters work on chunks.
        if data.ndim > 0 and data.size > 0:
            if arguments.gzip:
                options.update(compression="gzip", compression_opts=arguments.gzip)
            options.update(shuffle=arguments.shuffle, fletcher32=arguments.fletcher32)
            if arguments.chunked:
                options.update(chunks=True)
        path = name.replace(".", "/") if arguments.nested else name
        dataset = group.create_dataset(path, data=data, track_times=False, **options)
        if torch_dtype:
            dataset.attrs["torch_dtype"] = np.bytes_(torch_dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("output")
    parser.add_argument("--root", help="put everything into this group: model or state_dict")
    parser.add_argument("--nested", action="store_true", help="groups instead of dots in names")
    parser.add_argument("--gzip", type=int, choices=range(1, 10), metavar="1-9")
    parser.add_argument("--shuffle", action="store_true", help="sort bytes before compression")
    parser.add_argument("--fletcher32", action="store_true", help="checksums")
    parser.add_argument("--chunked", action="store_true", help="chunks without a filter")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"])
    arguments = parser.parse_args()

    tensors = state_dict(arguments.checkpoint)
    if arguments.dtype:
        dtype = getattr(torch, arguments.dtype)
        tensors = {n: t.to(dtype) if t.is_floating_point() else t for n, t in tensors.items()}
    partial = arguments.output + ".partial"
    with h5py.File(partial, "w") as file:
        write(tensors, file, arguments)
    os.replace(partial, arguments.output)


if __name__ == "__main__":
    main()
