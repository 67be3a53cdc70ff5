"""Archives that must be refused, whatever their pickles contain."""

import io
import pickle
import struct
import tarfile

import torch

from torch_fixtures.archives import Entry, deflate, entries_of, make_zip
from torch_fixtures.good import numbers
from torch_fixtures.pickles import DATA, SIMPLE, archive, global_, text


def bad_zips(simple):
    e = entries_of(archive())
    name = b"t/data/0"

    def forged(**fields):
        return make_zip([Entry(x.name, x.data, **fields) if x.name == name else x for x in e])

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
    yield "zip64-extra-missing.pt", forged(central_usize=0xFFFFFFFF)
    yield "zip64-extra-short.pt", forged(central_usize=0xFFFFFFFF, extra=b"\1\0\4\0abcd")
    yield "zip64-extra-twice.pt", forged(wide=True, extra=struct.pack("<HHQ", 1, 8, 24))
    yield "zip-extra-cut.pt", forged(extra=b"\7\0\xff\0")
    yield "zip-name-differs.pt", forged(local_name=b"t/data/X")
    yield "zip-size-differs.pt", forged(local_usize=23)
    yield "zip-crc-differs.pt", forged(local_crc=1)
    yield "zip-method-differs.pt", forged(local_method=8)
    yield "zip-flags-differ.pt", forged(local_flags=2)
    yield "zip-stored-two-sizes.pt", forged(usize=1000)
    yield "zip-size-beyond.pt", forged(csize=1 << 20, usize=1 << 20)
    yield "zip-descriptor-differs.pt", forged(
        descriptor=True, descriptor_bytes=struct.pack("<IIII", 0x08074B50, 1, 24, 24))
    yield "zip-descriptor-missing.pt", forged(descriptor=True, descriptor_bytes=b"")
    yield "zip-no-local-header.pt", forged(local_signature=0x12345678)
    for bit, label in ((0x1, "encrypted"), (0x20, "patched"), (0x40, "strong"), (0x2000, "masked")):
        yield f"zip-flag-{label}.pt", forged(flags=bit)
    yield "zip-crc.pt", forged(crc=12345)
    yield "zip-crc-pickle.pt", make_zip(
        [Entry(x.name, x.data, crc=7) if x.name == b"t/data.pkl" else x for x in e])
    yield "zip-crc-unrelated.pt", archive(extra=[Entry("t/.data/note", b"note", crc=7)])
    yield "zip-overlap.pt", make_zip(e + [Entry("t/data/1", DATA, central_offset=0, offset=0)])
    last_start = archive().rindex(b"PK\3\4")
    yield "zip-overlap-inside.pt", make_zip(
        e + [Entry("t/data/1", DATA, offset=last_start - 9)])
    yield "zip-gap.pt", forged(after=b"gap")
    for method in (1, 12, 14, 93, 99):
        yield f"zip-method-{method}.pt", forged(method=method)
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
        extra=[Entry("t/link", b"/etc/passwd", creator=0x314, attributes=0o120777 << 16)])
    yield "zip-device.pt", archive(
        extra=[Entry("t/device", creator=0x314, attributes=0o020666 << 16)])
    yield "zip-folder-with-data.pt", archive(extra=[Entry("t/folder/", b"data")])
    big = bytes(2000)
    yield "zip-ratio.pt", forged(method=8, raw=deflate(big), usize=1 << 30)
    yield "zip-ratio-sum.pt", archive(extra=[
        Entry("t/x%d" % i, b"", method=8, raw=bytes(2000), usize=2_000_000) for i in range(12)])
    yield "zip-inflate-more.pt", forged(method=8, raw=deflate(big), crc=0)
    yield "zip-inflate-less.pt", forged(method=8, raw=deflate(DATA[:8]))
    yield "zip-inflate-tail.pt", forged(method=8, raw=deflate(DATA) + b"tail")
    yield "zip-inflate-cut.pt", forged(method=8, raw=deflate(DATA)[:-4])
    yield "zip-inflate-damaged.pt", forged(method=8, raw=b"\xff\xff\xff\xff")


def bad_archives(simple):
    yield "pt-no-pickle.pt", archive(drop=["data.pkl"])
    yield "pt-no-folder.pt", make_zip([Entry("data.pkl", SIMPLE), Entry("data", DATA)])
    yield "pt-two-roots.pt", archive(extra=[Entry("u/data.pkl", SIMPLE)])
    yield "pt-torchscript.pt", archive(extra=[Entry("t/constants.pkl", b"")])
    yield "pt-torchscript-code.pt", archive(extra=[Entry("t/code/__torch__.py", b"")])
    # Archives as torch.package, torch.export and TorchServe write them.
    yield "pt-package.pt", make_zip([
        Entry("t/.data/extern_modules", b"torch\n"), Entry("t/model/model.pkl", SIMPLE),
        Entry("t/.data/version", b"6\n"), Entry("t/byteorder", b"little")])
    yield "pt-exported.pt", make_zip([
        Entry("t/archive_format", b"pt2"), Entry("t/models/model.json", b"{}"),
        Entry("t/data/weights/weight_0", DATA), Entry("t/version", b"0\n")])
    yield "pt-served.pt", make_zip([
        Entry("MAR-INF/MANIFEST.json", b"{}"), Entry("model.pt", archive())])
    yield "pt-big-endian.pt", archive(replace={"byteorder": b"big"})
    yield "pt-byteorder-garbage.pt", archive(replace={"byteorder": b"\xff\0middle"})
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
