#!/usr/bin/env python3
"""Writes convolutions of signs in the integer stage, one result for each: sign_layers.py CHANNELS.

Their input is a step of the network's input, or another table of -c and c. Some have borders wider than the kernel
needs, strides that do not divide, one magnitude for all channels or several, some of them 0.
"""
import random
import sys

from integer_stage import Body, array, print_module

CHANNELS = int(sys.argv[1])
H, W = 9, 11
# Output channels, kernel, stride, dilation, border (top, bottom, left, right), magnitudes of weights, table.
LAYERS = [
    (16, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), [1], "step"),
    (40, (3, 3), (2, 2), (1, 1), (1, 1, 1, 1), [1], "step"),
    (70, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0), [1], "step"),
    (5, (1, 1), (2, 2), (1, 1), (0, 0, 0, 0), [3, 0, 127], "fall"),
    (33, (5, 3), (1, 1), (1, 2), (4, 0, 2, 1), [1, 2], "late step"),
    (16, (3, 4), (3, 1), (2, 1), (0, 5, 0, 3), [1], "odd"),
    (10, (H, W), (1, 1), (1, 1), (0, 0, 0, 0), [1], "step"),
]
random.seed(CHANNELS)
body = Body()


def signs(x, kind):
    entries = {"step": [64 if code >= 3 else -64 for code in range(-128, 128)], "late step": [5 if code >= 127 else -5 for code in range(-128, 128)],
               "fall": [127 if code < -20 else -127 for code in range(-128, 128)], "odd": [1 if code % 2 else -1 for code in range(-128, 128)]}
    return body.emit("tosa.table", [x, body.constant(entries[kind], "i8")], "", x[1])


def convolution(x, out, kernel, stride, dilation, pad, magnitudes):
    pad, dims = list(pad), [x[1][0], 0, 0, out]
    for a in range(2):  # TOSA wants sizes that divide: the border behind is as large as that takes.
        free = x[1][1 + a] + pad[2 * a] + pad[2 * a + 1] - dilation[a] * (kernel[a] - 1) - 1
        pad[2 * a + 1] += -free % stride[a]
        dims[1 + a] = -(-free // stride[a]) + 1
    count = out * kernel[0] * kernel[1] * x[1][3]
    weights = [magnitudes[i * out // count % len(magnitudes)] * random.choice((-1, 1)) for i in range(count)]
    operands = [x, body.constant(weights, "i8", [out, *kernel, x[1][3]]), body.constant([random.randint(-9999, 9999) for _ in range(out)], "i32"),
                body.constant([0], "i8"), body.constant([0], "i8")]
    return body.emit("tosa.conv2d", operands, f"acc_type = i32, pad = {array(pad)}, stride = {array(stride)}, dilation = {array(dilation)}", dims, "i32")


def requantize(x):
    return body.rescale(x, "i8", 1 << 30, 37, 0, -3)


x = ("%x", [1, H, W, CHANNELS], "i8")
tables = {kind: signs(x, kind) for kind in ("step", "late step", "fall", "odd")}
results = [requantize(convolution(tables[kind], *layer)) for *layer, kind in LAYERS]
# One behind the other, each with a border; the codes of the first are read as codes too.
y = requantize(convolution(tables["step"], 64, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), [1]))
z = requantize(convolution(signs(y, "step"), 48, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), [1]))
results += [y, z]
print_module(x[1], [(name, dims) for name, dims, _ in results], body.lines, 0.0078125)
