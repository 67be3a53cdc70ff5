"""A zip writer that can write false values."""

import io
import struct
import zipfile
import zlib


class Entry:
    """One zip entry. Keyword arguments replace single header fields, truthful by default."""

    def __init__(self, name, data=b"", method=0, flags=0, descriptor=False, **overrides):
        self.name = name if isinstance(name, bytes) else name.encode()
        self.data = data
        self.method = method
        self.flags = flags | (8 if descriptor else 0)
        self.descriptor = descriptor
        self.overrides = overrides

    def get(self, field, truth):
        return self.overrides.get(field, truth)


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def make_zip(
    entries, prefix=b"", before_directory=b"", comment=b"", trailer=b"", zip64=False, **overrides
):
    """Bytes of a zip archive. `zip64=True` adds the zip64 end record and locator."""
    out = bytearray(prefix)
    directory = bytearray()
    for entry in entries:
        raw = entry.get("raw", deflate(entry.data) if entry.method == 8 else entry.data)
        crc = entry.get("crc", zlib.crc32(entry.data))
        csize = entry.get("csize", len(raw))
        usize = entry.get("usize", len(entry.data))
        start = entry.get("offset", len(out))
        if "offset" not in entry.overrides:
            out += local_part(entry, raw, crc, csize, usize)
        directory += directory_record(entry, crc, csize, usize, start)
    out += before_directory
    at = overrides.get("directory_offset", len(out))
    size = overrides.get("directory_size", len(directory))
    count = overrides.get("count", len(entries))
    out += directory
    if zip64:
        record = len(out)
        out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count,
                           overrides.get("wide_size", size), overrides.get("wide_offset", at))
        out += struct.pack("<IIQI", 0x07064B50, 0, overrides.get("locator", record), 1)
        at, size, count = 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFF
    disk = overrides.get("disk", 0)
    out += struct.pack("<IHHHHIIH", 0x06054B50, disk, disk, count, count, size, at, len(comment))
    return bytes(out) + comment + trailer


def local_part(entry, raw, crc, csize, usize):
    """The bytes where an entry starts: header, data, descriptor."""
    zero = entry.descriptor
    name = entry.get("local_name", entry.name)
    extra = entry.get("local_extra", b"")
    part = struct.pack(
        "<IHHHIIIIHH", entry.get("local_signature", 0x04034B50), 20,
        entry.get("local_flags", entry.flags), entry.get("local_method", entry.method), 0,
        entry.get("local_crc", 0 if zero else crc), entry.get("local_csize", 0 if zero else csize),
        entry.get("local_usize", 0 if zero else usize), len(name), len(extra))
    part += name + extra + raw
    if entry.descriptor:
        truth = struct.pack("<IIII", 0x08074B50, crc, csize, usize)
        part += entry.get("descriptor_bytes", truth)
    return part + entry.get("after", b"")


def directory_record(entry, crc, csize, usize, start):
    """The record of an entry in the directory; `wide` moves its numbers to a zip64 field."""
    extra = entry.get("extra", b"")
    wide = entry.get("wide", False)
    if wide:
        extra += struct.pack("<HHQQQ", 1, 24, usize, csize, start)
    record = struct.pack(
        "<IHHHHIIIIHHHHHII", 0x02014B50, entry.get("creator", 20), 20, entry.flags, entry.method,
        0, crc, 0xFFFFFFFF if wide else entry.get("central_csize", csize),
        0xFFFFFFFF if wide else entry.get("central_usize", usize), len(entry.name), len(extra),
        0, 0, 0, entry.get("attributes", 0),
        0xFFFFFFFF if wide else entry.get("central_offset", start))
    return record + entry.name + extra


def entries_of(data, **kind):
    """The entries of a valid archive, to be written again with false fields."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    return [Entry(i.filename, archive.read(i), **kind) for i in archive.infolist()]
