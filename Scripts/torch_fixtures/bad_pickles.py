"""Archives whose pickles must be refused."""

import os
import pickle
import struct

import torch

from torch_fixtures.archives import Entry, make_zip
from torch_fixtures.good import numbers, torch_bytes
from torch_fixtures.pickles import (
    DATA, HOOKS, SIMPLE, archive, global_, model, storage, tensor, text, tuple_of,
)


class Call:
    """Pickles as a call of `function`, as an exploit does. Nothing here is ever unpickled."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def deep(count, opening, closing):
    return b"\x80\x02" + opening * count + closing * count + b"."


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
    yield "pickle-protocol5.pt", torch_bytes({"model": {"w": numbers(2, 3)}}, pickle_protocol=5)
    yield "pickle-protocol255.pt", archive(b"\x80\xff" + SIMPLE[2:])
    yield "pickle-proto-twice.pt", archive(SIMPLE[:2] + SIMPLE)
    yield "pickle-proto-middle.pt", archive(SIMPLE[:-1] + SIMPLE[:2] + b".")
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
        Entry("t/data.pkl", b"\x80\x02" + b"N" * 1_100_000 + b".", method=8),
        Entry("t/version", b"3")])
    for code in (b"\x93", b"i", b"o", b"\x82", b"\x84", b"0", b"1", b"2", b"P", b"\x8b", b"\x96",
                 b"\x97", b"\x95", b"\x94", b"\x8c", b"\x8d", b"C", b"\x81", b"\x8f", b"I",
                 b"\xff"):
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
    yield "tensor-shape-text.pt", one([], [1], size_code=tuple_of(text("2")))
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
    yield "tensor-dtype-meta.pt", torch_bytes(
        {"model": {"w": torch.empty(2, 3, device="meta")}})
    yield "tensor-dtype-sparse.pt", torch_bytes({"model": {"w": numbers(2, 3).to_sparse()}})


def bad_layouts():
    w = tensor([2, 3], [3, 1])
    yield "layout-list.pt", archive(b"\x80\x02].")
    yield "layout-tensor.pt", archive(b"\x80\x02" + w + b".")
    yield "layout-empty.pt", archive(b"\x80\x02}" + text("model") + b"}s.")
    yield "layout-empty-root.pt", archive(b"\x80\x02}.")
    yield "layout-no-tensors.pt", archive(b"\x80\x02}" + text("epoch") + b"K\1s.")
    yield "layout-name-empty.pt", archive(model(("", w)))
    yield "layout-name-control.pt", archive(model(("a\x1b[2J", w)))
    yield "layout-name-nul.pt", archive(model(("a\0b", w)))
    # A memo is not an array that one number can make huge: only the root is wrong here.
    yield "layout-memo-far.pt", archive(b"\x80\x02}r\xff\xff\xff\xff.")
    yield "layout-name-long.pt", archive(model(("a" * 600, w)))
    yield "layout-collision.pt", archive(
        b"\x80\x02}(" + text("a") + b"}" + text("b") + w + b"s" + text("a.b") + w + b"u.")
    views = tensor([10_000], [1], source=storage(count=10_000)) + b"q\0" + b"".join(
        text("v%d" % i) + b"h\0" for i in range(300))
    parts = [Entry("t/data.pkl", model(text("w") + views)), Entry("t/version", b"3"),
             Entry("t/data/0", bytes(40_000), method=8)]
    yield "layout-expansion.pt", make_zip(parts)
