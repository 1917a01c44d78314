"""bytes.py FILE DIM…: an archive of one u8 array 'x' that has every value."""
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "Inputs"))
from npz import count, npy

shape = [int(dim) for dim in sys.argv[2:]]
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("x.npy", npy("u1", shape, bytes(i * 37 % 256 for i in range(count(shape)))))
