#!/usr/bin/env python3
"""Writes a chain of depthwise convolutions in the integer stage: depthwise_chain.py CHANNELS."""
import random
import sys

from integer_stage import dense, pad, print_module, tensor

CHANNELS = int(sys.argv[1])
# Kernel, stride and dilation in rows and columns: with and without overlap of neighbouring outputs,
# more and fewer rows than one dot product takes, a column that several outputs share.
STEPS = [((1, 1), (1, 1), (1, 1)), ((3, 3), (1, 1), (1, 1)), ((5, 5), (1, 1), (1, 1)), ((3, 1), (1, 1), (1, 1)),
         ((1, 7), (1, 1), (1, 1)), ((3, 3), (1, 1), (2, 2)), ((9, 4), (1, 1), (1, 1)), ((5, 5), (2, 2), (1, 1)),
         ((3, 3), (1, 2), (2, 1)), ((7, 7), (3, 3), (1, 1)), ((2, 2), (2, 2), (1, 1)), ((1, 1), (1, 2), (1, 1))]
random.seed(CHANNELS)


size, value, body = (37, 41), "%x", []
for i, (kernel, stride, dilation) in enumerate(STEPS):
    taps = kernel[0] * kernel[1] * CHANNELS
    pads, result = pad(size, kernel, stride, dilation)
    x, acc, y = (tensor([1, *s, CHANNELS], e) for s, e in ((size, "i8"), (result, "i32"), (result, "i8")))
    weight, bias = tensor([*kernel, CHANNELS, 1], "i8"), tensor([CHANNELS], "i32")
    body.append(f"""  %w{i} = {dense([random.randint(-127, 127) for _ in range(taps)], [*kernel, CHANNELS, 1], "i8")}
  %b{i} = {dense([random.randint(-9999, 9999) for _ in range(CHANNELS)], [CHANNELS], "i32")}
  %m{i} = {dense([random.randint(1 << 30, (1 << 31) - 1) for _ in range(CHANNELS)], [CHANNELS], "i32")}
  %s{i} = {dense([random.randint(36, 39) for _ in range(CHANNELS)], [CHANNELS], "i8")}
  %a{i} = tosa.depthwise_conv2d {value}, %w{i}, %b{i}, %xz, %z8 {{acc_type = i32, pad = array<i64: {", ".join(map(str, pads))}>, stride = array<i64: {stride[0]}, {stride[1]}>, dilation = array<i64: {dilation[0]}, {dilation[1]}>}} : ({x}, {weight}, {bias}, tensor<1xi8>, tensor<1xi8>) -> {acc}
  %y{i} = tosa.rescale %a{i}, %m{i}, %s{i}, %z32, %xz {{rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = true, input_unsigned = false, output_unsigned = false, narrow.id = "step{i}"}} : ({acc}, {bias}, {tensor([CHANNELS], "i8")}, tensor<1xi32>, tensor<1xi8>) -> {y}""")
    size, value = result, f"%y{i}"

constants = (("xz", -5, "i8"), ("z8", 0, "i8"), ("z32", 0, "i32"))
print_module([1, 37, 41, CHANNELS], [(value, [1, *size, CHANNELS])], [f"  %{name} = {dense([number], [1], element)}" for name, number, element in constants] + body, 0.0125)
