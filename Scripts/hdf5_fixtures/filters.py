"""Chunks whose filters are declared falsely."""

import struct
import zlib

from hdf5_fixtures.parts import WEIGHTS, low_level, numbers


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


def broken_checksum(data):
    start = data.index(WEIGHTS["image_encoder.trunk.bias"].tobytes())
    return data[:start] + bytes([data[start] ^ 1]) + data[start + 1:]


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
