"""Writes pictures.f32 and expected.f32: arrays.py DATA.npz MEAN STD COUNT EXPECTED.npz. The array `input` holds bytes,
of pixels; a first array of f32 is taken as it is."""
import ast
import struct
import sys
import zipfile


def load(path, name=None):
    """Bytes, shape and type of an array of an .npz file."""
    with zipfile.ZipFile(path) as archive:
        entry = name + ".npy" if name else archive.namelist()[0]
        data = archive.read(entry)
    (length,) = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10 : 10 + length].decode())
    return data[10 + length :], header["shape"], header["descr"]


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


data, mean, std, count, expected = sys.argv[1], f32(float(sys.argv[2])), f32(float(sys.argv[3])), int(sys.argv[4]), sys.argv[5]
codes, shape, element = load(data)
with open("pictures.f32", "wb") as out:
    if element == "<f4":
        out.write(codes)
    else:
        codes, shape, _ = load(data, "input")
        size = len(codes) // shape[0]
        # One rounding to f32 a step, as the tools do.
        values = {code: f32(f32(f32(code / 255.0) - mean) / std) for code in range(256)}
        out.write(struct.pack("<%df" % (count * size), *(values[c] for c in codes[: count * size])))
with open("expected.f32", "wb") as out:
    out.write(load(expected)[0])
