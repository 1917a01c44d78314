#!/usr/bin/env python3
"""Writes layers without weights in the integer stage, their results one after the other: code_layers.py CHANNELS."""
import random
import sys

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
body, results = [], []


def tensor(dims, element="i8"):
    return "tensor<" + "".join(f"{d}x" for d in dims) + element + ">"


def product(dims):
    n = 1
    for d in dims:
        n *= d
    return n


def emit(op, operands, attributes, dims, element="i8", types=None):
    name = f"%{len(body)}"
    types = types or ", ".join(tensor(d, e) for _, d, e in operands)
    body.append(f"  {name} = {op} {', '.join(n for n, *_ in operands)} {{{attributes}}} : ({types}) -> {tensor(dims, element)}")
    return name, dims, element


def constant(values, element):
    name, width = f"%{len(body)}", {"i8": 1, "i32": 4}[element]
    data = b"".join(v.to_bytes(width, "little", signed=True) for v in values).hex()
    body.append(f'  {name} = "tosa.const"() <{{values = dense<"0x{data}"> : {tensor([len(values)], element)}}}> : () -> {tensor([len(values)], element)}')
    return name, [len(values)], element


def shape(dims):
    name = f"%{len(body)}"
    body.append(f"  {name} = tosa.const_shape {{values = dense<{dims}> : tensor<{len(dims)}xindex>}} : () -> !tosa.shape<{len(dims)}>")
    return name


def rescale(x, element, multiplier, shift, zero_in, zero_out):
    operands = [x, constant([multiplier], "i32"), constant([shift], "i8"), constant([zero_in], x[2]), constant([zero_out], element)]
    return emit("tosa.rescale", operands, "rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false", x[1], element)


def clamp(x, low, high):
    return emit("tosa.clamp", [x], f"min_val = {low} : i8, max_val = {high} : i8", x[1])


def table(x):
    return emit("tosa.table", [x, constant([random.randint(-128, 127) for _ in range(256)], "i8")], "", x[1])


def pool(x, kernel, stride, pad):
    pads, dims = [], [x[1][0]]
    for axis in range(2):
        size, before, after = x[1][1 + axis], pad[axis], pad[axis]
        after -= (size + before + after - kernel[axis]) % stride[axis]
        if after < 0:
            after += stride[axis]
        pads += [before, after]
        dims.append((size + before + after - kernel[axis]) // stride[axis] + 1)
    array = lambda values: "array<i64: " + ", ".join(map(str, values)) + ">"
    return emit("tosa.max_pool2d", [x], f"kernel = {array(kernel)}, stride = {array(stride)}, pad = {array(pads)}", dims + [x[1][3]])


def total(x, axes, zero):
    """The average over axes, two quanta a unit."""
    y, count = rescale(x, "i32", 1 << 30, 30, zero, 0), 1
    for axis in axes:
        count *= x[1][axis]
        y = emit("tosa.reduce_sum", [y], f"axis = {axis} : i32", [1 if i == axis else d for i, d in enumerate(y[1])], "i32")
    return rescale(y, "i8", (1 << 38) // count >> 8, 29, 0, -9)


def add(op, x, y, first, second, k, zero):
    terms = []
    for value, (factor, z) in ((x, first), (y, second)):
        shift = 10 if factor < 1 << 21 else 2
        terms.append(rescale(value, "i32", factor << shift, shift, z, 0))
    return rescale(emit(f"tosa.{op}", terms, "", x[1], "i32"), "i8", 1 << (23 if k == 16 else 7), 39 if k == 16 else k + 7, 0, zero)


def transpose(x, perms):
    return emit("tosa.transpose", [x], "perms = array<i32: " + ", ".join(map(str, perms)) + ">", [x[1][p] for p in perms])


def depthwise(x):
    """3x3 on a border."""
    c = x[1][3]
    data = bytes(random.randint(0, 255) for _ in range(9 * c)).hex()
    weight = f"%{len(body)}"
    body.append(f'  {weight} = "tosa.const"() <{{values = dense<"0x{data}"> : {tensor([3, 3, c, 1])}}}> : () -> {tensor([3, 3, c, 1])}')
    operands = [x, (weight, [3, 3, c, 1], "i8"), constant([0] * c, "i32"), constant([-5], "i8"), constant([0], "i8")]
    accumulators = emit("tosa.depthwise_conv2d", operands, "acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>", x[1], "i32")
    return rescale(accumulators, "i8", 1518500250, 39, 0, -5)


x = ("%x", [1, H, W, CHANNELS], "i8")
y = pool(x, (3, 3), (1, 1), (1, 1))
curve = table(y)
results += [clamp(table(curve), -77, 101), clamp(x, -5, 90)]
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
    n = product(value[1])
    dims = shape([1, n])
    name = f"%{len(body)}"
    body.append(f"  {name} = tosa.reshape {value[0]}, {dims} : ({tensor(value[1])}, !tosa.shape<2>) -> {tensor([1, n])}")
    flat.append((name, [1, n], "i8"))
size = sum(v[1][1] for v in flat)
last = emit("tosa.concat", flat, "axis = 1 : i32", [1, size])
codes, image, line = "!quant.uniform<i8:f32, 0.0078125:-5>", x[1], [1, size]
print(f"""func.func private @quantize_inputs(%x: {tensor(image, "f32")}) -> {tensor(image)} {{
  %0 = narrow.quantize %x : {tensor(image, "f32")} to {tensor(image, codes)}
  %1 = quant.scast %0 : {tensor(image, codes)} to {tensor(image)}
  return %1 : {tensor(image)}
}}
func.func private @network(%x: {tensor(image)} {{narrow.type = {codes}}}) -> ({tensor(line)} {{narrow.type = {codes}}}) {{
{chr(10).join(body)}
  return {last[0]} : {tensor(line)}
}}
func.func private @dequantize_outputs(%y: {tensor(line)}) -> {tensor(line, "f32")} {{
  %0 = quant.scast %y : {tensor(line)} to {tensor(line, codes)}
  %1 = narrow.dequantize %0 : {tensor(line, codes)} to {tensor(line, "f32")}
  return %1 : {tensor(line, "f32")}
}}
func.func @main(%x: {tensor(image, "f32")} {{narrow.name = "x"}}) -> ({tensor(line, "f32")} {{narrow.name = "y"}}) {{
  %0 = call @quantize_inputs(%x) : ({tensor(image, "f32")}) -> {tensor(image)}
  %1 = call @network(%0) : ({tensor(image)}) -> {tensor(line)}
  %2 = call @dequantize_outputs(%1) : ({tensor(line)}) -> {tensor(line, "f32")}
  return %2 : {tensor(line, "f32")}
}}""")
