"""What the convolutions of RoundWeights.mlir read: the worked examples of docs/numerics.md."""
import struct
import sys
import zipfile


def write(path, shape, rows):
    values = [x for row in rows for x in row]
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }" % "".join("%d, " % d for d in shape)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    data = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode()
    with zipfile.ZipFile(sys.argv[1] + "/" + path, "w") as archive:
        archive.writestr("conv.npy", data + struct.pack("<%df" % len(values), *values))


gptq = [[1, 1], [1, 0.8], [0.9, 1.2]]
adaround = [[1, 1, 1], [1, 0.9, 1.1], [0.9, 1.2, 1], [1.1, 1, 0.8]]
write("gptq.npz", [3, 1, 1, 1, 2], gptq)
write("adaround.npz", [4, 1, 1, 1, 3], adaround)
# Two groups: channels 0 and 1, 2 and 3. The second group's inputs do not depend on each other.
write("grouped.npz", [4, 1, 1, 1, 4], [row + other for row, other in zip(gptq + [gptq[0]], [[1, 0], [0, 1], [1, 0], [0, 1]])])
# Two pixels of two channels. Channel 0 is the example, channel 1 always 0 in its first pixel.
write("depthwise.npz", [3, 1, 1, 2, 2], [[a, 0, b, 1] for a, b in gptq])
write("nan.npz", [1, 1, 1, 1, 2], [[1, float("nan")]])
write("small.npz", [3, 1, 1, 1, 1], [[1], [2], [3]])
