"""Writes an .npz with an array `input` of f32 noise: random_pictures.py FILE DIM..."""
import random
import struct
import sys
import zipfile

path, dims = sys.argv[1], [int(d) for d in sys.argv[2:]]
count = 1
for dim in dims:
    count *= dim
source = random.Random(0)
header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }" % ", ".join(map(str, dims))
header += " " * (63 - (len(header) + 10) % 64) + "\n"
data = struct.pack("<%df" % count, *(source.gauss(0, 1) for _ in range(count)))
with zipfile.ZipFile(path, "w") as archive:
    archive.writestr("input.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)
