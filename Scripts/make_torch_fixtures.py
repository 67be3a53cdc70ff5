#!/usr/bin/env python3
"""Writes the fixtures of TorchCheckpointTests: small checkpoints made by torch, and hostile ones.

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
import io
import json
import os
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath

import numpy as np
import torch

# MARK: A zip writer that can lie


class Entry:
    """One zip entry. Keyword arguments replace single header fields, truthful by default."""

    def __init__(self, name, data=b"", method=0, flags=0, descriptor=False, **lies):
        self.name = name if isinstance(name, bytes) else name.encode()
        self.data = data
        self.method = method
        self.flags = flags | (8 if descriptor else 0)
        self.descriptor = descriptor
        self.lies = lies

    def get(self, field, truth):
        return self.lies.get(field, truth)


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def make_zip(entries, prefix=b"", before_directory=b"", comment=b"", trailer=b"", zip64=False, **lies):
    """Bytes of a zip archive. `zip64=True` adds the zip64 end record and locator."""
    out = bytearray(prefix)
    directory = bytearray()
    starts = {}
    for e in entries:
        raw = deflate(e.data) if e.method == 8 else e.data
        raw = e.get("raw", raw)
        crc = e.get("crc", zlib.crc32(e.data))
        csize = e.get("csize", len(raw))
        usize = e.get("usize", len(e.data))
        start = e.get("offset", len(out))
        starts[e.name] = start
        zero = e.descriptor
        local_name = e.get("local_name", e.name)
        local_extra = e.get("local_extra", b"")
        if "offset" not in e.lies:
            out += struct.pack(
                "<IHHHIIIIHH", e.get("local_signature", 0x04034B50), 20, e.get("local_flags", e.flags),
                e.get("local_method", e.method), 0, e.get("local_crc", 0 if zero else crc),
                e.get("local_csize", 0 if zero else csize), e.get("local_usize", 0 if zero else usize),
                len(local_name), len(local_extra))
            out += local_name + local_extra + raw
            if e.descriptor:
                out += e.get("descriptor_bytes", struct.pack("<IIII", 0x08074B50, crc, csize, usize))
            out += e.get("after", b"")
        extra = e.get("extra", b"")
        wide = e.get("wide", False)
        if wide:
            extra += struct.pack("<HHQQQ", 1, 24, usize, csize, start)
        directory += struct.pack(
            "<IHHHHIIIIHHHHHII", 0x02014B50, e.get("made_by", 20), 20, e.flags, e.method, 0, crc,
            0xFFFFFFFF if wide else e.get("central_csize", csize),
            0xFFFFFFFF if wide else e.get("central_usize", usize), len(e.name), len(extra), 0, 0, 0,
            e.get("attributes", 0), 0xFFFFFFFF if wide else e.get("central_offset", start))
        directory += e.name + extra
    out += before_directory
    at = lies.get("directory_offset", len(out))
    size = lies.get("directory_size", len(directory))
    count = lies.get("count", len(entries))
    out += directory
    if zip64:
        record = len(out)
        out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count,
                           lies.get("wide_size", size), lies.get("wide_offset", at))
        out += struct.pack("<IIQI", 0x07064B50, 0, lies.get("locator", record), 1)
        at, size, count = 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFF
    disk = lies.get("disk", 0)
    out += struct.pack("<IHHHHIIH", 0x06054B50, disk, disk, count, count, size, at, len(comment))
    return bytes(out) + comment + trailer


def entries_of(data, **kind):
    """The entries of an honest archive, to be written again with lies."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    return [Entry(i.filename, archive.read(i), **kind) for i in archive.infolist()]


# MARK: A pickle assembler


def text(s):
    raw = s.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(n):
    if 0 <= n < 256:
        return b"K" + bytes([n])
    if -(1 << 31) <= n < 1 << 31:
        return b"J" + struct.pack("<i", n)
    raw = n.to_bytes((n.bit_length() // 8) + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def tuple_of(*parts):
    return b"(" + b"".join(parts) + b"t"


def global_(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def storage(key="0", count=6, kind="FloatStorage", location="cpu"):
    return tuple_of(text("storage"), global_("torch", kind), text(key), text(location),
                    integer(count)) + b"Q"


HOOKS = global_("collections", "OrderedDict") + b")R"


def tensor(size, stride, offset=0, source=None, size_code=None, offset_code=None):
    return (global_("torch._utils", "_rebuild_tensor_v2")
            + tuple_of(source or storage(), offset_code or integer(offset),
                       size_code or tuple_of(*map(integer, size)),
                       tuple_of(*map(integer, stride)), b"\x89", HOOKS) + b"R")


def model(*items):
    """The pickle of {"model": {name: value, ...}}; items are (name, code) or code of key + value."""
    body = b"".join(i if isinstance(i, bytes) else text(i[0]) + i[1] for i in items)
    return b"\x80\x02}" + text("model") + b"}(" + body + b"us."


DATA = struct.pack("<6f", 0.5, -1, 2, 3.25, -4, 5)
SIMPLE = model(("w", tensor([2, 3], [3, 1])))


def archive(pickled=SIMPLE, data=DATA, extra=(), drop=(), replace=None, **zip_lies):
    """A torch archive around a pickle."""
    parts = {"data.pkl": pickled, "byteorder": b"little", "data/0": data, "version": b"3\n"}
    parts.update(replace or {})
    entries = [Entry("t/" + n, d) for n, d in parts.items() if n not in drop]
    return make_zip(entries + list(extra), **zip_lies)


# MARK: Good files


def numbers(*shape, dtype=torch.float32, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).to(dtype)


def good_files():
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(numbers(2, 3))
        layer.bias.copy_(numbers(2, seed=2))
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(numbers(4, 3, seed=3)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        layer.weight.copy_(numbers(2, 3))
        layer.bias.copy_(numbers(2, seed=2))
    simple = {"a.weight": numbers(2, 3), "a.bias": numbers(3, seed=2)}
    base = numbers(4, 5, seed=4)
    special = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45, 1.5])
    yield "fp32.pt", {"model": simple}
    yield "fp16.pt", {"model": {"h": numbers(3, 2, dtype=torch.float16),
                                "tiny": special.half()}}
    yield "bf16.pt", {"model": {"b": numbers(3, 2, dtype=torch.bfloat16),
                                "tiny": special.bfloat16()}}
    yield "dtypes.pt", {"model": {
        str(d).split(".")[1]: (numbers(2, 2) * 50).to(d)
        for d in (torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64,
                  torch.bool)}}
    yield "special.pt", {"model": {"values": special, "scalar": torch.tensor(7.5),
                                   "empty": torch.zeros(0, 3), "one": torch.ones(1, 1, 1)}}
    yield "transposed.pt", {"model": {
        "t": base.t(), "rows": base[1:3], "columns": base[:, 1:4], "every": base[::2, ::3],
        "permuted": numbers(2, 3, 4, seed=5).permute(2, 0, 1),
        "last": numbers(2, 3, 4, 2, seed=6).to(memory_format=torch.channels_last)}}
    tied = numbers(3, 2, seed=7)
    yield "shared.pt", {"model": {"head": tied, "embedding": tied, "part": tied[1]}}
    yield "bare.pt", layer.state_dict()
    yield "state_dict.pt", {"state_dict": layer.state_dict(), "epoch": 3}
    yield "parameter.pt", {"model": dict(layer.named_parameters())}
    yield "training.pt", {
        "epoch": 3, "best": 0.25, "name": "run 1", "done": False, "nothing": None, "list": [1, [2]],
        "optimizer": optimizer.state_dict(), "model": layer.state_dict(),
        "steps": {"train": 1 << 40, "val": -5}}
    yield "prefixed.pt", {"model": {"module._orig_mod." + k: v for k, v in simple.items()}}
    yield "member.pt", {"state_dict": {"model." + k: v for k, v in simple.items()}}
    yield "floats.pt", {"nan": float("nan"), "inf": -float("inf"), "zero": -0.0, "model": simple}


def torch_bytes(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def repacked(data, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as target:
        source = zipfile.ZipFile(io.BytesIO(data))
        for info in source.infolist():
            fresh = zipfile.ZipInfo(info.filename)
            fresh.compress_type = method
            target.writestr(fresh, source.read(info))
    return out.getvalue()


def write_good(folder):
    files = {}
    for name, value in good_files():
        files[name] = torch_bytes(value)
    simple = files["fp32.pt"]
    files["deflated.pt"] = repacked(simple, zipfile.ZIP_DEFLATED)
    files["stored-by-python.pt"] = repacked(simple, zipfile.ZIP_STORED)
    files["no-extension"] = simple
    files["wrong-extension.safetensors"] = simple
    files["zip64.pt"] = make_zip([Entry(e.name, e.data, wide=True) for e in entries_of(simple)],
                                 zip64=True)
    files["descriptors.pt"] = make_zip(entries_of(simple, descriptor=True, flags=0x800))
    files["descriptors64.pt"] = make_zip([
        Entry(e.name, e.data, descriptor=True, flags=0x800, descriptor_bytes=struct.pack(
            "<IIQQ", 0x08074B50, zlib.crc32(e.data), len(e.data), len(e.data)))
        for e in entries_of(simple)])
    files["descriptors-unsigned.pt"] = make_zip([
        Entry(e.name, e.data, descriptor=True, descriptor_bytes=struct.pack(
            "<III", zlib.crc32(e.data), len(e.data), len(e.data))) for e in entries_of(simple)])
    files["old-torch.pt"] = make_zip([
        e for e in entries_of(simple, descriptor=True, flags=0x800)
        if e.name.split(b"/", 1)[1] in (b"data.pkl", b"version", b"data/0", b"data/1")])
    files["unicode-folder.pt"] = make_zip([
        Entry("mod\u00e8le 2/" + e.name.decode().split("/", 1)[1], e.data, flags=0x800)
        for e in entries_of(simple)])
    files["folder-entries.pt"] = make_zip(
        [Entry("archive/", attributes=0x10), Entry("archive/data/", attributes=0o40755 << 16,
                                                     made_by=0x314)] + entries_of(simple))
    # Forty lists, each holding the one before twice: 2^40 elements to whoever copies.
    files["laughs.pt"] = archive(
        b"\x80\x02}(" + text("laughs") + b"(]q\0"
        + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(40)) + b"t" + text("model") + b"}"
        + text("w") + tensor([2, 3], [3, 1]) + b"su.")
    weight = model(("w", tensor([2, 3], [3, 1], source=storage(location="cuda:0"))))
    files["cuda.pt"] = archive(weight)
    for label, value in (("0", 0), ("minus", -1), ("3", 3), ("huge", 10**18)):
        files[f"alignment-{label}.pt"] = archive(
            extra=[Entry("t/.storage_alignment", str(value).encode())])
    # Names as Python 2 pickled them.
    files["python2-name.pt"] = archive(model(b"U\1w" + tensor([2, 3], [3, 1])))
    files["comment.pt"] = make_zip(entries_of(simple), comment=b"made by hand")

    expected = {}
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
        loaded = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        weights = loaded.get("model", loaded.get("state_dict", loaded))
        rows = []
        for key, value in weights.items():
            flat = value.detach().contiguous().reshape(-1)
            raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
            plain = key.removeprefix("module._orig_mod.").removeprefix("model.")
            rows.append({"name": plain,
                         "dtype": str(value.dtype).split(".")[1], "shape": list(value.shape),
                         "bytes": raw.hex()})
        expected[name] = rows
    with open(os.path.join(folder, "expected.json"), "w") as out:
        json.dump(expected, out, indent=1, sort_keys=True)
        out.write("\n")


# MARK: Bad files


class Call:
    """Pickles as a call of `function`, as an exploit does. Nothing here is ever unpickled."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class Mode(enum.Enum):
    FAST = 1


def write_extra(folder):
    weights = {"w": numbers(2, 3)}
    # What trainers keep beside the weights, and what an attacker would.
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


def deep(count, opening, closing):
    return b"\x80\x02" + opening * count + closing * count + b"."


def bad_zips(simple):
    e = entries_of(archive())
    name = b"t/data/0"

    def with_lie(**lies):
        return make_zip([Entry(x.name, x.data, **lies) if x.name == name else x for x in e])

    yield "zip-cut-in-data.pt", simple[: len(simple) // 2]
    yield "zip-cut-in-directory.pt", simple[:-60]
    yield "zip-cut-in-end.pt", simple[:-5]
    yield "zip-only-header.pt", simple[:30]
    yield "zip-one-byte-short.pt", simple[:-1]
    yield "zip-trailing.pt", simple + b"\0" * 7
    yield "zip-prepended.pt", archive(prefix=b"PK\3\4" + b"x" * 60)
    yield "zip-hidden-before-directory.pt", archive(before_directory=b"hidden")
    yield "zip-two-ends.pt", archive(
        comment=struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, 0, 0, 0))
    yield "zip-directory-outside.pt", archive(directory_offset=1 << 30)
    yield "zip-directory-shifted.pt", archive(directory_offset=3)
    yield "zip-count-high.pt", archive(count=9)
    yield "zip-count-low.pt", archive(count=2)
    yield "zip-count-huge.pt", archive(zip64=True, count=1 << 40)
    yield "zip-multidisk.pt", archive(disk=1)
    yield "zip64-no-locator.pt", archive(directory_offset=0xFFFFFFFF)
    yield "zip64-locator-wild.pt", archive(zip64=True, locator=1 << 62)
    yield "zip64-locator-huge.pt", archive(zip64=True, locator=(1 << 64) - 1)
    yield "zip64-size-huge.pt", archive(zip64=True, wide_size=(1 << 64) - 1)
    yield "zip64-offset-wraps.pt", archive(zip64=True, wide_offset=(1 << 63) - 1)
    yield "zip64-extra-missing.pt", with_lie(central_usize=0xFFFFFFFF)
    yield "zip64-extra-short.pt", with_lie(central_usize=0xFFFFFFFF, extra=b"\1\0\4\0abcd")
    yield "zip64-extra-twice.pt", with_lie(wide=True, extra=struct.pack("<HHQ", 1, 8, 24))
    yield "zip-extra-cut.pt", with_lie(extra=b"\7\0\xff\0")
    yield "zip-name-differs.pt", with_lie(local_name=b"t/data/X")
    yield "zip-size-differs.pt", with_lie(local_usize=23)
    yield "zip-crc-differs.pt", with_lie(local_crc=1)
    yield "zip-method-differs.pt", with_lie(local_method=8)
    yield "zip-flags-differ.pt", with_lie(local_flags=2)
    yield "zip-stored-two-sizes.pt", with_lie(usize=1000)
    yield "zip-size-beyond.pt", with_lie(csize=1 << 20, usize=1 << 20)
    yield "zip-descriptor-differs.pt", with_lie(
        descriptor=True, descriptor_bytes=struct.pack("<IIII", 0x08074B50, 1, 24, 24))
    yield "zip-descriptor-missing.pt", with_lie(descriptor=True, descriptor_bytes=b"")
    yield "zip-no-local-header.pt", with_lie(local_signature=0x12345678)
    for bit, label in ((0x1, "encrypted"), (0x20, "patched"), (0x40, "strong"), (0x2000, "masked")):
        yield f"zip-flag-{label}.pt", with_lie(flags=bit)
    yield "zip-crc.pt", with_lie(crc=12345)
    yield "zip-crc-pickle.pt", make_zip(
        [Entry(x.name, x.data, crc=7) if x.name == b"t/data.pkl" else x for x in e])
    yield "zip-crc-unrelated.pt", archive(extra=[Entry("t/.data/note", b"note", crc=7)])
    yield "zip-overlap.pt", make_zip(e + [Entry("t/data/1", DATA, central_offset=0, offset=0)])
    last_start = archive().rindex(b"PK\3\4")
    yield "zip-overlap-inside.pt", make_zip(
        e + [Entry("t/data/1", DATA, offset=last_start - 9)])
    yield "zip-gap.pt", with_lie(after=b"gap")
    for method in (1, 12, 14, 93, 99):
        yield f"zip-method-{method}.pt", with_lie(method=method)
    yield "zip-duplicate.pt", archive(extra=[Entry("t/data/0", DATA)])
    yield "zip-duplicate-case.pt", archive(extra=[Entry("t/DATA/0", DATA)])
    yield "zip-duplicate-form.pt", archive(
        extra=[Entry("t/\u00e9", b""), Entry("t/e\u0301", b"")])
    for label, bad in (("parent", "t/../../etc/passwd"), ("absolute", "/etc/passwd"),
                       ("backslash", "t\\data\\1"), ("drive", "C:/x"), ("newline", "t/a\nb"),
                       ("escape", "t/\x1b[2J"), ("nul", "t/a\0"), ("empty-part", "t//x"),
                       ("long", "t/" + "x" * 1100), ("utf8", b"t/\xff\xfe"), ("none", "")):
        yield f"zip-name-{label}.pt", archive(extra=[Entry(bad, b"")])
    yield "zip-symlink.pt", archive(
        extra=[Entry("t/link", b"/etc/passwd", made_by=0x314, attributes=0o120777 << 16)])
    yield "zip-folder-with-data.pt", archive(extra=[Entry("t/folder/", b"data")])
    big = bytes(2000)
    yield "zip-ratio.pt", with_lie(method=8, raw=deflate(big), usize=1 << 30)
    yield "zip-ratio-sum.pt", archive(extra=[
        Entry("t/x%d" % i, b"", method=8, raw=bytes(2000), usize=2_000_000) for i in range(12)])
    yield "zip-inflate-more.pt", with_lie(method=8, raw=deflate(big), crc=0)
    yield "zip-inflate-less.pt", with_lie(method=8, raw=deflate(DATA[:8]))
    yield "zip-inflate-tail.pt", with_lie(method=8, raw=deflate(DATA) + b"tail")
    yield "zip-inflate-cut.pt", with_lie(method=8, raw=deflate(DATA)[:-4])
    yield "zip-inflate-damaged.pt", with_lie(method=8, raw=b"\xff\xff\xff\xff")


def bad_archives(simple):
    yield "pt-no-pickle.pt", archive(drop=["data.pkl"])
    yield "pt-no-folder.pt", make_zip([Entry("data.pkl", SIMPLE), Entry("data", DATA)])
    yield "pt-two-roots.pt", archive(extra=[Entry("u/data.pkl", SIMPLE)])
    yield "pt-torchscript.pt", archive(extra=[Entry("t/constants.pkl", b"")])
    yield "pt-torchscript-code.pt", archive(extra=[Entry("t/code/__torch__.py", b"")])
    yield "pt-big-endian.pt", archive(replace={"byteorder": b"big"})
    yield "pt-byteorder-long.pt", archive(replace={"byteorder": b"little" + b" " * 100})
    yield "pt-version-missing.pt", archive(drop=["version"])
    for label, value in (("zero", b"0"), ("huge", b"999999999999"), ("word", b"three"),
                         ("wraps", b"9" * 30)):
        yield f"pt-version-{label}.pt", archive(replace={"version": value})
    yield "pt-storage-missing.pt", archive(drop=["data/0"])
    out = io.BytesIO()
    torch.save({"model": {"w": numbers(2, 3)}}, out, _use_new_zipfile_serialization=False)
    # The end names storages by their addresses, which differ from run to run.
    yield "pt-legacy.pt", out.getvalue()[:120]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member in ("sys_info", "pickle", "storages", "tensors"):
            tar.addfile(tarfile.TarInfo(member), io.BytesIO())
    yield "pt-tar.pt", out.getvalue()[:2048]
    yield "pt-bare-pickle.pt", pickle.dumps({"w": [1.0]}, protocol=2)
    # A module built by hand: torch would need importable classes.
    yield "pt-whole-module.pt", archive(
        b"\x80\x02}" + text("model") + global_("sam2.modeling.sam2_base", "SAM2Base") + b")Rs.")


def bad_pickles():
    call = pickle.dumps({"model": Call(os.system, "echo pwned")}, protocol=2)
    yield "pickle-os-system.pt", archive(call)
    yield "pickle-eval.pt", archive(pickle.dumps(Call(eval, "1"), protocol=2))
    yield "pickle-extra-namespace.pt", archive(
        b"\x80\x02}(" + text("args") + global_("argparse", "Namespace") + b")R" + text("model")
        + b"}" + text("w") + tensor([2, 3], [3, 1]) + b"su.")
    for label, module, name in (
            ("load", "torch.serialization", "load"), ("hub", "torch.hub", "load"),
            ("counter", "collections", "Counter"),
            ("wrapper", "torch._utils", "_rebuild_wrapper_subclass"),
            ("dotted", "torch", "FloatStorage.__class__"), ("space", "torch ", "FloatStorage"),
            ("nul", "torch\0", "FloatStorage"), ("homoglyph", "t\u043erch", "FloatStorage"),
            ("python2", "__builtin__", "eval"), ("long", "x" * 5000, "y"), ("empty", "", "")):
        yield f"pickle-global-{label}.pt", archive(b"\x80\x02" + global_(module, name) + b")R.")
    yield "pickle-control-name.pt", archive(b"\x80\x02" + global_("\x1b[2J\r", "x") + b".")
    yield "pickle-protocol4.pt", torch_bytes({"model": {"w": numbers(2, 3)}}, pickle_protocol=4)
    yield "pickle-protocol3.pt", torch_bytes({"model": {"w": numbers(2, 3)}}, pickle_protocol=3)
    yield "pickle-protocol255.pt", archive(b"\x80\xff" + SIMPLE[2:])
    yield "pickle-proto-twice.pt", archive(SIMPLE[:2] + SIMPLE)
    yield "pickle-protocol0.pt", archive(pickle.dumps({"a": 1}, protocol=0))
    yield "pickle-empty.pt", archive(b"")
    yield "pickle-no-stop.pt", archive(SIMPLE[:-1])
    yield "pickle-trailing.pt", archive(SIMPLE + b".")
    yield "pickle-second.pt", archive(SIMPLE + SIMPLE)
    yield "pickle-append-to-dict.pt", archive(b"\x80\x02}K\1a.")
    yield "pickle-appends-to-tuple.pt", archive(b"\x80\x02)(K\1e.")
    yield "pickle-setitem-on-list.pt", archive(b"\x80\x02]K\1K\2s.")
    yield "pickle-build-on-dict.pt", archive(b"\x80\x02}}b.")
    yield "pickle-build-on-tensor.pt", archive(b"\x80\x02" + tensor([1], [1]) + b"}b.")
    yield "pickle-build-not-dict.pt", archive(b"\x80\x02" + HOOKS + b"K\1b.")
    yield "pickle-call-number.pt", archive(b"\x80\x02K\1)R.")
    yield "pickle-call-storage.pt", archive(b"\x80\x02" + global_("torch", "FloatStorage") + b")R.")
    yield "pickle-call-odd-arguments.pt", archive(
        b"\x80\x02" + global_("collections", "OrderedDict") + b"K\1\x85R.")
    yield "pickle-setitems-odd.pt", archive(b"\x80\x02}(K\1u.")
    yield "pickle-list-key.pt", archive(b"\x80\x02}]K\1s.")
    yield "pickle-duplicate-key.pt", archive(
        model(("w", tensor([2, 3], [3, 1])), ("w", tensor([2, 3], [3, 1]))))
    for label, code in (("append", b"a"), ("tuple2", b"K\1\x86"), ("tuple", b"t"), ("reduce", b"R"),
                        ("binput", b"q\0"), ("persid", b"Q"), ("setitem", b"}K\1s"),
                        ("setitems", b"u"), ("below-mark", b"K\1(\x85"), ("build", b"b"),
                        ("open-mark", b"K\1("), ("nothing", b""), ("two", b"K\1K\1")):
        yield f"pickle-stack-{label}.pt", archive(b"\x80\x02" + code + b".")
    yield "pickle-memo-undefined.pt", archive(b"\x80\x02h\7.")
    yield "pickle-memo-undefined-long.pt", archive(b"\x80\x02j\xff\xff\xff\xff.")
    yield "pickle-string-cut.pt", archive(b"\x80\x02X\xff\xff\xff\xffabc.")
    yield "pickle-bytestring-cut.pt", archive(b"\x80\x02U\xffabc.")
    yield "pickle-global-cut.pt", archive(b"\x80\x02ctorch")
    yield "pickle-int-cut.pt", archive(b"\x80\x02J\1")
    yield "pickle-long-cut.pt", archive(b"\x80\x02\x8a\x08\1.")
    yield "pickle-utf8.pt", archive(b"\x80\x02X\2\0\0\0\xff\xfe.")
    yield "pickle-surrogate.pt", archive(b"\x80\x02X\3\0\0\0\xed\xa0\x80.")
    yield "pickle-bytestring-latin1.pt", archive(b"\x80\x02U\1\xe9.")
    yield "pickle-long-integer.pt", archive(b"\x80\x02\x8a\xff" + b"\1" * 255 + b".")
    yield "pickle-deep-tuple.pt", archive(b"\x80\x02)" + b"\x85" * 5000 + b".")
    yield "pickle-deep-marks.pt", archive(deep(5000, b"(", b"t"))
    yield "pickle-deep-list.pt", archive(deep(5000, b"]", b"")[:-1] + b"a" * 4999 + b".")
    yield "pickle-cycle-list.pt", archive(b"\x80\x02]q\0h\0a.")
    yield "pickle-cycle-dict.pt", archive(b"\x80\x02}q\0" + text("model") + b"h\0s.")
    yield "pickle-stack-bomb.pt", make_zip([
        Entry("t/data.pkl", b"\x80\x02" + b"N" * 1_100_000 + b".", method=8), Entry("t/version", b"3")])
    for code in (b"\x93", b"i", b"o", b"\x82", b"\x84", b"0", b"1", b"2", b"P", b"\x8b", b"\x96",
                 b"\x97", b"\x95", b"\x94", b"\x8c", b"\x8d", b"C", b"\x81", b"\x8f", b"I", b"\xff"):
        yield f"pickle-opcode-{code.hex()}.pt", archive(b"\x80\x02" + code + b"\0" * 12 + b".")


def bad_tensors():
    def one(*a, **k):
        return archive(model(("w", tensor(*a, **k))))

    yield "tensor-storage-short.pt", archive(data=DATA[:20])
    yield "tensor-storage-long.pt", archive(data=DATA + DATA)
    yield "tensor-storage-huge.pt", one([2, 3], [3, 1], source=storage(count=1 << 62))
    for label, key in (("slash", "../0"), ("empty", ""), ("nul", "0\0"), ("long", "0" * 5000),
                       ("unknown", "17")):
        yield f"tensor-key-{label}.pt", one([2, 3], [3, 1], source=storage(key=key))
    yield "tensor-persid-int.pt", one([2, 3], [3, 1], source=b"K\1Q")
    yield "tensor-persid-short.pt", one(
        [2, 3], [3, 1], source=tuple_of(text("storage"), text("0")) + b"Q")
    yield "tensor-persid-module.pt", one(
        [2, 3], [3, 1], source=storage().replace(b"storage", b"modules", 1))
    yield "tensor-persid-negative.pt", one([2, 3], [3, 1], source=storage(count=-6))
    yield "tensor-storage-conflict.pt", archive(model(
        ("w", tensor([2, 3], [3, 1])),
        ("v", tensor([3], [1], source=storage(count=3, kind="DoubleStorage")))))
    for label, size in (("negative", [-2, 3]), ("overflow", [1 << 32, 1 << 32]),
                        ("max", [(1 << 63) - 1])):
        yield f"tensor-shape-{label}.pt", one(size, [1] * len(size))
    yield "tensor-shape-float.pt", one([], [1], size_code=tuple_of(b"G" + struct.pack(">d", 2.0)))
    yield "tensor-shape-bool.pt", one([], [1], size_code=tuple_of(b"\x88"))
    yield "tensor-shape-list.pt", one([], [], size_code=b"]")
    yield "tensor-rank.pt", one([1] * 17, [1] * 17)
    yield "tensor-stride-negative.pt", one([2, 3], [-3, 1])
    yield "tensor-stride-count.pt", one([2, 3], [1])
    yield "tensor-stride-overflow.pt", one([2, 3], [(1 << 63) - 1, 1])
    yield "tensor-offset-outside.pt", one([2, 3], [3, 1], offset=1)
    yield "tensor-offset-negative.pt", one([2, 3], [3, 1], offset=-1)
    yield "tensor-offset-huge.pt", one([2, 3], [3, 1], offset=(1 << 63) - 1)
    yield "tensor-stride-outside.pt", one([2, 3], [4, 1])
    yield "tensor-stride-bomb.pt", one([1_000_000, 1_000_000], [0, 0])
    yield "tensor-stride-zero.pt", one([2, 3], [0, 1])
    yield "tensor-overlap.pt", one([2, 3], [1, 1])
    for kind in ("ComplexFloatStorage", "QInt8Storage"):
        yield f"tensor-dtype-{kind}.pt", one([2, 3], [3, 1], source=storage(kind=kind))
    yield "tensor-dtype-float8.pt", torch_bytes(
        {"model": {"w": numbers(2, 3).to(torch.float8_e4m3fn)}})
    yield "tensor-dtype-sparse.pt", torch_bytes({"model": {"w": numbers(2, 3).to_sparse()}})


def bad_layouts():
    w = tensor([2, 3], [3, 1])
    yield "layout-list.pt", archive(b"\x80\x02].")
    yield "layout-tensor.pt", archive(b"\x80\x02" + w + b".")
    yield "layout-empty.pt", archive(b"\x80\x02}" + text("model") + b"}s.")
    yield "layout-empty-root.pt", archive(b"\x80\x02}.")
    yield "layout-no-tensors.pt", archive(b"\x80\x02}" + text("epoch") + b"K\1s.")
    yield "layout-number-among-tensors.pt", archive(model(("w", w), ("n", b"K\1")))
    yield "layout-integer-key.pt", archive(model(b"K\1" + w))
    yield "layout-name-empty.pt", archive(model(("", w)))
    yield "layout-name-control.pt", archive(model(("a\x1b[2J", w)))
    yield "layout-name-long.pt", archive(model(("a" * 600, w)))
    yield "layout-collision.pt", archive(model(("w", w), ("module.w", w)))
    views = tensor([10_000], [1], source=storage(count=10_000)) + b"q\0" + b"".join(
        text("v%d" % i) + b"h\0" for i in range(300))
    parts = [Entry("t/data.pkl", model(text("w") + views)), Entry("t/version", b"3"),
             Entry("t/data/0", bytes(40_000), method=8)]
    yield "layout-expansion.pt", make_zip(parts)


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
