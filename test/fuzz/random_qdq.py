#!/usr/bin/env python3
"""Differential test of models that come quantized (QDQ) on random graphs.

  random_qdq.py --seeds 0:20 --dir out            write out/<seed>.onnx, out/<seed>.npz
  random_qdq.py --seeds 0:20 --dir out --check    and compare the integer form with the file, by the tools on PATH

QuantizeLinear and DequantizeLinear stand wherever chance puts them: behind pools, sums,
resizes, pads and clips with numbers that have no code, or nowhere. The float evaluation of
the imported file is what the file means. Of each tensor that is quantized, all whose codes
depend on equal codes must be the same but for ties: at most one code away, and few of them.
The only module used is the standard library.
"""
import array
import math
import random
import struct
import sys
import zipfile

from random_networks import Failure, npy, run, run_seeds, seed_parser

FLOAT, UINT8, INT8, INT32, INT64 = 1, 2, 3, 6, 7
CODES = {INT8: (-128, 127), UINT8: (0, 255)}


# -- ONNX's protobuf messages, as far as they are needed ----------------------

def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """An integer, a float, or the bytes of a string or message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    out = field(1, name)
    if isinstance(value, (list, tuple)):
        return out + b"".join(field(8, v) for v in value) + field(20, 7)
    number, kind = {int: (3, 2), float: (2, 1), str: (4, 3)}[type(value)]
    return out + field(number, value) + field(20, kind)


def node(op, inputs, output, attributes):
    out = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, op)
    return out + b"".join(field(5, attribute(k, v)) for k, v in attributes.items())


def initializer(name, kind, shape, values):
    code = {FLOAT: "f", UINT8: "B", INT8: "b", INT32: "i", INT64: "q"}[kind]
    raw = struct.pack(f"<{len(values)}{code}", *values)
    return b"".join(field(1, d) for d in shape) + field(2, kind) + field(8, name) + field(9, raw)


def value_info(name, shape):
    dims = b"".join(field(1, field(1, d)) for d in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dims)))


# -- .npz ---------------------------------------------------------------------

def write_npz(path, arrays):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (shape, values) in arrays.items():
            archive.writestr(zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0)), npy(shape, values))


def read_npz(path):
    """The values of each array of f32, in order."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            start = 10 + struct.unpack("<H", data[8:10])[0] if data[6] == 1 else 12 + struct.unpack("<I", data[8:12])[0]
            arrays[name.removesuffix(".npy")] = array.array("f", data[start:])
    return arrays


# -- The graph ----------------------------------------------------------------

class Tensor:
    def __init__(self, name, shape, size, sources, grid=None):
        self.name, self.shape = name, list(shape)
        self.size = size        # about the largest magnitude
        self.sources = sources  # quantized tensors that it is computed from
        self.grid = grid        # (scale, zero point, code type) if it is dequantized codes


class Graph:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.nodes, self.initializers, self.pool, self.quantized = [], [], [], {}
        self.counter = 0
        self.build()

    def name(self, prefix="t"):
        self.counter += 1
        return f"{prefix}{self.counter}"

    def constant(self, kind, shape, values):
        name = self.name("c")
        self.initializers.append(initializer(name, kind, shape, values))
        return name

    def floats(self, shape, values):
        return self.constant(FLOAT, shape, values)

    def integers(self, *values):
        return self.constant(INT64, [len(values)], values)

    def op(self, op, inputs, shape, size, sources, **attributes):
        """`inputs`: tensors and names of constants."""
        name = self.name()
        names = [i.name if isinstance(i, Tensor) else i for i in inputs]
        self.nodes.append(node(op, names, name, attributes))
        return Tensor(name, shape, size, sources)

    def chance(self, probability):
        return self.rng.random() < probability

    def gauss(self, count, deviation=1.0):
        return [self.rng.gauss(0, deviation) for _ in range(count)]

    # -- Quantization -----------------------------------------------------------

    def pair(self, x):
        """QuantizeLinear and DequantizeLinear of `x`, at a scale that clips, fits or wastes codes."""
        rng = self.rng
        if x.grid is None and self.chance(0.2) and self.quantized:
            scale, zero, kind = rng.choice(list(self.quantized.values()))[0]
            if not 0.1 < scale * 127 / x.size < 10:
                scale = x.size / 127
        else:
            scale = x.size / 127 * rng.choice([0.3, 0.6, 1.0, 1.0, 1.3, 2.1]) * rng.uniform(0.9, 1.1)
            kind = rng.choice([INT8, INT8, UINT8])
            least, most = CODES[kind]
            zero = rng.choice([least, (least + most + 1) // 2, rng.randint(least, most)])
        scale = struct.unpack("<f", struct.pack("<f", scale))[0]
        names = [self.floats([], [scale]), self.constant(kind, [], [zero])]
        codes = self.op("QuantizeLinear", [x] + names, x.shape, x.size, x.sources)
        real = self.op("DequantizeLinear", [codes] + names, x.shape, min(x.size, 150 * scale), {codes.name})
        real.grid = (scale, zero, kind)
        self.quantized[codes.name] = (real.grid, real.name, x.sources)
        return real

    def weight(self, shape, axis, deviation):
        """Dequantized int8 weights, for each index of `axis` or all, and about how large they are."""
        codes = [self.rng.randint(-127, 127) for _ in range(math.prod(shape))]
        if self.chance(0.6):
            scales = [deviation / 73 * self.rng.uniform(0.5, 1.5) for _ in range(shape[axis])]
            names = [self.floats([len(scales)], scales), self.constant(INT8, [len(scales)], [0] * len(scales))]
            attributes = {"axis": axis}
        else:
            scales = [deviation / 73]
            names, attributes = [self.floats([], scales), self.constant(INT8, [], [0])], {}
        return self.op("DequantizeLinear", [self.constant(INT8, shape, codes)] + names, shape, 0, set(), **attributes), scales

    def bias(self, x, scales, channels):
        if self.chance(0.3):
            return []
        if x.grid and self.chance(0.4):
            products = [x.grid[0] * s for s in scales]
            shape = [len(products)] if len(products) > 1 else []
            codes = self.constant(INT32, [channels], [self.rng.randint(-3000, 3000) for _ in range(channels)])
            return [self.op("DequantizeLinear", [codes, self.floats(shape, products)], [channels], 0, set(),
                            **({"axis": 0} if shape else {}))]
        return [self.floats([channels], self.gauss(channels, 0.2))]

    # -- Ops: each takes a tensor and gives one, or None ---------------------------

    def conv(self, x):
        if len(x.shape) != 4:
            return None
        n, c, h, w = x.shape
        k, stride, pad = self.rng.choice([1, 1, 3, 3, 2]), self.rng.choice([1, 1, 2]), self.rng.choice([0, 0, 1])
        if min(h, w) + 2 * pad < k:
            return None
        group = c if self.chance(0.3) else 1
        out = c if group > 1 else self.rng.choice([1, 2, 3, 6, 8])
        fan_in = k * k * c // group
        weight, scales = self.weight([out, c // group, k, k], 0, 1 / math.sqrt(fan_in))
        size = [(d + 2 * pad - k) // stride + 1 for d in (h, w)]
        return self.op("Conv", [x, weight] + self.bias(x, scales, out), [n, out] + size, x.size, x.sources,
                       pads=[pad] * 4, strides=[stride] * 2, group=group)

    def linear(self, x):
        n = x.shape[0]
        k = math.prod(x.shape[1:])
        if k > 400:
            return None
        if len(x.shape) != 2:
            x = self.reshape(x, [n, k])
        out = self.rng.choice([1, 4, 7])
        weight, scales = self.weight([out, k], 0, 1 / math.sqrt(k))
        return self.op("Gemm", [x, weight] + self.bias(x, scales, out), [n, out], x.size, x.sources, transB=1)

    def reshape(self, x, shape):
        y = self.op("Reshape", [x, self.integers(*shape)], shape, x.size, x.sources)
        return y

    def pick_like(self, x):
        fits = [t for t in self.pool if t.shape == x.shape]
        return self.rng.choice(fits) if fits else None

    def binary(self, x):
        y = self.pick_like(x)
        op = self.rng.choice(["Add", "Add", "Add", "Sub", "Mul", "Max", "Min"])
        if y is None or self.chance(0.25):
            shape = self.rng.choice([[], [1] + x.shape[1:2] + [1] * (len(x.shape) - 2)])
            values = [abs(v) + 0.1 if self.chance(0.5) else v for v in self.gauss(math.prod(shape))]
            y = Tensor(self.floats(shape, values), shape, 2.0, set())
        operands = [x, y] if self.chance(0.7) else [y, x]
        size = x.size * y.size / 2 if op == "Mul" else max(x.size, y.size) * 1.3
        return self.op(op, operands, x.shape, size, x.sources | y.sources)

    def clip(self, x):
        low, high = sorted([self.rng.uniform(-1, 0.4) * x.size, self.rng.uniform(0.1, 1.2) * x.size])
        return self.op("Clip", [x, self.floats([], [low]), self.floats([], [high])], x.shape,
                       max(abs(low), abs(high)), x.sources)

    def function(self, x):
        op = self.rng.choice(["Relu", "Relu", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSwish", "Abs", "Neg", "Exp"])
        if op == "Exp" and x.size > 4:
            op = "Tanh"
        size = {"Sigmoid": 1.0, "Tanh": 1.0, "Exp": math.exp(min(x.size, 4))}.get(op, x.size)
        return self.op(op, [x], x.shape, size, x.sources, **({"alpha": 0.1} if op == "LeakyRelu" else {}))

    def pool_op(self, x):
        if len(x.shape) != 4:
            return None
        n, c, h, w = x.shape
        k, stride, pad = self.rng.choice([2, 2, 3]), self.rng.choice([1, 2]), self.rng.choice([0, 0, 0, 1])
        if min(h, w) + 2 * pad < k:
            return None
        shape = [n, c] + [(d + 2 * pad - k) // stride + 1 for d in (h, w)]
        attributes = dict(kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4)
        if self.chance(0.3):
            return self.op("MaxPool", [x], shape, x.size, x.sources, **attributes)
        return self.op("AveragePool", [x], shape, x.size * (1 if x.size < 1 else 0.7), x.sources,
                       count_include_pad=self.rng.choice([0, 1]), **attributes)

    def global_pool(self, x):
        if len(x.shape) != 4:
            return None
        n, c, h, w = x.shape
        op = self.rng.choice(["GlobalAveragePool", "GlobalMaxPool"])
        return self.op(op, [x], [n, c, 1, 1], x.size * (1 if op == "GlobalMaxPool" else 2 / math.sqrt(h * w)), x.sources)

    def reduce(self, x):
        if len(x.shape) < 2:
            return None
        axis = self.rng.randrange(1, len(x.shape))
        op = self.rng.choice(["ReduceMean", "ReduceMean", "ReduceSum"])
        shape = [1 if i == axis else d for i, d in enumerate(x.shape)]
        size = x.size * (math.sqrt(x.shape[axis]) if op == "ReduceSum" else 1)
        if op == "ReduceSum":
            return self.op(op, [x, self.integers(axis)], shape, size, x.sources)
        return self.op(op, [x], shape, size, x.sources, axes=[axis])

    def resize(self, x):
        if len(x.shape) != 4 or x.shape[2] * x.shape[3] > 100:
            return None
        mode = self.rng.choice(["nearest", "linear", "linear"])
        scales = [self.rng.choice([1, 2, 2, 3]) for _ in range(2)]
        where = self.rng.choice(["half_pixel", "asymmetric"])
        shape = x.shape[:2] + [d * s for d, s in zip(x.shape[2:], scales)]
        attributes = dict(mode=mode, coordinate_transformation_mode=where)
        if mode == "nearest":
            attributes["nearest_mode"] = "floor"
        return self.op("Resize", [x, "", self.floats([4], [1.0, 1.0] + [float(s) for s in scales])], shape, x.size,
                       x.sources, **attributes)

    def pad(self, x):
        amounts = [0, 0] + [self.rng.randint(0, 2) for _ in x.shape[2:]]
        if len(x.shape) == 2:
            amounts = [0, self.rng.randint(0, 2)]
        value = self.rng.choice([0.0, self.rng.uniform(-1, 1) * x.size, 5 * x.size, -50.0])
        shape = [d + 2 * a for d, a in zip(x.shape, amounts)]
        y = self.op("Pad", [x, self.integers(*amounts, *amounts), self.floats([], [value])], shape, x.size, x.sources)
        return y

    def movement(self, x):
        kind = self.rng.choice(["transpose", "slice", "flatten", "slice"])
        if kind == "transpose" and len(x.shape) == 4:
            return self.op("Transpose", [x], [x.shape[p] for p in (0, 1, 3, 2)], x.size, x.sources, perm=[0, 1, 3, 2])
        if kind == "slice":
            axis = self.rng.randrange(1, len(x.shape))
            if x.shape[axis] < 2:
                return None
            end = self.rng.randint(1, x.shape[axis] - 1)
            shape = [end if i == axis else d for i, d in enumerate(x.shape)]
            names = [self.integers(v) for v in (0, end, axis)]
            return self.op("Slice", [x] + names, shape, x.size, x.sources)
        if kind == "flatten" and len(x.shape) > 2:
            return self.reshape(x, [x.shape[0], math.prod(x.shape[1:])])
        return None

    def concat(self, x):
        y = self.pick_like(x)
        if y is None or sum(t.shape[1] for t in (x, y)) > 24:
            return None
        shape = [x.shape[0], x.shape[1] + y.shape[1]] + x.shape[2:]
        return self.op("Concat", [x, y], shape, max(x.size, y.size), x.sources | y.sources, axis=1)

    def norm(self, x):
        if len(x.shape) < 3:
            return None
        c = x.shape[1]
        factor = self.weight([c], 0, 1.0)[0] if self.chance(0.5) else self.floats([c], self.gauss(c))
        names = [self.floats([c], self.gauss(c, 0.3)), self.floats([c], self.gauss(c, 0.3)),
                 self.floats([c], [abs(v) + 0.5 for v in self.gauss(c)])]
        return self.op("BatchNormalization", [x, factor] + names, x.shape, x.size * 2, x.sources)

    def softmax(self, x):
        return self.op("Softmax", [x], x.shape, 1.0, x.sources, axis=-1)

    # -- The whole --------------------------------------------------------------------

    def build(self):
        rng = self.rng
        self.input = Tensor("x", rng.choice([[1, 3, 6, 6], [1, 4, 5, 7], [2, 2, 4, 4], [1, 12]]), 3.0, set())
        self.pool.append(self.pair(self.input) if self.chance(0.85) else self.input)
        ops = ([self.conv] * 6 + [self.linear] + [self.binary] * 4 + [self.clip] * 2 + [self.function] * 4 + [self.pool_op] * 4 +
               [self.global_pool, self.reduce, self.softmax, self.norm] + [self.resize] * 2 + [self.pad] * 2 + [self.movement] * 3 + [self.concat] * 2)
        target, computed = rng.randint(3, 10), []
        quantizes = rng.choice([0.35, 0.6, 0.9])
        while len(computed) < target:
            x = self.pool[-1] if self.chance(0.7) else rng.choice(self.pool)
            y = rng.choice(ops)(x)
            if y is None or not y.shape:
                continue
            if self.chance(quantizes):
                y = self.pair(y)
            computed.append(y)
            self.pool.append(y)
        last = self.pool[-1]
        if last.grid is None:
            last = self.pair(last)
        # All that is quantized is a result, or what is last alone.
        self.outputs = {last.name: last}
        if self.chance(0.6):
            self.outputs |= {t.name: t for t in self.pool if t.grid and t.name != "x"}

    def model(self):
        graph = b"".join(field(1, n) for n in self.nodes) + field(2, "g") + b"".join(field(5, i) for i in self.initializers)
        graph += field(11, value_info("x", self.input.shape))
        graph += b"".join(field(12, value_info(t.name, t.shape)) for t in self.outputs.values())
        return field(1, 8) + field(2, "random_qdq") + field(7, graph) + field(8, field(1, "") + field(2, 17))

    def samples(self, count):
        shape = [count * self.input.shape[0]] + self.input.shape[1:]
        return {"x": (shape, self.gauss(math.prod(shape)))}


# -- The comparison -------------------------------------------------------------

def compare(graph, expected, found):
    """Raises Failure at a tensor that differs by more than ties. Returns how many elements are equal and how many not."""
    exact = {}   # of the tensors that are results, whether all is equal
    coarsest = {}  # the largest scale that a tensor depends on
    equal = different = 0
    for codes, ((scale, _, _), name, sources) in graph.quantized.items():
        coarsest[codes] = max([scale] + [coarsest[s] for s in sources])
        if name not in graph.outputs:
            continue
        a, b = expected[name], found[name]
        if len(a) != len(b):
            raise Failure(f"{name}: {len(b)} elements, expected {len(a)}")
        distances = [abs(p - q) / scale for p, q in zip(a, b)]
        if any(math.isnan(d) for d in distances):
            raise Failure(f"{name}: NaN")
        most, count = max(distances), sum(d > 0.01 for d in distances)
        exact[codes] = count == 0
        equal, different = equal + len(a) - count, different + count
        if all(exact.get(source, False) for source in sources):
            if most > 1.01 or count > 3 + 0.35 * len(a):
                raise Failure(f"{name}: {count} of {len(a)} differ, by up to {most:.1f} codes, of equal codes before it")
        elif most > 2 + 4 * coarsest[codes] / scale or sum(distances) > (3 + 0.5 * len(a)) * coarsest[codes] / scale:
            raise Failure(f"{name}: {count} of {len(a)} differ, by up to {most:.1f} codes")
    return equal, different


def check(graph, stem, code):
    model, samples, integer = stem + ".onnx", stem + ".npz", stem + ".mlir"
    run("narrow-run", model, "--input", samples, "--output", stem + ".expected.npz")
    run("narrow-compile", model, "--emit=integer", "-o", integer)
    run("narrow-run", integer, "--input", samples, "--output", stem + ".integer.npz")
    expected = read_npz(stem + ".expected.npz")
    result = compare(graph, expected, read_npz(stem + ".integer.npz"))
    if code:
        run("narrow-compile", integer, "-O0", "-o", stem + ".so")
        run("narrow-run", stem + ".so", "--input", samples, "--output", stem + ".code.npz")
        compare(graph, expected, read_npz(stem + ".code.npz"))
    with open(integer) as file:
        return result, file.read().count("narrow.float_reason")


def main():
    parser = seed_parser(__doc__, samples=4)
    parser.add_argument("--code", action="store_true", help="run compiled code, too")
    options = parser.parse_args()

    def write(seed, stem):
        graph = Graph(seed)
        with open(stem + ".onnx", "wb") as out:
            out.write(graph.model())
        write_npz(stem + ".npz", graph.samples(options.samples))
        return graph

    def check_one(graph, stem):
        (equal, different), floats = check(graph, stem, options.code)
        return f"{different} of {equal + different} differ, {floats} float ops"

    return run_seeds(options, "graphs", write, check_one)


if __name__ == "__main__":
    sys.exit(main())
