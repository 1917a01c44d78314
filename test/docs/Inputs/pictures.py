"""Writes pictures of a data set (.npz, u8) as raw bytes, and their labels.

usage: pictures.py <file.npz> <array> <first> <count> <folder>
Writes <folder>/<i>.raw of sample i and prints "<i>.raw: <label>". Needs no numpy.
"""
import ast
import sys
import zipfile


def read_array(archive, name):
    data = archive.read(name + ".npy")
    assert data[:6] == b"\x93NUMPY" and data[6] == 1, "not a .npy file of version 1"
    end = 10 + int.from_bytes(data[8:10], "little")
    header = ast.literal_eval(data[10:end].decode())
    assert not header["fortran_order"]
    return header["descr"], header["shape"], data[end:]


path, name, first, count, folder = sys.argv[1:]
archive = zipfile.ZipFile(path)
descr, shape, pixels = read_array(archive, name)
assert descr == "|u1", descr
size = len(pixels) // shape[0]
label_type, _, labels = read_array(archive, "labels")
width = int(label_type[2:])
for i in range(int(first), int(first) + int(count)):
    with open(f"{folder}/{i}.raw", "wb") as file:
        file.write(pixels[i * size : (i + 1) * size])
    print(f"{i}.raw:", int.from_bytes(labels[i * width : (i + 1) * width], "little"))
