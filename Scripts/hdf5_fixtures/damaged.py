"""HDF5 files with one false value in one structure of the format."""

import os
import struct

import h5py
import numpy as np

from hdf5_fixtures.parts import QUIET, numbers, one

SPACE, TYPE, FILL, LAYOUT, FILTERS, ATTRIBUTE, CONTINUATION = 1, 3, 5, 8, 11, 12, 16
NOWHERE, FAR = 2**64 - 1, 2**62


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
        """Offsets of the first message of a kind and of its body."""
        return next((head, body) for k, head, body in messages(self.data, self.header) if k == kind)

    def signature(self, text, after=0):
        return self.data.index(text, after)


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
    # A message claims that the header continues: in itself, in its own block, nowhere.
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
    # The class determines how the rest is read: numbers become strings, records, lists, references.
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
            ("tree-superblock", 3, "Q", 0), ("size-0", 11, "I", 0),
            ("size-max", 11, "I", 2**32 - 1),
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
