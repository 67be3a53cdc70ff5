"""HDF5 files that must be read, and what h5py reads from them."""

import json
import zlib

import h5py
import numpy as np

from hdf5_fixtures.parts import NEW, QUIET, WEIGHTS, flat, numbers


def nested(root, wrapper=None, **options):
    def fill(file):
        group = file.create_group(wrapper) if wrapper else file
        for name, data in WEIGHTS.items():
            extra = options if data.ndim else {}
            group.create_dataset(name.replace(".", "/"), data=data, **QUIET, **extra)

    return fill


def checked(file):
    """Nothing without a checksum: the new form of the format, and no data outside of chunks."""
    for name, data in WEIGHTS.items():
        if data.ndim:
            file.create_dataset(name.replace(".", "/"), data=data, fletcher32=True, **QUIET)


def beside(file):
    nested(None, "model")(file)
    file.create_dataset("epoch", data=np.int64(7), **QUIET)


def every_type(file):
    for dtype in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1"):
        for order in "<>":
            data = (np.arange(-6, 6).reshape(3, 4) * 3).astype(dtype)
            name = f"{dtype}-{'little' if order == '<' else 'big'}"
            file.create_dataset(name, data=data.astype(order + dtype), **QUIET)


def bfloat16(file):
    bits = numbers(4, 6).view(np.uint32) >> 16
    for dtype in ("<u2", ">u2", "<i2"):
        data = bits.astype(np.uint16).view(np.int16 if "i" in dtype else np.uint16)
        dataset = file.create_dataset(dtype.replace("<", "le").replace(">", "be"),
                                      data=data.astype(dtype), **QUIET)
        dataset.attrs["torch_dtype"] = np.bytes_("bfloat16")
    # As `attrs["torch_dtype"] = "bfloat16"` of h5py writes it: of variable length.
    dataset = file.create_dataset("text", data=bits.astype(np.uint16), **QUIET)
    dataset.attrs["torch_dtype"] = "bfloat16"
    flags = file.create_dataset("flags", data=np.array([0, 1, 1], np.uint8), **QUIET)
    flags.attrs["torch_dtype"] = np.bytes_("bool")


def edges(file):
    file.create_dataset("scalar", data=np.float32(2.5), **QUIET)
    file.create_dataset("empty", shape=(0, 7), dtype="f4", **QUIET)
    file.create_dataset("empty-chunked", shape=(0,), maxshape=(None,), chunks=(4,), dtype="f4",
                        **QUIET)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.4e38], np.float32)
    file.create_dataset("special", data=special, **QUIET)
    file.create_dataset("half", data=np.array([6e-8, -6e-8, 65504, np.inf], np.float16), **QUIET)


def chunked(file):
    data = numbers(37, 5, 11)
    file.create_dataset("plain", data=data, chunks=(8, 2, 3), **QUIET)
    file.create_dataset("gzip", data=data, chunks=(10, 5, 11), compression="gzip", **QUIET)
    file.create_dataset("all", data=data, chunks=(5, 5, 4), compression="gzip", shuffle=True,
                        fletcher32=True, **QUIET)
    file.create_dataset("larger", data=data[:3, :2, :2], chunks=(4, 4, 4), maxshape=(None,) * 3,
                        **QUIET)
    file.create_dataset("zeros", data=np.zeros((64, 1024), np.float32), chunks=(64, 1024),
                        compression="gzip", **QUIET)


def annotated(file):
    """Attributes without information about weights: long, of varying length, a reference."""
    flat(file)
    dataset = file["memory.scale"]
    dataset.attrs["history"] = np.zeros(60_000, np.uint8)
    dataset.attrs["authors"] = np.array(["a", "bc"], dtype=h5py.string_dtype())
    dataset.attrs["beside"] = file["image_encoder.trunk.bias"].ref
    file.attrs["note"] = "x" * 10_000


def keras(file):
    """Variables of layers as Keras 3 stores them, with and without a name."""
    for place, name in (("layers/dense", "norm"), ("layers/dense_1", "größe"), ("", "a model"),
                        ("unnamed", None)):
        group = file.create_group(f"{place}/vars")
        if name:
            group.attrs["name"] = name
        for index in range(2):
            group.create_dataset(str(index), data=numbers(2, 3, seed=index), **QUIET)
    file["layers/dense/vars"].attrs["other"] = np.arange(3)


def opaque(file):
    """Bits of bfloat16 as h5py stores the type of ml_dtypes: in one piece, chunked and compact."""
    bits = (numbers(4, 6).view(np.uint32) >> 16).astype(np.uint16).view("V2")
    for name, options in (("plain", {}), ("chunked", {"chunks": (2, 3)}),
                          ("packed", {"chunks": (4, 6), "compression": "gzip"})):
        file.create_dataset(name, data=bits, **QUIET, **options).attrs["dtype"] = "bfloat16"
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    properties.set_obj_track_times(False)
    dataset = h5py.h5d.create(file.id, b"compact", h5py.h5t.py_create(bits.dtype),
                              h5py.h5s.create_simple(bits.shape), properties)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, bits)
    h5py.Dataset(dataset).attrs["dtype"] = "bfloat16"


def tied(file):
    file.create_dataset("first/weight", data=WEIGHTS["image_encoder.trunk.bias"], **QUIET)
    file["second.weight"] = file["first/weight"]


def compact(file):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    properties.set_obj_track_times(False)
    space = h5py.h5s.create_simple((5,))
    dataset = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, space, properties)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, WEIGHTS["image_encoder.trunk.bias"])


GOOD = {
    "flat": flat, "nested": nested(None), "model": nested(None, "model"),
    "state_dict": nested(None, "state_dict"), "beside": beside, "types": every_type,
    "bfloat16": bfloat16, "edges": edges, "chunked": chunked, "tied": tied,
    "compact": compact, "annotated": annotated, "keras": keras, "opaque": opaque,
    "compressed": nested(None, compression="gzip", shuffle=True, fletcher32=True),
}


def expected_names(file):
    """The name of each dataset, by the rules of Formats/hdf5.md."""
    paths = []
    file.visititems_links(lambda name, link: paths.append(name) if isinstance(
        file[name], h5py.Dataset) else None)
    return {p: p.replace("/", ".") for p in paths}


def expected(path):
    result = {}
    with h5py.File(path) as file:
        for place, name in expected_names(file).items():
            dataset = file[place]
            kind = dataset.attrs.get("torch_dtype", b"")
            kind = kind if isinstance(kind, str) else kind.decode()
            if dataset.dtype.kind == "V":
                kind = dataset.attrs["dtype"]
            codes = {"f2": "f16", "f4": "f32", "f8": "f64", "i1": "i8", "u1": "u8", "i2": "i16",
                     "i4": "i32", "i8": "i64"}
            dtype = {"bfloat16": "bf16", "bool": "bool"}.get(kind) or codes[dataset.dtype.str[1:]]
            data = np.asarray(dataset[...])
            little = data.astype(data.dtype.newbyteorder("<"))
            result[name] = {"dtype": dtype, "shape": list(dataset.shape),
                            "crc32": zlib.crc32(little.tobytes())}
            layer = dataset.parent.attrs.get("name")
            if layer:
                result[name]["layer"] = layer
    return result


def write_good(folder):
    table = {}
    for name, fill in GOOD.items():
        folder.file(name, fill)
        table[name] = expected(f"{folder.path}/{name}.h5")
    for name, fill in (("checked", checked), ("new-format", flat)):
        folder.file(name, fill, **NEW)
        table[name] = expected(f"{folder.path}/{name}.h5")
    with open(f"{folder.path}/expected.json", "w") as out:
        json.dump(table, out, indent=1, sort_keys=True)
        out.write("\n")
