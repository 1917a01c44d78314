#!/usr/bin/env python3
"""Writes convolutions of signs in the integer stage, one result for each: sign_layers.py CHANNELS.

Their input is a step of the network's input, or another table of -c and c. Some have borders wider than the kernel
needs, strides that do not divide, one magnitude for all channels or several, some of them 0.
"""
import random
import sys

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
body, results = [], []


def tensor(dims, element="i8"):
    return "tensor<" + "".join(f"{d}x" for d in dims) + element + ">"


def constant(values, dims, element):
    name, width = f"%{len(body)}", {"i8": 1, "i32": 4}[element]
    data = b"".join(v.to_bytes(width, "little", signed=True) for v in values).hex()
    body.append(f'  {name} = "tosa.const"() <{{values = dense<"0x{data}"> : {tensor(dims, element)}}}> : () -> {tensor(dims, element)}')
    return name, dims, element


def emit(op, operands, attributes, dims, element="i8"):
    name = f"%{len(body)}"
    types = ", ".join(tensor(d, e) for _, d, e in operands)
    body.append(f"  {name} = {op} {', '.join(n for n, *_ in operands)} {{{attributes}}} : ({types}) -> {tensor(dims, element)}")
    return name, dims, element


def array(values):
    return "array<i64: " + ", ".join(map(str, values)) + ">"


def signs(x, kind):
    entries = {"step": [64 if code >= 3 else -64 for code in range(-128, 128)], "late step": [5 if code >= 127 else -5 for code in range(-128, 128)],
               "fall": [127 if code < -20 else -127 for code in range(-128, 128)], "odd": [1 if code % 2 else -1 for code in range(-128, 128)]}
    return emit("tosa.table", [x, constant(entries[kind], [256], "i8")], "", x[1])


def convolution(x, out, kernel, stride, dilation, pad, magnitudes):
    pad, dims = list(pad), [x[1][0], 0, 0, out]
    for a in range(2):  # TOSA wants sizes that divide: the border behind is as large as that takes.
        free = x[1][1 + a] + pad[2 * a] + pad[2 * a + 1] - dilation[a] * (kernel[a] - 1) - 1
        pad[2 * a + 1] += -free % stride[a]
        dims[1 + a] = -(-free // stride[a]) + 1
    count = out * kernel[0] * kernel[1] * x[1][3]
    weights = [magnitudes[i * out // count % len(magnitudes)] * random.choice((-1, 1)) for i in range(count)]
    operands = [x, constant(weights, [out, *kernel, x[1][3]], "i8"), constant([random.randint(-9999, 9999) for _ in range(out)], [out], "i32"),
                constant([0], [1], "i8"), constant([0], [1], "i8")]
    return emit("tosa.conv2d", operands, f"acc_type = i32, pad = {array(pad)}, stride = {array(stride)}, dilation = {array(dilation)}", dims, "i32")


def requantize(x):
    operands = [x, constant([1 << 30], [1], "i32"), constant([37], [1], "i8"), constant([0], [1], "i32"), constant([-3], [1], "i8")]
    return emit("tosa.rescale", operands, "rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false",
                x[1])


x = ("%x", [1, H, W, CHANNELS], "i8")
tables = {kind: signs(x, kind) for kind in ("step", "late step", "fall", "odd")}
results += [requantize(convolution(tables[kind], *layer)) for *layer, kind in LAYERS]
# One behind the other, each with a border; the codes of the first are read as codes too.
y = requantize(convolution(tables["step"], 64, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), [1]))
z = requantize(convolution(signs(y, "step"), 48, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), [1]))
results += [y, z]


def signature(element):
    return ", ".join(tensor(d, element) for _, d, _ in results)


codes = "!quant.uniform<i8:f32, 0.0078125:-5>"
typed = ", ".join(f"{tensor(d)} {{narrow.type = {codes}}}" for _, d, _ in results)
print(f"""func.func private @quantize_inputs(%x: {tensor(x[1], "f32")}) -> {tensor(x[1])} {{
  %0 = narrow.quantize %x : {tensor(x[1], "f32")} to {tensor(x[1], codes)}
  %1 = quant.scast %0 : {tensor(x[1], codes)} to {tensor(x[1])}
  return %1 : {tensor(x[1])}
}}
func.func private @network(%x: {tensor(x[1])} {{narrow.type = {codes}}}) -> ({typed}) {{""")
print("\n".join(body))
print(f"  return {', '.join(n for n, *_ in results)} : {signature('i8')}\n}}")
print(f"func.func private @dequantize_outputs({', '.join(f'%y{i}: {tensor(d)}' for i, (_, d, _) in enumerate(results))}) -> ({signature('f32')}) {{")
for i, (_, d, _) in enumerate(results):
    print(f"  %c{i} = quant.scast %y{i} : {tensor(d)} to {tensor(d, codes)}\n  %f{i} = narrow.dequantize %c{i} : {tensor(d, codes)} to {tensor(d, 'f32')}")
print(f"  return {', '.join(f'%f{i}' for i in range(len(results)))} : {signature('f32')}\n}}")
named = ", ".join(f'{tensor(d, "f32")} {{narrow.name = "y{i}"}}' for i, (_, d, _) in enumerate(results))
print(f"""func.func @main(%x: {tensor(x[1], "f32")} {{narrow.name = "x"}}) -> ({named}) {{
  %0 = call @quantize_inputs(%x) : ({tensor(x[1], "f32")}) -> {tensor(x[1])}
  %1:{len(results)} = call @network(%0) : ({tensor(x[1])}) -> ({signature("i8")})
  %2:{len(results)} = call @dequantize_outputs({', '.join(f'%1#{i}' for i in range(len(results)))}) : ({signature("i8")}) -> ({signature("f32")})
  return {', '.join(f'%2#{i}' for i in range(len(results)))} : {signature("f32")}
}}""")
