#!/usr/bin/env python3
"""Writes the fixtures of HDF5CheckpointTests: small HDF5 files, good ones and hostile ones.

    python3 Scripts/make_hdf5_fixtures.py Tests/HDF5CheckpointTests/Fixtures

Needs h5py (made with 3.16, HDF5 2.0) and numpy. `good/` holds files that must be read, and
`good/expected.json` what h5py reads from them (dtype, shape and the CRC-32 of the little-endian
bytes in row-major order); `bad/` holds files that must be refused, each with the error code that
the table in HostileFileTests.swift names. `damaged/` holds files with one false value in one
structure of the format, the places where libhdf5 has had its CVEs: the result depends on the
library's version, but it must be a named error or a plain success, in time. Running it twice gives the same
bytes.
"""

import sys

from hdf5_fixtures.bad import write_bad
from hdf5_fixtures.damaged import write_damaged
from hdf5_fixtures.good import write_good
from hdf5_fixtures.parts import Folder


def main():
    root = sys.argv[1]
    write_good(Folder(f"{root}/good"))
    write_bad(Folder(f"{root}/bad"))
    write_damaged(Folder(f"{root}/damaged"))


if __name__ == "__main__":
    main()
