#!/usr/bin/env python3
"""Makes and rearranges .npz archives, without numpy.

  npz.py make OUT NAME=DTYPE:SHAPE:VALUE…   constant arrays (u1, i4, f4, f8);
                                            nan and inf stand in the middle of zeros
  npz.py ramp OUT NAME=SHAPE…               f32 arrays of values in [-1, 1]
  npz.py growing OUT NAME=SHAPE…            the same, smaller in earlier samples
  npz.py columns OUT NAME=SHAPE…            f32 arrays of the index along the last axis
  npz.py whole OUT NAME=DTYPE:SHAPE:MOST…   whole numbers from 0 to MOST
  npz.py take IN OUT ORDER                  samples in another order: reversed,
                                            shuffled, or FIRST:END
  npz.py join OUT IN…                       the arrays of all archives
"""
import random
import re
import struct
import sys
import zipfile

FORMATS = {"u1": "B", "i4": "i", "i8": "q", "f4": "f", "f8": "d"}


def npy(dtype, shape, data):
    descr = ("|" if dtype.endswith("1") else "<") + dtype
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (descr, "".join("%d, " % d for d in shape))
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + data


def parse(data):
    length = struct.unpack_from("<H", data, 8)[0]
    header = data[10 : 10 + length].decode()
    dtype = re.search(r"'descr': '[<|]?(\w+)'", header)[1]
    shape = [int(d) for d in re.findall(r"\d+", re.search(r"'shape': \(([^)]*)\)", header)[1])]
    return dtype, shape, data[10 + length :]


def count(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def sizes(text):
    return [int(d) for d in text.split("x")]


def make(arrays):
    for array in arrays:
        name, spec = array.split("=")
        dtype, shape, text = spec.split(":")
        shape = sizes(shape)
        value = float(text) if dtype[0] == "f" else int(text)
        values = [value] * count(shape)
        if text in ("nan", "inf", "-inf"):
            values = [0.0] * count(shape)
            values[len(values) // 2] = value
        yield name, npy(dtype, shape, struct.pack("<%d%s" % (len(values), FORMATS[dtype]), *values))


def ramp(arrays):
    for array in arrays:
        name, shape = array.split("=")
        shape = sizes(shape)
        values = [(i * 37 % 101) / 50 - 1 for i in range(count(shape))]
        yield name, npy("f4", shape, struct.pack("<%df" % len(values), *values))


def growing(arrays):
    for array in arrays:
        name, shape = array.split("=")
        shape = sizes(shape)
        size = count(shape[1:])
        values = [((i * 37 % 101) / 50 - 1) * (i // size + 1) / shape[0] for i in range(count(shape))]
        yield name, npy("f4", shape, struct.pack("<%df" % len(values), *values))


def columns(arrays):
    for array in arrays:
        name, shape = array.split("=")
        shape = sizes(shape)
        values = [i % shape[-1] for i in range(count(shape))]
        yield name, npy("f4", shape, struct.pack("<%df" % len(values), *values))


def whole(arrays):
    for array in arrays:
        name, spec = array.split("=")
        dtype, shape, most = spec.split(":")
        shape = sizes(shape)
        values = [i * 37 % 257 % (int(most) + 1) for i in range(count(shape))]
        yield name, npy(dtype, shape, struct.pack("<%d%s" % (len(values), FORMATS[dtype]), *values))


def take(path, order):
    archive = zipfile.ZipFile(path)
    for name in archive.namelist():
        dtype, shape, data = parse(archive.read(name))
        size = len(data) // shape[0]
        samples = list(range(shape[0]))
        if order == "shuffled":
            random.Random(1).shuffle(samples)
        elif order == "reversed":
            samples.reverse()
        else:
            first, end = order.split(":")
            samples = samples[int(first or 0) : int(end or shape[0])]
        data = b"".join(data[i * size : (i + 1) * size] for i in samples)
        yield name[: -len(".npy")], npy(dtype, [len(samples)] + shape[1:], data)


def join(paths):
    for path in paths:
        archive = zipfile.ZipFile(path)
        for name in archive.namelist():
            yield name[: -len(".npy")], archive.read(name)


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "take":
        output, arrays = arguments[1], take(arguments[0], arguments[2])
    else:
        commands = {"make": make, "ramp": ramp, "growing": growing, "columns": columns, "whole": whole, "join": join}
        output, arrays = arguments[0], commands[command](arguments[1:])
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in arrays:
            archive.writestr(name + ".npy", data)
