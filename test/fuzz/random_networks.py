#!/usr/bin/env python3
"""Differential test of the whole compiler on random networks.

  random_networks.py --seeds 0:20 --dir out            write out/<seed>.mlir, out/<seed>.npz
  random_networks.py --seeds 0:20 --dir out --check    and run every one through the tools on PATH

A network is written as text in the form of the imported stage, with small random
sizes, weights and structure. --check compiles each for every --isa and --emulate and
demands that
 - the integer code agrees byte by byte with the reference evaluator,
 - the float code does too (to a tolerance where exp and the like occur),
 - the integer results are near the float results.
The only module used is the standard library, so that this runs wherever the tools do.
"""
import argparse
import math
import os
import random
import re
import struct
import subprocess
import sys
import zipfile

CHANNELS = [1, 3, 4, 5, 7, 8, 10, 16, 17, 24, 32, 33, 64, 65]
# The agreement of integer and float results that nothing but a gross error misses.
LEAST_SQNR = 15.0
# The agreement of two float computations that differ in exp, tanh, erf.
LEAST_FLOAT_SQNR = 90.0


def product(dims):
    return math.prod(dims)


def tensor(shape, element="f32"):
    return "tensor<" + "".join(f"{d}x" for d in shape) + element + ">"


def npy(shape, values):
    """The bytes of an .npy file of f32."""
    dims = ", ".join(str(d) for d in shape) + ("," if len(shape) == 1 else "")
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({dims}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}f", *values)


class Network:
    """Builds one function; `self.pool` holds the values (name, shape) that ops may read."""

    def __init__(self, seed):
        self.seed, self.rng = seed, random.Random(seed)
        self.lines, self.inputs, self.pool = [], [], []
        self.used = set()
        self.counter = 0
        # Functions that the reference evaluator computes in f64; and a softmax,
        # which stays float between integers.
        self.transcendental = self.softmax = False
        self.build()

    # -- Text -----------------------------------------------------------------

    def fresh(self):
        self.counter += 1
        return f"%{self.counter}"

    def emit(self, text, shape, attribute_name=True):
        """`text` computes a tensor of `shape`; a name as the importer would give it."""
        name = self.fresh()
        self.lines.append(f'{name} = {text} loc("n{name[1:]}")')
        return name, list(shape)

    def constant(self, shape, values):
        name = self.fresh()
        if len(set(values)) == 1:
            body = f"{values[0]!r}"
        else:
            body = '"0x' + struct.pack(f"<{len(values)}f", *values).hex().upper() + '"'
        self.lines.append(f'{name} = "tosa.const"() <{{values = dense<{body}> : {tensor(shape)}}}> : () -> {tensor(shape)}')
        return name

    def zero(self):
        return self.constant([1], [0.0])

    def shape_constant(self, dims):
        name = self.fresh()
        body = ", ".join(map(str, dims))
        n = len(dims)
        self.lines.append(f"{name} = tosa.const_shape {{values = dense<[{body}]> : tensor<{n}xindex>}} : () -> !tosa.shape<{n}>")
        return name, n

    def gauss(self, count, deviation, mean=0.0):
        return [self.rng.gauss(mean, deviation) for _ in range(count)]

    def chance(self, probability):
        return self.rng.random() < probability

    # -- Picking --------------------------------------------------------------

    def pick(self, rank=None, condition=lambda shape: True):
        fits = [v for v in self.pool if (rank is None or len(v[1]) == rank) and condition(v[1])]
        if not fits:
            return None
        value = fits[-1] if self.chance(0.6) else self.rng.choice(fits)
        self.used.add(value[0])
        return value

    def push(self, value):
        self.pool.append(value)
        return value

    # -- Ops ------------------------------------------------------------------

    def window(self, size, exact, largest=5, smaller_pad=False):
        """kernel, pads, stride, dilation and result size along one axis."""
        while True:
            kernel = self.rng.choice([1, 1, 2, 3, 3, 3, 4, 5])
            dilation = 1 if smaller_pad else self.rng.choice([1, 1, 1, 2])
            stride = self.rng.choice([1, 1, 1, 2, 2, 3])
            before, after = self.rng.choice([(0, 0), (kernel // 2, kernel // 2), (self.rng.randint(0, kernel - 1), self.rng.randint(0, kernel - 1))])
            rest = size + before + after - dilation * (kernel - 1) - 1
            if kernel > largest or rest < 0 or (exact and rest % stride):
                continue
            if smaller_pad and (before >= kernel or after >= kernel):
                continue
            return kernel, before, after, stride, dilation, rest // stride + 1

    def convolution(self, x):
        name, (n, h, w, c) = x
        kind = self.rng.choice(["conv", "conv", "conv", "depthwise", "depthwise", "grouped", "multiplier"])
        exact = kind in ("conv", "depthwise")
        while True:
            kh, top, bottom, sh, dh, oh = self.window(h, exact)
            kw, left, right, sw, dw, ow = self.window(w, exact)
            if kind == "conv":
                group, out = 1, self.rng.choice(CHANNELS)
            elif kind == "depthwise":
                group, out = c, c
            elif kind == "multiplier":
                group = c
                out = c * self.rng.choice([1, 2, 3]) if c < 30 else c
            else:
                group = self.rng.choice([g for g in range(1, c + 1) if c % g == 0])
                out = group * self.rng.choice([1, 2, 3, 5, 8])
            if out <= 128 and out * kh * kw * (c // group) <= 20000:
                break
        fan_in = kh * kw * (c // group)
        count = out * fan_in
        values = self.gauss(count, math.sqrt(2.0 / fan_in))
        bias = self.constant([out], self.gauss(out, 0.2))
        windows = (f"pad = array<i64: {top}, {bottom}, {left}, {right}>, stride = array<i64: {sh}, {sw}>, "
                   f"dilation = array<i64: {dh}, {dw}>")
        shape = [n, oh, ow, out]
        if kind in ("conv", "depthwise"):
            weight_shape = [out, kh, kw, c] if kind == "conv" else [kh, kw, c, 1]
            weight, zero = self.constant(weight_shape, values), self.zero()
            op = "tosa.conv2d" if kind == "conv" else "tosa.depthwise_conv2d"
            text = (f"{op} {name}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, {windows}}} : "
                    f"({tensor(x[1])}, {tensor(weight_shape)}, {tensor([out])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}")
        else:
            weight_shape = [out, kh, kw, c // group]
            weight = self.constant(weight_shape, values)
            text = (f"narrow.conv2d {name}, {weight}, {bias} group {group} pad [{top}, {bottom}, {left}, {right}] "
                    f"stride [{sh}, {sw}] dilation [{dh}, {dw}] : "
                    f"({tensor(x[1])}, {tensor(weight_shape)}, {tensor([out])}) -> {tensor(shape)}")
        return self.emit(text, shape)

    def clamp(self, x, low, high):
        t = tensor(x[1])
        return self.emit(f"tosa.clamp {x[0]} {{min_val = {low:e} : f32, max_val = {high:e} : f32}} : ({t}) -> {t}", x[1])

    def activation(self, x, kind=None):
        t = tensor(x[1])
        kind = kind or self.rng.choice(["relu", "relu", "relu", "relu6", "clip", "leaky_relu", "hard_swish", "hard_sigmoid",
                                        "sigmoid", "tanh", "silu", "gelu", "elu", "softplus", "mish", "abs"])
        if kind == "relu":
            return self.clamp(x, 0, 3.40282347e38)
        if kind == "relu6":
            return self.clamp(x, 0, 6)
        if kind == "clip":
            return self.clamp(x, -0.7, 1.3)
        if kind == "abs":
            return self.emit(f"tosa.abs {x[0]} : ({t}) -> {t}", x[1])
        if kind in ("sigmoid", "tanh"):
            self.transcendental = True
            return self.emit(f"tosa.{kind} {x[0]} : ({t}) -> {t}", x[1])
        parameters = {"leaky_relu": " alpha 0.1", "elu": " alpha 1.0", "hard_sigmoid": " alpha 0.2 beta 0.5"}.get(kind, "")
        if kind != "leaky_relu":
            self.transcendental = True
        return self.emit(f"narrow.activation {kind} {x[0]}{parameters} : {t}", x[1])

    def binary(self, op, x, y):
        shape = [max(a, b) for a, b in zip(x[1], y[1])]
        types = f"({tensor(x[1])}, {tensor(y[1])}) -> {tensor(shape)}"
        if op == "mul":
            shift = self.fresh()
            self.lines.append(f'{shift} = "tosa.const"() <{{values = dense<0> : tensor<1xi8>}}> : () -> tensor<1xi8>')
            types = types.replace(") ->", ", tensor<1xi8>) ->")
            return self.emit(f"tosa.mul {x[0]}, {y[0]}, {shift} : {types}", shape)
        return self.emit(f"tosa.{op} {x[0]}, {y[0]} : {types}", shape)

    def pool_op(self, x):
        n, h, w, c = x[1]
        op = self.rng.choice(["max", "avg"])
        kh, top, bottom, sh, _, oh = self.window(h, True, smaller_pad=True)
        kw, left, right, sw, _, ow = self.window(w, True, smaller_pad=True)
        shape = [n, oh, ow, c]
        windows = f"kernel = array<i64: {kh}, {kw}>, stride = array<i64: {sh}, {sw}>, pad = array<i64: {top}, {bottom}, {left}, {right}>"
        if op == "max":
            return self.emit(f"tosa.max_pool2d {x[0]} {{{windows}}} : ({tensor(x[1])}) -> {tensor(shape)}", shape)
        return self.average(x, windows, shape)

    def average(self, x, windows, shape):
        zero = self.zero()
        return self.emit(f"tosa.avg_pool2d {x[0]}, {zero}, {zero} {{acc_type = f32, {windows}}} : "
                         f"({tensor(x[1])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}", shape)

    def global_average(self, x):
        n, h, w, c = x[1]
        return self.average(x, f"kernel = array<i64: {h}, {w}>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>", [n, 1, 1, c])

    def reshape(self, x, shape):
        dims, rank = self.shape_constant(shape)
        return self.emit(f"tosa.reshape {x[0]}, {dims} : ({tensor(x[1])}, !tosa.shape<{rank}>) -> {tensor(shape)}", shape)

    def transpose(self, x, perms):
        shape = [x[1][p] for p in perms]
        body = ", ".join(map(str, perms))
        return self.emit(f"tosa.transpose {x[0]} {{perms = array<i32: {body}>}} : ({tensor(x[1])}) -> {tensor(shape)}", shape)

    def concat(self, values, axis):
        shape = list(values[0][1])
        shape[axis] = sum(v[1][axis] for v in values)
        types = ", ".join(tensor(v[1]) for v in values)
        return self.emit(f"tosa.concat {', '.join(v[0] for v in values)} {{axis = {axis} : i32}} : ({types}) -> {tensor(shape)}", shape)

    def slice(self, x):
        size = [self.rng.randint(1, d) if self.chance(0.5) else d for d in x[1]]
        size[0] = x[1][0]
        start = [self.rng.randint(0, d - s) for d, s in zip(x[1], size)]
        first, rank = self.shape_constant(start)
        dims, _ = self.shape_constant(size)
        return self.emit(f"tosa.slice {x[0]}, {first}, {dims} : ({tensor(x[1])}, !tosa.shape<{rank}>, !tosa.shape<{rank}>) -> {tensor(size)}", size)

    def pad(self, x, value=None):
        amounts = [0, 0]
        for _ in x[1][1:]:
            amounts += [self.rng.randint(0, 2), self.rng.randint(0, 2)]
        shape = [d + amounts[2 * i] + amounts[2 * i + 1] for i, d in enumerate(x[1])]
        dims, rank = self.shape_constant(amounts)
        return self.emit(f"tosa.pad {x[0]}, {dims}, {value or self.zero()} : ({tensor(x[1])}, !tosa.shape<{rank}>, tensor<1xf32>) -> {tensor(shape)}", shape)

    def resize(self, x):
        """Rows and columns at (i * step + offset) / unit of the input."""
        scale, offset, border, shape = [], [], [], list(x[1])
        for axis in (1, 2):
            size, result = x[1][axis], self.rng.randint(1, 18)
            unit, step, start = self.rng.choice([(2 * result, 2 * size, size - result), (result, size, 0),
                                                 (max(result - 1, 1), max(size - 1, 1), 0), (5, 3, -7)])
            shape[axis] = result
            scale += [unit, step]
            offset.append(start)
            border.append(step * (result - 1) - (size - 1) * unit + start)
        mode = self.rng.choice(["BILINEAR", "BILINEAR", "NEAREST_NEIGHBOR"])
        dims = [self.shape_constant(numbers)[0] for numbers in (scale, offset, border)]
        return self.emit(f"tosa.resize {x[0]}, {', '.join(dims)} {{mode = {mode}}} : ({tensor(x[1])}, !tosa.shape<4>, "
                         f"!tosa.shape<2>, !tosa.shape<2>) -> {tensor(shape)}", shape)

    def tile(self, x):
        repeats = [1] + [self.rng.choice([1, 1, 2, 3]) for _ in x[1][1:]]
        shape = [d * r for d, r in zip(x[1], repeats)]
        dims, rank = self.shape_constant(repeats)
        return self.emit(f"tosa.tile {x[0]}, {dims} : ({tensor(x[1])}, !tosa.shape<{rank}>) -> {tensor(shape)}", shape)

    def fully_connected(self, x):
        """[M, K] to [M, N] as the importer writes it."""
        m, k = x[1]
        n = self.rng.choice(CHANNELS)
        plane = self.reshape(x, [1, m, 1, k])
        weight = self.constant([n, 1, 1, k], self.gauss(n * k, math.sqrt(1.0 / k)))
        bias, zero = self.constant([n], self.gauss(n, 0.2)), self.zero()
        shape = [1, m, 1, n]
        result = self.emit(f"tosa.conv2d {plane[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, "
                           f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(plane[1])}, {tensor([n, 1, 1, k])}, "
                           f"{tensor([n])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}", shape)
        return self.reshape(result, [m, n])

    # -- Steps: each adds one piece of network, or nothing if nothing fits ----

    def step_convolution(self):
        x = self.pick(4)
        if x:
            y = self.convolution(x)
            if self.chance(0.7):
                if self.chance(0.15):
                    self.push(y)  # another reader of what is activated
                y = self.activation(y)
            self.push(y)

    def step_residual(self):
        x = self.pick(4, lambda s: s[3] <= 64)
        if not x:
            return
        n, h, w, c = x[1]
        fan_in = 9 * c if c <= 24 else c
        k = 3 if c <= 24 else 1
        weight_shape = [c, k, k, c]
        y = x
        for _ in range(self.rng.choice([1, 1, 2])):
            weight, bias, zero = self.constant(weight_shape, self.gauss(product(weight_shape), math.sqrt(1.0 / fan_in))), self.constant([c], self.gauss(c, 0.1)), self.zero()
            y = self.emit(f"tosa.conv2d {y[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: {k//2}, {k//2}, {k//2}, {k//2}>, "
                          f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(x[1])}, {tensor(weight_shape)}, {tensor([c])}, "
                          f"tensor<1xf32>, tensor<1xf32>) -> {tensor(x[1])}", x[1])
            if self.chance(0.3):
                y = self.activation(y)
        if self.chance(0.2):
            self.push(y)
        operands = [x, y]
        self.rng.shuffle(operands)
        z = self.binary(self.rng.choice(["add", "add", "add", "sub"]), *operands)
        self.push(self.activation(z, "relu") if self.chance(0.5) else z)

    def step_binary(self):
        x = self.pick()
        if not x:
            return
        op = self.rng.choice(["add", "sub", "mul", "maximum", "minimum"])
        y = self.pick(len(x[1]), lambda s: s == x[1])
        if y is None or self.chance(0.3):
            # A constant: one value, one for each channel, or all of them.
            rank = len(x[1])
            shape = self.rng.choice([[1] * rank, [1] * (rank - 1) + x[1][-1:], x[1]])
            y = self.constant(shape, self.gauss(product(shape), 0.5, 1.0)), shape
        self.push(self.binary(op, x, y))

    def step_squeeze(self):
        x = self.pick(4)
        if not x:
            return
        c = x[1][3]
        y = self.global_average(x)
        weight, bias, zero = self.constant([c, 1, 1, c], self.gauss(c * c, math.sqrt(1.0 / c))), self.constant([c], self.gauss(c, 0.2)), self.zero()
        y = self.emit(f"tosa.conv2d {y[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, "
                      f"dilation = array<i64: 1, 1>}} : ({tensor(y[1])}, {tensor([c, 1, 1, c])}, {tensor([c])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(y[1])}", y[1])
        y = self.activation(y, self.rng.choice(["sigmoid", "hard_sigmoid"]))
        operands = [x, y]
        self.rng.shuffle(operands)
        self.push(self.binary("mul", *operands))

    def step_broadcast(self):
        x = self.pick(4)
        if x:
            self.push(self.binary(self.rng.choice(["add", "sub"]), x, self.global_average(x)))

    def step_concat(self):
        x = self.pick()
        if not x:
            return
        axis = self.rng.choice([len(x[1]) - 1, len(x[1]) - 1, self.rng.randrange(1, len(x[1]))]) if len(x[1]) > 1 else 0
        same = lambda s: all(a == b for i, (a, b) in enumerate(zip(s, x[1])) if i != axis)
        values = [x]
        for _ in range(self.rng.choice([1, 1, 2])):
            y = self.pick(len(x[1]), same)
            if self.chance(0.4):
                y = self.push(self.activation(y))
            values.append(y)
        if sum(v[1][axis] for v in values) <= 130:
            self.push(self.concat(values, axis))

    def step_pool(self):
        x = self.pick(4)
        if x:
            self.push(self.pool_op(x))

    def step_global_average(self):
        x = self.pick(4)
        if x:
            y = self.global_average(x)
            self.push(self.reshape(y, [y[1][0], y[1][3]]) if self.chance(0.7) else y)

    def step_activation(self):
        x = self.pick()
        if x:
            self.push(self.activation(x))

    def step_transpose(self):
        x = self.pick(condition=lambda s: len(s) > 1)
        if x:
            perms = list(range(1, len(x[1])))
            self.rng.shuffle(perms)
            self.push(self.transpose(x, [0] + perms))

    def step_move(self):
        x = self.pick(condition=lambda s: len(s) > 1 and product(s) < 3000 and max(s) < 40)
        if x:
            self.push(self.rng.choice([self.slice, self.pad, self.tile, self.slice])(x))

    def step_resize(self):
        x = self.pick(4)
        if x:
            self.push(self.resize(x))

    def step_constant(self):
        """Joins numbers that no op computes, or surrounds a tensor with one."""
        x = self.pick()
        if not x:
            return
        if self.chance(0.3):
            self.push(self.pad(x, self.constant([1], [self.rng.choice([-1.25, 0.5, 3.0])])))
            return
        axis = self.rng.randrange(len(x[1]))
        shape = list(x[1])
        shape[axis] = self.rng.randint(1, 3)
        values = [x, (self.constant(shape, self.gauss(product(shape), 1.0)), shape)]
        self.rng.shuffle(values)
        joined = self.concat(values, axis)
        if axis == 0:  # Back to the batch that the others have.
            first, rank = self.shape_constant([self.rng.randint(0, shape[0])] + [0] * (len(shape) - 1))
            dims, _ = self.shape_constant(x[1])
            joined = self.emit(f"tosa.slice {joined[0]}, {first}, {dims} : ({tensor(joined[1])}, !tosa.shape<{rank}>, "
                               f"!tosa.shape<{rank}>) -> {tensor(x[1])}", x[1])
        self.push(joined)

    def step_flatten(self):
        x = self.pick(condition=lambda s: len(s) > 1 and product(s[1:]) <= 500)
        if x:
            y = self.reshape(x, [x[1][0], product(x[1][1:])]) if len(x[1]) > 2 else x
            y = self.fully_connected(y)
            self.push(self.activation(y) if self.chance(0.5) else y)

    def step_reshape(self):
        x = self.pick(condition=lambda s: len(s) > 1)
        if x:
            n, rest = x[1][0], product(x[1][1:])
            divisors = [d for d in range(1, rest + 1) if rest % d == 0]
            a = self.rng.choice(divisors)
            b = self.rng.choice([d for d in divisors if (rest // a) % d == 0])
            shapes = [s for s in ([n, rest], [n, a, rest // a], [n, a, b, rest // a // b]) if max(s[1:]) <= 600]
            if shapes:
                self.push(self.reshape(x, self.rng.choice(shapes)))

    # -- The function ---------------------------------------------------------

    def build(self):
        rng = self.rng
        batch = rng.choice([1, 1, 1, 2, 3])
        self.arguments, self.batch = [], batch
        for i in range(rng.choice([1, 1, 1, 2])):
            kind = rng.choice(["nchw", "nchw", "nhwc", "vector", "sequence"]) if i else rng.choice(["nchw", "nchw", "nchw", "nhwc", "nhwc", "vector", "sequence"])
            c, h, w = rng.choice(CHANNELS), rng.randint(1, 15), rng.randint(1, 15)
            shape = {"nchw": [batch, c, h, w], "nhwc": [batch, h, w, c], "vector": [batch, rng.choice(CHANNELS)],
                     "sequence": [batch, h, c]}[kind]
            argument = (f"%arg{i}", shape)
            self.arguments.append(argument)
            self.push(self.transpose(argument, [0, 2, 3, 1]) if kind == "nchw" else argument)
        steps = ([self.step_convolution] * 7 + [self.step_residual] * 3 + [self.step_binary] * 2 + [self.step_squeeze] +
                 [self.step_broadcast] + [self.step_concat] * 2 + [self.step_pool] * 2 + [self.step_global_average] +
                 [self.step_activation] * 2 + [self.step_transpose] + [self.step_move] * 2 + [self.step_flatten] + [self.step_reshape])
        if self.seed >= 1000:  # The networks of smaller seeds stay as they are.
            steps += [self.step_resize] * 4 + [self.step_constant] * 2
        target = rng.randint(2, 9)
        while target:
            before = len(self.pool)
            rng.choice(steps)()
            target -= len(self.pool) > before or rng.random() < 0.05
        computed = [v for v in self.pool if not v[0].startswith("%arg")]
        if not computed:
            computed = [self.push(self.activation(self.pool[-1]))]
        results = [computed[-1]] + [v for v in computed[:-1] if v[0] not in self.used][:2]
        if self.chance(0.1):
            results.append(rng.choice(computed))  # also read by other ops
        results = list(dict.fromkeys((v[0], tuple(v[1])) for v in results))
        final = []
        for name, shape in results:
            value = (name, list(shape))
            if len(shape) == 4 and self.chance(0.5):
                value = self.transpose(value, [0, 3, 1, 2])
            elif len(shape) == 2 and self.chance(0.3):
                self.transcendental = self.softmax = True
                value = self.emit(f"narrow.softmax {name} axis 1 : {tensor(shape)}", shape)
            final.append(value)
        self.results = final

    def text(self):
        arguments = ", ".join(f'{n}: {tensor(s)} {{narrow.name = "input{i}"}}' for i, (n, s) in enumerate(self.arguments))
        types = ", ".join(f'{tensor(s)} {{narrow.name = "output{i}"}}' for i, (_, s) in enumerate(self.results))
        names, plain = ", ".join(n for n, _ in self.results), ", ".join(tensor(s) for _, s in self.results)
        body = "\n".join("  " + line for line in self.lines)
        return f"func.func @main({arguments}) -> ({types}) {{\n{body}\n  return {names} : {plain}\n}}\n"

    def write_samples(self, path, count):
        """One array for each input, its leading axis `count` times the batch."""
        with zipfile.ZipFile(path, "w") as archive:
            for i, (_, shape) in enumerate(self.arguments):
                deviation, mean = self.rng.choice([(1.0, 0.0), (0.5, 0.5), (3.0, -1.0)])
                full = [shape[0] * count] + shape[1:]
                data = npy(full, self.gauss(product(full), deviation, mean))
                archive.writestr(zipfile.ZipInfo(f"input{i}.npy", (1980, 1, 1, 0, 0, 0)), data)


class Failure(Exception):
    pass


def run(*command, timeout=300):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    if done.returncode:
        raise Failure(f"$ {' '.join(command)}\nexit code {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def least_sqnr(text):
    found = [float(v) for v in re.findall(r"SQNR[^\n]*?(-?[0-9.]+|inf) dB", text)]
    return min(found) if found else None


def demand_sqnr(what, library, samples, expected, least):
    """The least SQNR of the results, None where all is equal."""
    sqnr = least_sqnr(run("narrow-run", library, "--input", samples, "--against", expected))
    if sqnr is not None and sqnr < least:
        raise Failure(f"{what}: {sqnr} dB, expected {least} or more")
    return sqnr


def check(stem, network, isas, emulated, scheme, align):
    """Runs the chain on one network; raises Failure. Few bits are near nothing: a scheme
    is only compared with the reference, and so are aligned ranges."""
    narrow_compile = ["narrow-compile", f"--scheme={scheme or 'w8a8'}"]
    if align:
        narrow_compile.append(f"--align={align}")
    model, samples = stem + ".mlir", stem + ".npz"
    table, integer, real = stem + ".table.json", stem + ".int.mlir", stem + ".float.mlir"
    try:
        run("narrow-calibrate", model, "--data", samples, "-o", table)
    except Failure as error:
        if "nothing in the model can be quantized" in str(error):
            return None
        raise
    run("narrow-compile", model, "--emit=float", "-o", real)
    run(*narrow_compile, model, "--table", table, "--emit=integer", "-o", integer)
    expected = stem + ".float.npz"
    run("narrow-run", real, "--input", samples, "--output", expected)
    integer_expected = stem + ".int.npz"
    if network.softmax:
        run("narrow-run", integer, "--input", samples, "--output", integer_expected)
    for isa in isas:
        library = f"{stem}.{isa}.so"
        run(*narrow_compile, model, "--table", table, f"--isa={isa}", "-o", library)
        if network.softmax:
            demand_sqnr(f"integer code of {isa}", library, samples, integer_expected, LEAST_FLOAT_SQNR)
        else:
            run("narrow-run", library, "--input", samples, "--check", integer)
        if scheme:
            continue  # The float code is the same whatever the scheme.
        float_library = f"{stem}.{isa}.float.so"
        run("narrow-compile", model, "--emit=float", f"--isa={isa}", "-o", float_library)
        if network.transcendental or isa == "portable":
            demand_sqnr(f"float code of {isa}", float_library, samples, expected, LEAST_FLOAT_SQNR)
        else:
            run("narrow-run", float_library, "--input", samples, "--check", real)
    for isa in emulated:
        library = f"{stem}.{isa}.so"
        run("narrow-compile", integer, f"--emulate-isa={isa}", "-O0", "-o", library)
        if network.softmax:
            demand_sqnr(f"emulated code of {isa}", library, samples, integer_expected, LEAST_FLOAT_SQNR)
        else:
            run("narrow-run", library, "--input", samples, "--check", integer)
    return demand_sqnr("integer code against float model", f"{stem}.{isas[0]}.so", samples, expected,
                       float("-inf") if scheme or align else LEAST_SQNR)


def seed_parser(description, samples):
    """The options that all programs with seeds have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:20", help="first:end, or one seed")
    parser.add_argument("--dir", required=True, help="where files are written")
    parser.add_argument("--samples", type=int, default=samples)
    parser.add_argument("--check", action="store_true")
    return parser


def run_seeds(options, what, write, check):
    """Calls write(seed, stem) for each seed, and with --check check(what it returned, stem), which says what was found
    or raises Failure. The exit code."""
    first, _, end = options.seeds.partition(":")
    failures = 0
    os.makedirs(options.dir, exist_ok=True)
    for seed in range(int(first), int(end or int(first) + 1)):
        stem = os.path.join(options.dir, str(seed))
        made = write(seed, stem)
        if not options.check:
            continue
        try:
            print(f"seed {seed}: ok, {check(made, stem)}", flush=True)
        except (Failure, subprocess.TimeoutExpired) as error:
            failures += 1
            print(f"seed {seed}: FAILED\n{error}", flush=True)
    if failures:
        print(f"{failures} {what} failed")
    return 1 if failures else 0


def main(make=Network, description=__doc__):
    """The command line; `make` builds the network of a seed."""
    parser = seed_parser(description, samples=8)
    parser.add_argument("--isa", action="append", help="default: avx2, portable")
    parser.add_argument("--emulate", action="append", help="an instruction set that the machine may lack")
    parser.add_argument("--scheme", help="what narrow-compile --scheme is given; default: w8a8")
    parser.add_argument("--align", help="what narrow-compile --align is given; default: nothing")
    options = parser.parse_args()

    def write(seed, stem):
        network = make(seed)
        with open(stem + ".mlir", "w") as out:
            out.write(network.text())
        network.write_samples(stem + ".npz", options.samples)
        return network

    def check_one(network, stem):
        sqnr = check(stem, network, options.isa or ["avx2", "portable"], options.emulate or [], options.scheme, options.align)
        return f"{'-' if sqnr is None else f'{sqnr:.1f}'} dB"

    return run_seeds(options, "networks", write, check_one)


if __name__ == "__main__":
    sys.exit(main())
