"""What the scripts share that write chains of convolutions in the integer stage."""

CODES = "!quant.uniform<i8:f32, 0.0125:-5>"


def tensor(dims, element):
    return "tensor<" + "".join(f"{d}x" for d in dims) + element + ">"


def dense(values, dims, element, width):
    data = b"".join(v.to_bytes(width, "little", signed=True) for v in values)
    return f'"tosa.const"() <{{values = dense<"0x{data.hex()}"> : {tensor(dims, element)}}}> : () -> {tensor(dims, element)}'


def pad(size, kernel, stride, dilation):
    """Padding that keeps the size and makes strides divide it, and the size of the result."""
    pads, result = [], []
    for axis in range(2):
        reach = dilation[axis] * (kernel[axis] - 1)
        before, after = reach // 2, reach - reach // 2
        after += -(size[axis] + before + after - 1 - reach) % stride[axis]
        pads += [before, after]
        result.append((size[axis] + before + after - 1 - reach) // stride[axis] + 1)
    return pads, result


def print_module(x, y, body, value, constants=()):
    """A module whose @network of shape x -> y is `body`, lines that may use %x, %xz (the zero point), %z8, %z32 and
    `constants`, and returns `value`."""
    print(f"""func.func private @quantize_inputs(%x: {tensor(x, "f32")}) -> {tensor(x, "i8")} {{
  %0 = narrow.quantize %x : {tensor(x, "f32")} to {tensor(x, CODES)}
  %1 = quant.scast %0 : {tensor(x, CODES)} to {tensor(x, "i8")}
  return %1 : {tensor(x, "i8")}
}}
func.func private @network(%x: {tensor(x, "i8")} {{narrow.type = {CODES}}}) -> ({tensor(y, "i8")} {{narrow.type = {CODES}}}) {{
  %xz = "tosa.const"() <{{values = dense<-5> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{{values = dense<0> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{{values = dense<0> : tensor<1xi32>}}> : () -> tensor<1xi32>
{chr(10).join([*constants, *body])}
  return {value} : {tensor(y, "i8")}
}}
func.func private @dequantize_outputs(%y: {tensor(y, "i8")}) -> {tensor(y, "f32")} {{
  %0 = quant.scast %y : {tensor(y, "i8")} to {tensor(y, CODES)}
  %1 = narrow.dequantize %0 : {tensor(y, CODES)} to {tensor(y, "f32")}
  return %1 : {tensor(y, "f32")}
}}
func.func @main(%x: {tensor(x, "f32")} {{narrow.name = "x"}}) -> ({tensor(y, "f32")} {{narrow.name = "y"}}) {{
  %0 = call @quantize_inputs(%x) : ({tensor(x, "f32")}) -> {tensor(x, "i8")}
  %1 = call @network(%0) : ({tensor(x, "i8")}) -> {tensor(y, "i8")}
  %2 = call @dequantize_outputs(%1) : ({tensor(y, "i8")}) -> {tensor(y, "f32")}
  return %2 : {tensor(y, "f32")}
}}""")
