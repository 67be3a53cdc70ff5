"""Checkpoints that must be read, and what torch reads from them."""

import io
import json
import os
import struct
import zipfile
import zlib

import torch

from torch_fixtures.archives import Entry, entries_of, make_zip
from torch_fixtures.pickles import archive, model, storage, tensor, text


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


def tensors(value, path=(), seen=None):
    """Every tensor in what torch loaded, named by the keys that first lead to it."""
    seen = set() if seen is None else seen
    if isinstance(value, torch.Tensor):
        yield ".".join(path), value
    elif isinstance(value, (dict, list, tuple)) and id(value) not in seen:
        seen.add(id(value))
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in members:
            yield from tensors(member, (*path, str(key)), seen)


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
                                                     creator=0x314)] + entries_of(simple))
    # Forty lists, each holding the one before twice: 2^40 elements to whoever copies.
    files["laughs.pt"] = archive(
        b"\x80\x02}(" + text("laughs") + b"(]q\0"
        + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(40)) + b"t" + text("model") + b"}"
        + text("w") + tensor([2, 3], [3, 1]) + b"su.")
    weight = model(("w", tensor([2, 3], [3, 1], source=storage(location="cuda:0"))))
    files["cuda.pt"] = archive(weight)
    files["far-away.pt"] = archive(model(
        ("w", tensor([2, 3], [3, 1], source=storage(location="xla:1" + " " * 5000)))))
    for label, value in (("0", 0), ("minus", -1), ("3", 3), ("huge", 10**18)):
        files[f"alignment-{label}.pt"] = archive(
            extra=[Entry("t/.storage_alignment", str(value).encode())])
    # Names as Python 2 pickled them.
    files["python2-name.pt"] = archive(model(b"U\1w" + tensor([2, 3], [3, 1])))
    w = tensor([2, 3], [3, 1])
    files["number-among-tensors.pt"] = archive(model(("w", w), ("n", b"K\1")))
    files["integer-key.pt"] = archive(model(b"K\1" + w))
    files["two-wrappers.pt"] = archive(model(("w", w), ("module.w", w)))
    files["in-lists.pt"] = archive(
        b"\x80\x02](}" + text("w") + w + b"sK\7" + b"}" + text("deep") + b"](K\1" + w
        + b"ese.")
    files["comment.pt"] = make_zip(entries_of(simple), comment=b"made by hand")

    expected = {}
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
        loaded = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        rows = []
        for key, value in tensors(loaded):
            flat = value.detach().contiguous().reshape(-1)
            raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
            rows.append({"name": key,
                         "dtype": str(value.dtype).split(".")[1], "shape": list(value.shape),
                         "bytes": raw.hex()})
        expected[name] = rows
    with open(os.path.join(folder, "expected.json"), "w") as out:
        json.dump(expected, out, indent=1, sort_keys=True)
        out.write("\n")
