"""What the scripts share that write models of the integer stage."""


def tensor(dims, element="i8"):
    return "tensor<" + "".join(f"{d}x" for d in dims) + element + ">"


def array(values, element="i64"):
    return f"array<{element}: " + ", ".join(map(str, values)) + ">"


def dense(values, dims, element):
    width = int(element[1:]) // 8
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


class Body:
    """Lines of a function. Values are triples: name, dimensions, element type."""

    def __init__(self):
        self.lines = []

    def define(self, text, dims, element="i8"):
        name = f"%{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return name, dims, element

    def constant(self, values, element, dims=None):
        dims = dims or [len(values)]
        return self.define(dense(values, dims, element), dims, element)

    def emit(self, op, operands, attributes, dims, element="i8"):
        names, types = ", ".join(name for name, *_ in operands), ", ".join(tensor(d, e) for _, d, e in operands)
        return self.define(f"{op} {names} {{{attributes}}} : ({types}) -> {tensor(dims, element)}", dims, element)

    def rescale(self, x, element, multiplier, shift, zero_in, zero_out):
        operands = [x, self.constant([multiplier], "i32"), self.constant([shift], "i8"), self.constant([zero_in], x[2]), self.constant([zero_out], element)]
        flags = "rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false"
        return self.emit("tosa.rescale", operands, flags, x[1], element)


def print_module(x, results, lines, scale):
    """A module whose @network of codes %x of dimensions `x` is `lines`, and returns `results`: pairs of a name and
    dimensions. All codes have the same scale."""
    codes = f"!quant.uniform<i8:f32, {scale}:-5>"
    types = {element: ", ".join(tensor(dims, element) for _, dims in results) for element in ("i8", "f32")}
    several = f":{len(results)}" if len(results) > 1 else ""
    part = (lambda name, i: f"{name}#{i}") if several else (lambda name, i: name)
    each = lambda text: ", ".join(text(i, dims) for i, (_, dims) in enumerate(results))
    newline = "\n"
    print(f"""func.func private @quantize_inputs(%x: {tensor(x, "f32")}) -> {tensor(x)} {{
  %0 = narrow.quantize %x : {tensor(x, "f32")} to {tensor(x, codes)}
  %1 = quant.scast %0 : {tensor(x, codes)} to {tensor(x)}
  return %1 : {tensor(x)}
}}
func.func private @network(%x: {tensor(x)} {{narrow.type = {codes}}}) -> ({each(lambda i, dims: f"{tensor(dims)} {{narrow.type = {codes}}}")}) {{
{newline.join(lines)}
  return {", ".join(name for name, _ in results)} : {types["i8"]}
}}
func.func private @dequantize_outputs({each(lambda i, dims: f"%y{i}: {tensor(dims)}")}) -> ({types["f32"]}) {{
{newline.join(f'''  %c{i} = quant.scast %y{i} : {tensor(dims)} to {tensor(dims, codes)}
  %f{i} = narrow.dequantize %c{i} : {tensor(dims, codes)} to {tensor(dims, "f32")}''' for i, (_, dims) in enumerate(results))}
  return {each(lambda i, dims: f"%f{i}")} : {types["f32"]}
}}
func.func @main(%x: {tensor(x, "f32")} {{narrow.name = "x"}}) -> ({each(lambda i, dims: f'{tensor(dims, "f32")} {{narrow.name = "y{i}"}}')}) {{
  %0 = call @quantize_inputs(%x) : ({tensor(x, "f32")}) -> {tensor(x)}
  %1{several} = call @network(%0) : ({tensor(x)}) -> ({types["i8"]})
  %2{several} = call @dequantize_outputs({each(lambda i, dims: part("%1", i))}) : ({types["i8"]}) -> ({types["f32"]})
  return {each(lambda i, dims: part("%2", i))} : {types["f32"]}
}}""")
