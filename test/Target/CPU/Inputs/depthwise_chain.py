#!/usr/bin/env python3
"""Writes a chain of depthwise convolutions in the integer stage: depthwise_chain.py CHANNELS."""
import random
import sys

CHANNELS = int(sys.argv[1])
# Kernel, stride and dilation in rows and columns: with and without overlap of neighbouring outputs,
# more and fewer rows than one dot product takes, a column that several outputs share.
STEPS = [((1, 1), (1, 1), (1, 1)), ((3, 3), (1, 1), (1, 1)), ((5, 5), (1, 1), (1, 1)), ((3, 1), (1, 1), (1, 1)),
         ((1, 7), (1, 1), (1, 1)), ((3, 3), (1, 1), (2, 2)), ((9, 4), (1, 1), (1, 1)), ((5, 5), (2, 2), (1, 1)),
         ((3, 3), (1, 2), (2, 1)), ((7, 7), (3, 3), (1, 1)), ((2, 2), (2, 2), (1, 1)), ((1, 1), (1, 2), (1, 1))]
random.seed(CHANNELS)


def tensor(dims, element):
    return "tensor<" + "".join(f"{d}x" for d in dims) + element + ">"


def dense(values, dims, element, width):
    data = b"".join(v.to_bytes(width, "little", signed=True) for v in values)
    return f'"tosa.const"() <{{values = dense<"0x{data.hex()}"> : {tensor(dims, element)}}}> : () -> {tensor(dims, element)}'


size, value, body = (37, 41), "%x", []
for i, (kernel, stride, dilation) in enumerate(STEPS):
    taps = kernel[0] * kernel[1] * CHANNELS
    pads, result = [], []
    for axis in range(2):
        reach = dilation[axis] * (kernel[axis] - 1)
        before, after = reach // 2, reach - reach // 2
        after += -(size[axis] + before + after - 1 - reach) % stride[axis]
        pads += [before, after]
        result.append((size[axis] + before + after - 1 - reach) // stride[axis] + 1)
    x, acc, y = (tensor([1, *s, CHANNELS], e) for s, e in ((size, "i8"), (result, "i32"), (result, "i8")))
    weight, bias = tensor([*kernel, CHANNELS, 1], "i8"), tensor([CHANNELS], "i32")
    body.append(f"""  %w{i} = {dense([random.randint(-127, 127) for _ in range(taps)], [*kernel, CHANNELS, 1], "i8", 1)}
  %b{i} = {dense([random.randint(-9999, 9999) for _ in range(CHANNELS)], [CHANNELS], "i32", 4)}
  %m{i} = {dense([random.randint(1 << 30, (1 << 31) - 1) for _ in range(CHANNELS)], [CHANNELS], "i32", 4)}
  %s{i} = {dense([random.randint(36, 39) for _ in range(CHANNELS)], [CHANNELS], "i8", 1)}
  %a{i} = tosa.depthwise_conv2d {value}, %w{i}, %b{i}, %xz, %z8 {{acc_type = i32, pad = array<i64: {", ".join(map(str, pads))}>, stride = array<i64: {stride[0]}, {stride[1]}>, dilation = array<i64: {dilation[0]}, {dilation[1]}>}} : ({x}, {weight}, {bias}, tensor<1xi8>, tensor<1xi8>) -> {acc}
  %y{i} = tosa.rescale %a{i}, %m{i}, %s{i}, %z32, %xz {{rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = true, input_unsigned = false, output_unsigned = false, narrow.id = "step{i}"}} : ({acc}, {bias}, {tensor([CHANNELS], "i8")}, tensor<1xi32>, tensor<1xi8>) -> {y}""")
    size, value = result, f"%y{i}"

codes = "!quant.uniform<i8:f32, 0.0125:-5>"
x, y = ([1, 37, 41, CHANNELS], [1, *size, CHANNELS])
print(f"""func.func private @quantize_inputs(%x: {tensor(x, "f32")}) -> {tensor(x, "i8")} {{
  %0 = narrow.quantize %x : {tensor(x, "f32")} to {tensor(x, codes)}
  %1 = quant.scast %0 : {tensor(x, codes)} to {tensor(x, "i8")}
  return %1 : {tensor(x, "i8")}
}}
func.func private @network(%x: {tensor(x, "i8")} {{narrow.type = {codes}}}) -> ({tensor(y, "i8")} {{narrow.type = {codes}}}) {{
  %xz = "tosa.const"() <{{values = dense<-5> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{{values = dense<0> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{{values = dense<0> : tensor<1xi32>}}> : () -> tensor<1xi32>
{chr(10).join(body)}
  return {value} : {tensor(y, "i8")}
}}
func.func private @dequantize_outputs(%y: {tensor(y, "i8")}) -> {tensor(y, "f32")} {{
  %0 = quant.scast %y : {tensor(y, "i8")} to {tensor(y, codes)}
  %1 = narrow.dequantize %0 : {tensor(y, codes)} to {tensor(y, "f32")}
  return %1 : {tensor(y, "f32")}
}}
func.func @main(%x: {tensor(x, "f32")} {{narrow.name = "x"}}) -> ({tensor(y, "f32")} {{narrow.name = "y"}}) {{
  %0 = call @quantize_inputs(%x) : ({tensor(x, "f32")}) -> {tensor(x, "i8")}
  %1 = call @network(%0) : ({tensor(x, "i8")}) -> {tensor(y, "i8")}
  %2 = call @dequantize_outputs(%1) : ({tensor(y, "i8")}) -> {tensor(y, "f32")}
  return %2 : {tensor(y, "f32")}
}}""")
