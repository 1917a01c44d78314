#!/usr/bin/env python3
"""Writes a chain of convolutions in the integer stage whose sizes fill tile registers
in all ways, and some in none: rows of one piece, of several, of pieces that overlap; odd
numbers of rows; runs of codes of one and several steps; channels that end within a vector."""
import math
import random

from integer_stage import dense, pad, print_module, tensor

# Kernel, stride, dilation, channels, and whether the input is added to the result.
STEPS = [((3, 3), (1, 1), (1, 1), 48, False), ((1, 1), (1, 1), (1, 1), 33, False), ((3, 3), (1, 1), (1, 1), 64, False),
         ((3, 3), (2, 2), (1, 1), 64, False), ((3, 3), (1, 1), (2, 2), 40, False), ((1, 1), (1, 1), (1, 1), 24, False),
         ((3, 3), (1, 1), (1, 1), 24, True), ((5, 5), (1, 2), (1, 1), 64, False), ((1, 1), (1, 1), (1, 1), 64, True),
         ((3, 3), (3, 3), (1, 1), 16, False), ((2, 2), (2, 2), (1, 1), 8, False)]
random.seed(1)


def rescale(result, value, factors, points, types):
    per_channel = "true" if factors[2] > 1 else "false"
    m, s = tensor([factors[2]], "i32"), tensor([factors[2]], "i8")
    zero_in, zero_out = (f"tensor<1x{t}>" for t in types[2:])
    return (f"  {result} = tosa.rescale {value}, {factors[0]}, {factors[1]}, {points[0]}, {points[1]} {{rounding_mode = SINGLE_ROUND, "
            f'scale32 = true, per_channel = {per_channel}, input_unsigned = false, output_unsigned = false, narrow.id = "{result[1:]}"}} : '
            f"({types[0]}, {m}, {s}, {zero_in}, {zero_out}) -> {types[1]}")


size, inputs, value, body = (33, 37), 32, "%x", []
for i, (kernel, stride, dilation, channels, adds) in enumerate(STEPS):
    taps = kernel[0] * kernel[1] * inputs
    pads, result = pad(size, kernel, stride, dilation)
    x, acc, y = (tensor([1, *s, c], e) for s, c, e in ((size, inputs, "i8"), (result, channels, "i32"), (result, channels, "i8")))
    weight, bias = tensor([channels, *kernel, inputs], "i8"), tensor([channels], "i32")
    # With an addition codes have eight bits more.
    shift = 36 + round(math.log2(taps / 4) / 2) - (8 if adds else 0)
    body.append(f"""  %w{i} = {dense([random.randint(-127, 127) for _ in range(channels * taps)], [channels, *kernel, inputs], "i8")}
  %b{i} = {dense([random.randint(-9999, 9999) for _ in range(channels)], [channels], "i32")}
  %m{i} = {dense([random.randint(1 << 30, (1 << 31) - 1) for _ in range(channels)], [channels], "i32")}
  %s{i} = {dense([random.randint(shift, shift + 2) for _ in range(channels)], [channels], "i8")}
  %a{i} = tosa.conv2d {value}, %w{i}, %b{i}, %xz, %z8 {{acc_type = i32, pad = array<i64: {", ".join(map(str, pads))}>, stride = array<i64: {stride[0]}, {stride[1]}>, dilation = array<i64: {dilation[0]}, {dilation[1]}>}} : ({x}, {weight}, {bias}, tensor<1xi8>, tensor<1xi8>) -> {acc}""")
    factors = (f"%m{i}", f"%s{i}", channels)
    if adds:
        body.append(rescale(f"%p{i}", f"%a{i}", factors, ("%z32", "%z32"), (acc, acc, "i32", "i32")))
        body.append(rescale(f"%q{i}", value, ("%one", "%up", 1), ("%xz", "%z32"), (x, acc, "i8", "i32")))
        body.append(f"  %r{i} = tosa.add %p{i}, %q{i} : ({acc}, {acc}) -> {acc}")
        body.append(rescale(f"%y{i}", f"%r{i}", ("%one", "%down", 1), ("%z32", "%xz"), (acc, y, "i32", "i8")))
    else:
        body.append(rescale(f"%y{i}", f"%a{i}", factors, ("%z32", "%xz"), (acc, y, "i32", "i8")))
    size, inputs, value = result, channels, f"%y{i}"

constants = (("xz", -5, "i8"), ("z8", 0, "i8"), ("z32", 0, "i32"), ("one", 1 << 30, "i32"), ("up", 22, "i8"), ("down", 39, "i8"))
print_module([1, 33, 37, 32], [(value, [1, *size, inputs])], [f"  %{name} = {dense([number], [1], element)}" for name, number, element in constants] + body, 0.0125)
