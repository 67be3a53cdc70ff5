#!/usr/bin/env python3
"""Writes the fixtures of HDF5CheckpointTests: small HDF5 files, good ones and hostile ones.

    python3 Scripts/make_hdf5_fixtures.py Tests/HDF5CheckpointTests/Fixtures

Needs h5py (made with 3.16, HDF5 2.0) and numpy. `good/` holds files that must be read, and
`good/expected.json` what h5py reads from them (dtype, shape and the CRC-32 of the little-endian bytes in row-major order);
`bad/` holds files that must be refused, each with the error code that the table in
HostileFileTests.swift names. `damaged/` holds files with one lie in one structure of the format,
the places where libhdf5 has had its CVEs: what they meet depends on the library's version, but it
must be a named error or a plain success, in time. Running it twice gives the same bytes.
"""

import json
import os
import struct
import sys
import zlib

import h5py
import numpy as np

# What libhdf5 1.10 can read, in the old form of the format and in the one with checksums.
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


# MARK: Files that must be read


WEIGHTS = {
    "image_encoder.trunk.weight": numbers(3, 4, 5),
    "image_encoder.trunk.bias": numbers(5, seed=2),
    "memory.scale": numbers(seed=3),
}


def flat(file):
    for name, data in WEIGHTS.items():
        file.create_dataset(name, data=data, **QUIET)


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
    "compact": compact,
    "compressed": nested(None, compression="gzip", shuffle=True, fletcher32=True),
}


def expected_names(file):
    """What each dataset is called, by the rules of Formats/hdf5.md."""
    paths = []
    file.visititems_links(lambda name, link: paths.append(name) if isinstance(
        file[name], h5py.Dataset) else None)
    for wrapper in ("model", "state_dict"):
        inside = [p for p in paths if p.startswith(wrapper + "/")]
        if inside:
            return {p: p.split("/", 1)[1].replace("/", ".") for p in inside}
    return {p: p.replace("/", ".") for p in paths}


def expected(path):
    result = {}
    with h5py.File(path) as file:
        for place, name in expected_names(file).items():
            dataset = file[place]
            kind = dataset.attrs.get("torch_dtype", b"")
            kind = kind if isinstance(kind, str) else kind.decode()
            codes = {"f2": "f16", "f4": "f32", "f8": "f64", "i1": "i8", "u1": "u8", "i2": "i16",
                     "i4": "i32", "i8": "i64"}
            dtype = {"bfloat16": "bf16", "bool": "bool"}.get(kind) or codes[dataset.dtype.str[1:]]
            data = np.asarray(dataset[...])
            little = data.astype(data.dtype.newbyteorder("<"))
            result[name] = {"dtype": dtype, "shape": list(dataset.shape),
                            "crc32": zlib.crc32(little.tobytes())}
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


# MARK: Files that must be refused


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


def external(file):
    low_level(file, (4,), setup=lambda p: p.set_external(b"/etc/passwd", 0, 16))


def virtual(source):
    def fill(file):
        file.create_dataset("real", data=numbers(4), **QUIET)
        space = h5py.h5s.create_simple((4,))
        low_level(file, (4,), setup=lambda p: p.set_virtual(space, source, b"real", space))

    return fill


def with_filter(number, *, chunk=(4,), values=()):
    """Claims a filter by rewriting its number, since libhdf5 writes only filters that it has."""
    def fill(file):
        low_level(file, (4,), chunk=chunk, data=numbers(4),
                  setup=lambda p: p.set_deflate(1))

    def patch(data):
        # Version 1 of the message: version, count, 6 reserved, then id, name length, flags, values.
        start = data.index(struct.pack("<BB6xHH", 1, 1, 1, 8))
        return data[:start + 8] + struct.pack("<H", number) + data[start + 10:]

    return fill, patch


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


def broken_checksum(data):
    start = data.index(WEIGHTS["image_encoder.trunk.bias"].tobytes())
    return data[:start] + bytes([data[start] ^ 1]) + data[start + 1:]


def replace(old, new, count=1):
    def patch(data):
        assert data.count(old) >= 1 and len(old) == len(new), (old, data.count(old))
        return data.replace(old, new, count)

    return patch


def inflate_bomb(file):
    """A chunk whose deflate stream holds more than a chunk has."""
    dataset = low_level(file, (4,), chunk=(4,), setup=lambda p: p.set_deflate(1))
    dataset.write_direct_chunk((0,), zlib.compress(b"\0" * 30000), 0)


def inflate_short(file):
    dataset = low_level(file, (4096,), chunk=(4096,), setup=lambda p: p.set_deflate(1))
    dataset.write_direct_chunk((0,), zlib.compress(bytes(range(100))), 0)


def inflate_garbage(file):
    dataset = low_level(file, (4,), chunk=(4,), setup=lambda p: p.set_deflate(1))
    dataset.write_direct_chunk((0,), b"\x55" * 40, 0)


def checksum_short(file):
    """A chunk that is shorter than its checksum alone."""
    dataset = low_level(file, (4,), chunk=(4,), setup=lambda p: p.set_fletcher32())
    dataset.write_direct_chunk((0,), b"\1\2", 0)


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
    "type-opaque": of_type("V7", [b"1234567"]),
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
    for number in (307, 32001, 32004, 32015, 65535):
        fill, patch = with_filter(number)
        folder.data(f"filter-{number}", patch(folder.file(f"filter-{number}", fill)))

    checked = one(WEIGHTS["image_encoder.trunk.bias"], chunks=(5,), fletcher32=True)
    folder.data("checksum", broken_checksum(folder.file("checksum", checked)))

    # A name in the heap of the root group becomes something that is no name.
    plain = folder.file("name-dot", one(numbers(4), name="wx"))
    folder.data("name-dot", replace(b"wx\0", b".\0\0")(plain))
    folder.data("name-dots", replace(b"wx\0", b"..\0")(plain))
    folder.data("name-slash", replace(b"wx\0", b"/x\0")(plain))
    folder.data("name-empty", replace(b"wx\0", b"\0\0\0")(plain))

    # The layout message of a contiguous dataset: version 3, class 1, address, size.
    data = numbers(4)
    start = plain.index(data.tobytes())
    layout = struct.pack("<BBQQ", 3, 1, start, 16)
    folder.data("address-none", replace(layout, struct.pack("<BBQQ", 3, 1, 2**64 - 1, 16))(plain))
    folder.data("address-beyond", replace(layout, struct.pack("<BBQQ", 3, 1, 2**40, 16))(plain))
    folder.data("address-superblock", replace(layout, struct.pack("<BBQQ", 3, 1, 0, 16))(plain))
    folder.data("size-differs", replace(layout, struct.pack("<BBQQ", 3, 1, start, 8))(plain))

    def two(file):
        one(numbers(4), name="first")(file)
        one(numbers(4, seed=9), name="second")(file)

    both = folder.file("address-overlap", two)
    second = both.index(numbers(4, seed=9).tobytes())
    first = both.index(data.tobytes())
    folder.data("address-overlap", replace(
        struct.pack("<BBQQ", 3, 1, second, 16), struct.pack("<BBQQ", 3, 1, first + 8, 16))(both))

    # Chunk of size 0: version 3, class 2, axes, address, sizes.
    tiny = folder.file("chunk-zero", one(numbers(4), chunks=(4,)))
    start = tiny.index(b"\x03\x02\x02")
    folder.data("chunk-zero", tiny[:start + 11] + bytes(4) + tiny[start + 15:])

    flat_file = folder.file("superblock-version", flat)
    folder.data("superblock-version", flat_file[:8] + b"\x09" + flat_file[9:])
    folder.data("superblock-signature", b"X" + flat_file[1:])
    folder.data("superblock-offsets", flat_file[:13] + b"\x07" + flat_file[14:])
    for name, count in (("cut-8", 8), ("cut-60", 60), ("cut-half", len(flat_file) // 2),
                        ("cut-1", len(flat_file) - 1)):
        folder.data(name, flat_file[:count])
    folder.data("not-hdf5", b"PK\x03\x04" + bytes(200))

    folder.file("user-block", flat, userblock_size=1024, **OLD)
    folder.data("trailing", flat_file + b"\0")
    folder.data("trailing-file", flat_file + flat_file)
    # Version 0: the end of the file stands at byte 40.
    folder.data("superblock-end", flat_file[:40] + struct.pack("<Q", 2**40) + flat_file[48:])

    # Copied while a writer has it open: the format notes that.
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

    # A link of a class that only a program's own code could follow.
    link = folder.file("link-user", BAD["link-external"])
    start = link.index(b"\x01\x08\x40")
    folder.data("link-user", link[:start + 2] + b"\x41" + link[start + 3:])


# MARK: Files with one damaged structure


def messages(data, address):
    """Type, header and body of each message of a version 1 object header."""
    version, _, count, _, byte_count = struct.unpack_from("<BBHII", data, address)
    assert version == 1
    at = address + 16
    while at < address + 16 + byte_count:
        kind, size = struct.unpack_from("<HH", data, at)
        yield kind, at, at + 8
        at += 8 + size


def object_header(path, name):
    with h5py.File(path) as file:
        return h5py.h5o.get_info(file[name].id).addr


class Damage:
    """Damaged copies of one file that differ in one field each."""

    def __init__(self, folder, label, fill):
        self.folder, self.label = folder, label
        self.data = folder.file(label, fill)
        self.header = object_header(f"{folder.path}/{label}.h5", "weight")
        os.unlink(f"{folder.path}/{label}.h5")

    def put(self, name, at, form, *values):
        patch = struct.pack("<" + form, *values)
        data = self.data[:at] + patch + self.data[at + len(patch):]
        self.folder.data(f"{self.label}-{name}", data)

    def message(self, kind):
        """Where the first message of a kind stands, and its body."""
        return next((head, body) for k, head, body in messages(self.data, self.header) if k == kind)

    def signature(self, text, after=0):
        return self.data.index(text, after)


SPACE, TYPE, FILL, LAYOUT, FILTERS, ATTRIBUTE, CONTINUATION = 1, 3, 5, 8, 11, 12, 16
NOWHERE, FAR = 2**64 - 1, 2**62


def write_damaged(folder):
    plain = Damage(folder, "plain", one(numbers(4)))
    damage_headers(plain)
    damage_groups(plain)
    damage_types(plain)
    damage_chunks(Damage(folder, "chunks", one(
        numbers(64), chunks=(16,), compression="gzip", shuffle=True, fletcher32=True)))
    damage_attributes(Damage(folder, "attribute", unnamed_text))
    nested_record(folder)


def unnamed_text(file):
    file.create_dataset("weight", data=np.arange(4, dtype=np.uint16), **QUIET)
    file["weight"].attrs["torch_dtype"] = "bfloat16"


def damage_headers(d):
    at = d.header
    d.put("version", at, "B", 9)
    for label, count in (("none", 0), ("many", 0xFFFF)):
        d.put(f"messages-{label}", at + 2, "H", count)
    for label, size in (("none", 0), ("huge", 0xFFFFFFFF)):
        d.put(f"header-{label}", at + 8, "I", size)
    head, _ = d.message(LAYOUT)
    d.put("message-long", head + 2, "H", 0xFFF8)
    d.put("message-unknown", head, "H", 0xFFFE)
    # A message says that the header goes on: in itself, in its own block, nowhere.
    head, body = d.message(SPACE)
    size = struct.unpack_from("<H", d.data, head + 2)[0]
    for label, place, length in (("self", head, size + 8), ("block", at + 16, 256),
                                 ("far", FAR, 64), ("undefined", NOWHERE, 64), ("long", 96, FAR)):
        d.put(f"continuation-{label}", head, "HHB3xQQ", CONTINUATION, size, 0, place, length)
    _, body = d.message(SPACE)
    for label, rank in (("0", 0), ("33", 33), ("255", 255)):
        d.put(f"rank-{label}", body + 1, "B", rank)
    d.put("space-version", body, "B", 77)
    d.put("size-huge", body + 8, "Q", NOWHERE)
    _, body = d.message(FILL)
    for label, size in (("long", 0x7FFFFFFF), ("negative", 0xFFFFFFFF)):
        d.put(f"fill-{label}", body, "BBBBI", 2, 2, 2, 1, size)
    _, body = d.message(LAYOUT)
    for label, version, kind in (("version", 77, 1), ("class", 3, 77), ("compact", 3, 0),
                                 ("chunked", 3, 2), ("virtual", 4, 3), ("single", 4, 2)):
        d.put(f"layout-{label}", body, "BB", version, kind)
    d.put("layout-size", body + 10, "Q", NOWHERE)


def damage_groups(d):
    # The superblock, version 0: where things are, and how wide trees are.
    for label, at, form, value in (("base", 24, "Q", FAR), ("free-space", 32, "Q", 96),
                                   ("driver", 48, "Q", 96), ("root", 64, "Q", FAR),
                                   ("root-self", 64, "Q", 0), ("leaf-k", 16, "H", 0),
                                   ("leaf-k-wide", 16, "H", 0xFFFF), ("node-k", 18, "H", 0xFFFF),
                                   ("cache", 72, "I", 77), ("cache-tree", 80, "Q", FAR),
                                   ("cache-heap", 88, "Q", FAR)):
        d.put(f"superblock-{label}", at, form, value)
    tree = d.signature(b"TREE")
    for label, at, form, value in (
            ("type", 4, "B", 1), ("level", 5, "B", 255), ("cycle", 5, "B", 1),
            ("entries", 6, "H", 0xFFFF), ("left", 8, "Q", tree), ("right", 16, "Q", tree),
            ("key", 24, "Q", FAR), ("child-self", 32, "Q", tree), ("child-far", 32, "Q", FAR)):
        d.put(f"tree-{label}", tree + at, form, value)
    both = d.data[:tree + 5] + b"\1" + d.data[tree + 6:tree + 32] + struct.pack("<Q", tree)
    d.folder.data("plain-tree-parent", both + d.data[tree + 40:])
    node = d.signature(b"SNOD")
    for label, at, form, value in (
            ("symbols", 6, "H", 0xFFFF), ("version", 4, "B", 77), ("name", 8, "Q", FAR),
            ("name-end", 8, "Q", 87), ("header", 16, "Q", FAR), ("header-root", 16, "Q", 96),
            ("header-heap", 16, "Q", d.signature(b"HEAP")), ("cache", 24, "I", 2)):
        d.put(f"symbol-{label}", node + at, form, value)
    heap = d.signature(b"HEAP")
    start = struct.unpack_from("<Q", d.data, heap + 24)[0]
    free = struct.unpack_from("<Q", d.data, heap + 16)[0]
    for label, at, form, value in (
            ("size", 8, "Q", FAR), ("size-none", 8, "Q", 0), ("free", 16, "Q", FAR),
            ("free-end", 16, "Q", 87), ("data", 24, "Q", FAR), ("data-self", 24, "Q", heap)):
        d.put(f"heap-{label}", heap + at, form, value)
    for label, at, value in (("loop", 0, free), ("next", 0, FAR), ("long", 8, FAR),
                             ("short", 8, 0)):
        d.put(f"heap-free-{label}", start + free + at, "Q", value)


def damage_types(d):
    _, body = d.message(TYPE)
    for label, at, form, value in (
            ("size-0", 4, "I", 0), ("size-huge", 4, "I", 0xFFFFFFFF), ("offset", 8, "H", 0xFFFF),
            ("precision", 10, "H", 0xFFFF), ("precision-0", 10, "H", 0), ("exponent", 12, "B", 255),
            ("mantissa", 15, "B", 255), ("order", 1, "B", 0x41), ("padding", 2, "B", 255)):
        d.put(f"type-{label}", body + at, form, value)
    # The class says how the rest is read: numbers become strings, records, lists, references.
    for kind in range(12):
        for version in (1, 3):
            d.put(f"type-class-{kind}-{version}", body, "B", version << 4 | kind)


def damage_chunks(d):
    _, body = d.message(FILTERS)
    for label, at, form, value in (("count", 1, "B", 33), ("count-255", 1, "B", 255),
                                   ("version", 0, "B", 77), ("name", 10, "H", 0xFFF8),
                                   ("values", 14, "H", 0xFFFF)):
        d.put(f"filters-{label}", body + at, form, value)
    # The shuffle filter's one value is the size of an element.
    shuffle = d.signature(struct.pack("<HHHH", 2, 8, 1, 1), body)
    for label, size in (("0", 0), ("3", 3), ("huge", 0xFFFFFFFF)):
        d.put(f"shuffle-{label}", shuffle + 16, "I", size)
    _, body = d.message(LAYOUT)
    for label, at, form, value in (
            ("axes-0", 2, "B", 0), ("axes-255", 2, "B", 255), ("tree", 3, "Q", FAR),
            ("tree-superblock", 3, "Q", 0), ("size-0", 11, "I", 0), ("size-max", 11, "I", 2**32 - 1),
            ("element-0", 15, "I", 0), ("element-max", 15, "I", 2**32 - 1)):
        d.put(f"layout-{label}", body + at, form, value)
    tree = struct.unpack_from("<Q", d.data, body + 3)[0]
    for label, at, form, value in (
            ("cycle", 5, "B", 1), ("level", 5, "B", 255), ("entries", 6, "H", 0xFFFF),
            ("left", 8, "Q", tree), ("right", 16, "Q", tree), ("chunk-size", 24, "I", 2**32 - 1),
            ("chunk-none", 24, "I", 0), ("mask", 28, "I", 2**32 - 1), ("offset", 32, "Q", FAR),
            ("offset-odd", 32, "Q", 3), ("address", 48, "Q", FAR), ("address-tree", 48, "Q", tree),
            ("again", 64, "Q", 0)):
        d.put(f"tree-{label}", tree + at, form, value)
    self_child = d.data[:tree + 5] + b"\1" + d.data[tree + 6:tree + 48] + struct.pack("<Q", tree)
    d.folder.data("chunks-tree-parent", self_child + d.data[tree + 56:])


def damage_attributes(d):
    _, body = d.message(ATTRIBUTE)
    for label, at, form, value in (("version", 0, "B", 77), ("name", 2, "H", 0xFFFF),
                                   ("type", 4, "H", 0xFFFF), ("space", 6, "H", 0xFFFF)):
        d.put(label, body + at, form, value)
    heap = d.signature(b"GCOL")
    for label, at, form, value in (
            ("collection-size", 8, "Q", FAR), ("collection-none", 8, "Q", 0),
            ("object-index", 16, "H", 77), ("object-size", 24, "Q", FAR),
            ("object-none", 24, "Q", 0), ("free-size", 48, "Q", FAR)):
        d.put(label, heap + at, form, value)
    # The value: length, address of the collection, index in it.
    value = d.signature(struct.pack("<IQI", 8, heap, 1))
    for label, at, form, number in (("length", 0, "I", 2**32 - 1), ("address", 4, "Q", FAR),
                                    ("address-self", 4, "Q", d.header), ("index", 12, "I", 77)):
        d.put(f"value-{label}", value + at, form, number)


def nested_record(folder):
    """Records in records, which libhdf5 reads by recursion."""
    dtype = np.dtype("f4")
    for _ in range(300):
        dtype = np.dtype([("a", dtype)])
    folder.file("record-nested", lambda f: f.create_dataset("weight", (2,), dtype=dtype, **QUIET))


def main():
    root = sys.argv[1]
    write_good(Folder(f"{root}/good"))
    write_bad(Folder(f"{root}/bad"))
    write_damaged(Folder(f"{root}/damaged"))


if __name__ == "__main__":
    main()
