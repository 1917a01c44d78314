#!/usr/bin/env python3
"""Writes layers without weights in the integer stage, their results one after the other: code_layers.py CHANNELS."""
import math
import random
import sys

from integer_stage import Body, array, print_module, tensor

CHANNELS = int(sys.argv[1])
H, W = 17, 19
# op, factor and zero point of each operand, k of the result's factor 2^-k, zero point. Factors with and without
# more than 15 bits, sums beyond what 16-bit lanes hold.
SUMS = [("add", (21845, -5), (54613, 3), 16, -5), ("add", (32767, -128), (32768, 127), 16, 0), ("sub", (65535, 0), (65536, -128), 16, 127),
        ("add", (98304, -128), (3, 0), 16, -128), ("sub", (700, 5), (1400, -7), 10, 1), ("add", (1, 0), (1, 0), 1, 0),
        ("sub", (3000000, 1), (3000000, 0), 16, 0), ("add", (5000000, 0), (1, 0), 16, 0), ("add", (8400000, 0), (1, 0), 16, 0)]
# Kernel, stride, border before and after.
POOLS = [((3, 3), (2, 2), (1, 1)), ((2, 2), (1, 1), (0, 0)), ((5, 3), (3, 2), (2, 1)), ((7, 7), (1, 1), (3, 3)), ((1, 4), (1, 1), (0, 3)), ((H, W), (1, 1), (0, 0))]
random.seed(CHANNELS)
body = Body()


def clamp(x, low, high):
    return body.emit("tosa.clamp", [x], f"min_val = {low} : i8, max_val = {high} : i8", x[1])


def table(x):
    return body.emit("tosa.table", [x, body.constant([random.randint(-128, 127) for _ in range(256)], "i8")], "", x[1])


def pool(x, kernel, stride, pad):
    pads, dims = [], [x[1][0]]
    for axis in range(2):
        size, before, after = x[1][1 + axis], pad[axis], pad[axis]
        after -= (size + before + after - kernel[axis]) % stride[axis]
        if after < 0:
            after += stride[axis]
        pads += [before, after]
        dims.append((size + before + after - kernel[axis]) // stride[axis] + 1)
    return body.emit("tosa.max_pool2d", [x], f"kernel = {array(kernel)}, stride = {array(stride)}, pad = {array(pads)}", dims + [x[1][3]])


def total(x, axes, zero):
    """The average over axes, two quanta a unit."""
    y, count = body.rescale(x, "i32", 1 << 30, 30, zero, 0), 1
    for axis in axes:
        count *= x[1][axis]
        y = body.emit("tosa.reduce_sum", [y], f"axis = {axis} : i32", [1 if i == axis else d for i, d in enumerate(y[1])], "i32")
    return body.rescale(y, "i8", (1 << 38) // count >> 8, 29, 0, -9)


def add(op, x, y, first, second, k, zero):
    terms = []
    for value, (factor, z) in ((x, first), (y, second)):
        shift = 10 if factor < 1 << 21 else 2
        terms.append(body.rescale(value, "i32", factor << shift, shift, z, 0))
    return body.rescale(body.emit(f"tosa.{op}", terms, "", x[1], "i32"), "i8", 1 << (23 if k == 16 else 7), 39 if k == 16 else k + 7, 0, zero)


def transpose(x, perms):
    return body.emit("tosa.transpose", [x], f"perms = {array(perms, 'i32')}", [x[1][p] for p in perms])


def depthwise(x):
    """3x3 on a border."""
    c = x[1][3]
    weight = body.constant([random.randint(0, 255) - 128 for _ in range(9 * c)], "i8", [3, 3, c, 1])
    operands = [x, weight, body.constant([0] * c, "i32"), body.constant([-5], "i8"), body.constant([0], "i8")]
    accumulators = body.emit("tosa.depthwise_conv2d", operands, "acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>", x[1], "i32")
    return body.rescale(accumulators, "i8", 1518500250, 39, 0, -5)


x = ("%x", [1, H, W, CHANNELS], "i8")
y = pool(x, (3, 3), (1, 1), (1, 1))
curve = table(y)
results = [clamp(table(curve), -77, 101), clamp(x, -5, 90)]
results += [pool(x, *window) for window in POOLS]
results.append(clamp(pool(curve, (3, 3), (2, 2), (1, 1)), -100, 50))
results += [clamp(add(op, x, curve, *scales), -128, 100) if i % 2 else add(op, x, curve, *scales) for i, (op, *scales) in enumerate(SUMS)]
results += [total(x, [1, 2], -5), total(results[2], [1, 2], 7), total(results[0], [2], 0), total(curve, [1], 127)]
planes = transpose(x, [0, 3, 1, 2])
results += [planes, transpose(x, [0, 2, 1, 3]), transpose(x, [0, 3, 2, 1]), transpose(table(planes), [0, 2, 3, 1]), transpose(table(planes), [0, 3, 2, 1])]
# What these read has a border.
planes_back = transpose(planes, [0, 2, 3, 1])
bordered = [results[2], transpose(table(planes), [0, 3, 2, 1]), results[9]]
results += [depthwise(value) for value in bordered] + [table(clamp(depthwise(bordered[0]), -90, 127)), table(depthwise(x)), table(total(x, [1, 2], -5)), total(table(planes_back), [1, 2], 3), total(pool(table(x), *POOLS[0]), [2], 3), total(bordered[0], [1, 2], -5), transpose(bordered[1], [0, 3, 1, 2]), pool(bordered[2], *POOLS[0])]

flat = []
for value in results:
    line = [1, math.prod(value[1])]
    dims, *_ = body.define(f"tosa.const_shape {{values = dense<{line}> : tensor<2xindex>}} : () -> !tosa.shape<2>", line)
    flat.append(body.define(f"tosa.reshape {value[0]}, {dims} : ({tensor(value[1])}, !tosa.shape<2>) -> {tensor(line)}", line))
size = sum(v[1][1] for v in flat)
last = body.emit("tosa.concat", flat, "axis = 1 : i32", [1, size])
print_module(x[1], [last[:2]], body.lines, 0.0078125)
