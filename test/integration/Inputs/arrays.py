"""Writes pictures.f32 and expected.f32: arrays.py DATA.npz MEAN STD COUNT EXPECTED.npz."""
import ast
import struct
import sys
import zipfile


def load(path, name=None):
    """Bytes and shape of an array of an .npz file."""
    with zipfile.ZipFile(path) as archive:
        entry = name + ".npy" if name else archive.namelist()[0]
        data = archive.read(entry)
    (length,) = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10 : 10 + length].decode())
    return data[10 + length :], header["shape"]


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


data, mean, std, count, expected = sys.argv[1], f32(float(sys.argv[2])), f32(float(sys.argv[3])), int(sys.argv[4]), sys.argv[5]
codes, shape = load(data, "input")
size = len(codes) // shape[0]
# One rounding to f32 a step, as the tools do.
values = {code: f32(f32(f32(code / 255.0) - mean) / std) for code in range(256)}
with open("pictures.f32", "wb") as out:
    out.write(struct.pack("<%df" % (count * size), *(values[c] for c in codes[: count * size])))
results, _ = load(expected)
with open("expected.f32", "wb") as out:
    out.write(results)
