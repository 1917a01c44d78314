"""large-npz.py FOLDER: stored.npz, 250 samples (1 GB) that are zero but for the first 16,
in a sparse file; deflated.npz, those 16."""
import os
import struct
import sys
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(__file__))
from npz import npy

folder = sys.argv[1]
sample = struct.pack("<f", 0.5) + bytes(4 * 1024 * 1024 - 4)


def header(samples):
    return npy("f4", [samples, 1024, 1024], b"")


with zipfile.ZipFile(f"{folder}/deflated.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
    with archive.open("x.npy", "w", force_zip64=True) as member:
        member.write(header(16))
        for _ in range(16):
            member.write(sample)

# Without its checksum, which is compared only when the whole member was read.
samples = 250
size = len(header(samples)) + samples * len(sample)
fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, 0, size, size, len("x.npy"), 0)
with open(f"{folder}/stored.npz", "wb") as file:
    file.write(b"PK\3\4" + fields + b"x.npy" + header(samples))
    start = file.tell()
    for i in range(16):
        file.seek(start + i * len(sample))
        file.write(sample[:4])
    file.seek(start + samples * len(sample))
    directory = file.tell()
    file.write(b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"x.npy")
    length = file.tell() - directory
    file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, length, directory, 0))
