"""HDF5 files that must be refused."""

import struct

import h5py
import numpy as np

from hdf5_fixtures.filters import (
    broken_checksum, checksum_short, inflate_bomb, inflate_garbage, inflate_short, with_filter,
)
from hdf5_fixtures.parts import NEW, OLD, QUIET, WEIGHTS, flat, low_level, numbers, one


def external(file):
    low_level(file, (4,), setup=lambda p: p.set_external(b"/etc/passwd", 0, 16))


def virtual(source):
    def fill(file):
        file.create_dataset("real", data=numbers(4), **QUIET)
        space = h5py.h5s.create_simple((4,))
        low_level(file, (4,), setup=lambda p: p.set_virtual(space, source, b"real", space))

    return fill


def cycle(file):
    group = file.create_group("a/b")
    file.create_dataset("a/weight", data=numbers(4), **QUIET)
    group["up"] = file["a"]


def deep(file):
    file.create_dataset("/".join("abcdefghijklmnopqrstuvwxyz0123456789"), data=numbers(2), **QUIET)


def of_type(dtype, data):
    return lambda file: file.create_dataset("weight", data=np.array(data, dtype), **QUIET)


def long_text(file):
    file.create_dataset("weight", data=["a", "bc"], dtype=h5py.string_dtype(), **QUIET)


def odd_float(file):
    dtype = h5py.h5t.IEEE_F32LE.copy()
    dtype.set_fields(31, 20, 11, 0, 20)
    low_level(file, (4,), dtype=dtype)


def odd_integer(file):
    dtype = h5py.h5t.STD_I32LE.copy()
    dtype.set_precision(17)
    dtype.set_offset(3)
    low_level(file, (4,), dtype=dtype)


def named_type(file):
    file["weight"] = np.dtype("f4")


def unnamed_u16(file):
    file.create_dataset("weight", data=np.arange(4, dtype=np.uint16), **QUIET)


def wrong_name(file):
    file.create_dataset("weight", data=np.arange(4, dtype=np.uint16), **QUIET)
    file["weight"].attrs["torch_dtype"] = np.bytes_("float16")


def attribute_array(file):
    file.create_dataset("weight", data=np.arange(4, dtype=np.uint16), **QUIET)
    file["weight"].attrs["torch_dtype"] = np.arange(3)


def layer_called(value):
    """A layer of Keras of that name, and one that is right."""
    def fill(file):
        for place, name in (("layers/dense", value), ("layers/dense_1", "right")):
            group = file.create_group(f"{place}/vars")
            group.attrs["name"] = name
            group.create_dataset("0", data=numbers(4), **QUIET)

    return fill


def opaque(dtype, meaning=None):
    def fill(file):
        dataset = file.create_dataset("weight", data=np.zeros(4, dtype), **QUIET)
        if meaning is not None:
            dataset.attrs["dtype"] = meaning

    return fill


def many_bombs(file):
    # Each is within reason by itself; the sum is not.
    for k in range(20):
        file.create_dataset(f"zeros.{k}", data=np.zeros((1024, 1024), np.float32),
                            chunks=(1024, 1024), compression="gzip", compression_opts=9, **QUIET)


def missing_chunks(file):
    dataset = file.create_dataset("weight", shape=(16,), chunks=(4,), dtype="f4", **QUIET)
    dataset[4:8] = 1


def same_name(file):
    file.create_dataset("a.b", data=numbers(2), **QUIET)
    file.create_dataset("a/b", data=numbers(2), **QUIET)


def replace(old, new, count=1):
    def patch(data):
        assert data.count(old) >= 1 and len(old) == len(new), (old, data.count(old))
        return data.replace(old, new, count)

    return patch


BAD = {
    "link-soft": lambda f: (one(numbers(4))(f), f.__setitem__("other", h5py.SoftLink("/weight"))),
    "link-dangling": lambda f: f.__setitem__("weight", h5py.SoftLink("/nowhere")),
    "link-soft-loop": lambda f: f.__setitem__("weight", h5py.SoftLink("/weight")),
    "link-external": lambda f: f.__setitem__(
        "weight", h5py.ExternalLink("/etc/passwd.h5", "/weight")),
    "link-external-self": lambda f: f.__setitem__("weight", h5py.ExternalLink(".", "/")),
    "external-storage": external,
    "virtual": virtual(b"elsewhere.h5"), "virtual-same-file": virtual(b"."),
    "bomb-declared": lambda f: low_level(f, (1 << 20, 1 << 20)),
    "bomb-declared-chunked": lambda f: low_level(f, (1 << 20, 1 << 20), chunk=(1024, 1024)),
    "bomb-elements": lambda f: low_level(f, (1 << 40, 1 << 20), chunk=(1, 1)),
    "bomb-never-written": lambda f: low_level(f, (4,)),
    "bomb-sum": many_bombs,
    "chunk-missing": missing_chunks,
    "chunk-huge": lambda f: low_level(
        f, (1 << 26,), chunk=(1 << 26,), setup=lambda p: p.set_deflate(9),
    ).write_direct_chunk((0,), b"\0" * 64, 0),
    "rank-9": one(numbers(*[1] * 9)), "rank-32": one(numbers(*[1] * 32)),
    "null-space": lambda f: f.create_dataset("weight", data=h5py.Empty("f4"), **QUIET),
    "filter-lzf": lambda f: one(numbers(64), chunks=(64,), compression="lzf")(f),
    "filter-scaleoffset": lambda f: one(np.arange(64), chunks=(64,), scaleoffset=0)(f),
    "filter-nbit": lambda f: low_level(f, (4,), chunk=(4,), data=numbers(4),
                                       setup=lambda p: p.set_filter(5, 0)),
    "filter-twice": lambda f: low_level(
        f, (4,), chunk=(4,), data=numbers(4), setup=lambda p: (p.set_deflate(1), p.set_deflate(9))),
    "inflate-more": inflate_bomb, "inflate-less": inflate_short,
    "inflate-garbage": inflate_garbage, "checksum-short": checksum_short,
    "cycle": cycle, "depth": deep,
    "name-collision": same_name,
    "name-long": lambda f: f.create_dataset("w" * 5000, data=numbers(2), **QUIET),
    "name-control": lambda f: f.create_dataset("w\x1b[2J", data=numbers(2), **QUIET),
    "name-newline": lambda f: f.create_dataset("w\nx", data=numbers(2), **QUIET),
    "name-utf8": lambda f: f.create_dataset(b"w\xff", data=numbers(2), **QUIET),
    "name-reserved": one(numbers(2), name="__metadata__"),
    "no-tensors": lambda f: f.create_group("model/empty"),
    "type-compound": of_type([("a", "f4"), ("b", "i4")], [(1, 2)]),
    "type-string": of_type("S5", ["ab"]), "type-text": long_text,
    "type-opaque": of_type("V7", [b"1234567"]), "type-opaque-unnamed": opaque("V2"),
    "type-opaque-4": opaque("V4", "bfloat16"), "type-opaque-float16": opaque("V2", "float16"),
    "type-opaque-list": opaque("V2", np.arange(3)),
    "type-opaque-long": opaque("V2", "bfloat16" + "6" * 5000),
    "layer-empty": layer_called(""), "layer-control": layer_called("a\x1b[2J"),
    "layer-long": layer_called("a" * 256), "layer-huge": layer_called("a" * 60_000),
    "layer-number": layer_called(np.float32(7)), "layer-list": layer_called(["a", "b"]),
    "layer-utf8": layer_called(np.bytes_(b"a\xff")),
    "type-bool-enum": of_type("?", [True, False]), "type-complex": of_type("c8", [1j]),
    "type-array": lambda f: f.create_dataset("weight", (2,), dtype="(3,)f4", **QUIET),
    "type-reference": lambda f: f.create_dataset(
        "weight", data=np.array([f.ref], h5py.ref_dtype), **QUIET),
    "type-u32": of_type("u4", [1]), "type-f128": one(np.zeros(1, "longdouble")),
    "type-float-fields": odd_float, "type-integer-bits": odd_integer,
    "type-committed": named_type, "type-u16": unnamed_u16, "type-u16-float16": wrong_name,
    "type-attribute-array": attribute_array,
    "type-enum": of_type(h5py.enum_dtype({"a": 0, "b": 1}, basetype="i1"), [0, 1]),
    "type-list": lambda f: f.create_dataset("weight", (2,), dtype=h5py.vlen_dtype("f4"), **QUIET),
}


def write_bad(folder):
    for name, fill in BAD.items():
        folder.file(name, fill)
    for number in (4, 307, 32001, 32004, 32015, 65535):
        fill, patch = with_filter(number)
        folder.data(f"filter-{number}", patch(folder.file(f"filter-{number}", fill)))
    checked = one(WEIGHTS["image_encoder.trunk.bias"], chunks=(5,), fletcher32=True)
    folder.data("checksum", broken_checksum(folder.file("checksum", checked)))
    # A link of a class that only a program's own code could follow.
    link = folder.file("link-user", BAD["link-external"])
    start = link.index(b"\x01\x08\x40")
    folder.data("link-user", link[:start + 2] + b"\x41" + link[start + 3:])
    write_names(folder)
    write_layouts(folder)
    write_files(folder)
    write_open_files(folder)


def write_names(folder):
    """A name in the heap of the root group becomes something that is not a name."""
    plain = folder.file("name-dot", one(numbers(4), name="wx"))
    for label, name in (("dot", b".\0\0"), ("dots", b"..\0"), ("slash", b"/x\0"),
                        ("empty", b"\0\0\0")):
        folder.data(f"name-{label}", replace(b"wx\0", name)(plain))


def write_layouts(folder):
    """Data at no address, at that of something else, or in chunks of size 0."""
    # The layout message of a contiguous dataset: version 3, class 1, address, size.
    data, far = numbers(4), numbers(4, seed=9)
    plain = folder.file("size-differs", one(data, name="wx"))
    start = plain.index(data.tobytes())
    layout = struct.pack("<BBQQ", 3, 1, start, 16)
    for label, address, size in (
            ("address-none", 2**64 - 1, 16), ("address-beyond", 2**40, 16),
            ("address-superblock", 0, 16), ("size-differs", start, 8)):
        folder.data(label, replace(layout, struct.pack("<BBQQ", 3, 1, address, size))(plain))

    def two(file):
        one(data, name="first")(file)
        one(far, name="second")(file)

    both = folder.file("address-overlap", two)
    first, second = both.index(data.tobytes()), both.index(far.tobytes())
    folder.data("address-overlap", replace(
        struct.pack("<BBQQ", 3, 1, second, 16), struct.pack("<BBQQ", 3, 1, first + 8, 16))(both))

    # Chunk of size 0: version 3, class 2, axes, address, sizes.
    tiny = folder.file("chunk-zero", one(numbers(4), chunks=(4,)))
    start = tiny.index(b"\x03\x02\x02")
    folder.data("chunk-zero", tiny[:start + 11] + bytes(4) + tiny[start + 15:])


def write_files(folder):
    """Files that are cut, too long, after a user's block, or have false entries in their superblock."""
    whole = folder.file("superblock-version", flat)
    folder.data("superblock-version", whole[:8] + b"\x09" + whole[9:])
    folder.data("superblock-signature", b"X" + whole[1:])
    folder.data("superblock-offsets", whole[:13] + b"\x07" + whole[14:])
    # Version 0: the end of the file is at byte 40.
    folder.data("superblock-end", whole[:40] + struct.pack("<Q", 2**40) + whole[48:])
    for name, count in (("cut-8", 8), ("cut-60", 60), ("cut-half", len(whole) // 2),
                        ("cut-1", len(whole) - 1)):
        folder.data(name, whole[:count])
    folder.data("not-hdf5", b"PK\x03\x04" + bytes(200))
    folder.file("user-block", flat, userblock_size=1024, **OLD)
    folder.data("trailing", whole + b"\0")
    folder.data("trailing-file", whole + whole)


def write_open_files(folder):
    """Copied while a writer has it open: the format notes that."""
    for name, swmr in (("marked-open", False), ("marked-swmr", True)):
        path = f"{folder.path}/{name}.h5"
        with h5py.File(path, "w", **NEW) as file:
            flat(file)
            if swmr:
                file.swmr_mode = True
            file.flush()
            with open(path, "rb") as half:
                data = half.read()
        folder.data(name, data)
