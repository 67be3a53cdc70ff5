"""A pickle assembler, and archives around what it makes."""

import struct

from torch_fixtures.archives import Entry, make_zip


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
    """The pickle of {"model": {name: value, ...}}; items are (name, code) or code of both."""
    body = b"".join(i if isinstance(i, bytes) else text(i[0]) + i[1] for i in items)
    return b"\x80\x02}" + text("model") + b"}(" + body + b"us."


DATA = struct.pack("<6f", 0.5, -1, 2, 3.25, -4, 5)
SIMPLE = model(("w", tensor([2, 3], [3, 1])))


def archive(pickled=SIMPLE, data=DATA, extra=(), drop=(), replace=None, **zip_overrides):
    """A torch archive around a pickle."""
    parts = {"data.pkl": pickled, "byteorder": b"little", "data/0": data, "version": b"3\n"}
    parts.update(replace or {})
    entries = [Entry("t/" + n, d) for n, d in parts.items() if n not in drop]
    return make_zip(entries + list(extra), **zip_overrides)
