#!/usr/bin/env python3
"""A small network of tokens, and tokens of very different magnitudes.

  token_network.py --seeds 0 --dir out      writes out/0.mlir, out/0.npz (calibration), out/0.test.npz

Fully connected layers over the last axis of [1, tokens, features], as the importer writes MatMul. What follows the
first is bounded by a clamp, so that all tokens count alike in the result, as they do behind a norm; then come a ReLU
and a shortcut. One token of each sample is some hundred times the others, as the first tokens of language models are.
The network of seed 1 has an outlier feature as well: the first channel before the ReLU is 100 times the others, and its
weights behind it are as small. With other seeds than 0 and 1 the sizes are random, some channels and tokens are zeros, some biases huge. The options are those of random_networks.py.
"""
import math
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "fuzz"))
from random_networks import CHANNELS, Network, main, npy, product, tensor  # noqa: E402


class TokenNetwork(Network):
    def __init__(self, seed):
        self.random_sizes, self.outlier = seed > 1, 100.0 if seed == 1 else 1.0
        super().__init__(seed if seed > 1 else 7)

    def layer(self, x, outputs, first_output=1.0, first_input=1.0):
        batch, tokens, features = x[1]
        plane = self.reshape(x, [1, batch * tokens, 1, features])
        weight_shape, shape = [outputs, 1, 1, features], [1, batch * tokens, 1, outputs]
        weights, biases = self.gauss(outputs * features, math.sqrt(2 / features)), self.gauss(outputs, 0.2)
        weights[:features] = [w * first_output for w in weights[:features]]
        weights[::features] = [w * first_input for w in weights[::features]]
        biases[0] *= first_output
        if self.random_sizes and self.chance(0.3):
            weights[:features] = [0.0] * features
        if self.random_sizes and self.chance(0.3):
            biases[-1] = 1e4
        weight, bias, zero = self.constant(weight_shape, weights), self.constant([outputs], biases), self.zero()
        y = self.emit(f"tosa.conv2d {plane[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, "
                      f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(plane[1])}, {tensor(weight_shape)}, "
                      f"{tensor([outputs])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}", shape)
        return self.reshape(y, [batch, tokens, outputs])

    def build(self):
        tokens, features, hidden, outputs = 16, 24, 40, 10
        if self.random_sizes:
            tokens, features, hidden, outputs = self.rng.choice([1, 2, 5, 16]), *(self.rng.choice(CHANNELS) for _ in range(3))
        self.arguments = [("%arg0", [1, tokens, features])]
        x = self.clamp(self.layer(self.arguments[0], features), -3, 3)
        y = self.activation(self.layer(x, hidden, first_output=self.outlier), "relu")
        y = self.layer(y, features, first_input=1 / self.outlier)
        self.results = [self.layer(self.binary("add", y, x), outputs)]

    def write_samples(self, path, count):
        self.write_tokens(path, 4 * count)
        self.write_tokens(path.removesuffix(".npz") + ".test.npz", 2 * count)

    def write_tokens(self, path, count):
        _, tokens, features = self.arguments[0][1]
        values = []
        for token in range(count * tokens):
            magnitude = 100.0 if token % tokens == 0 else 0.1 * 10 ** self.rng.random()
            if self.random_sizes and self.chance(0.1):
                magnitude = 0.0
            values += self.gauss(features, magnitude)
        shape = [count, tokens, features]
        assert len(values) == product(shape)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("input0.npy", (1980, 1, 1, 0, 0, 0)), npy(shape, values))


if __name__ == "__main__":
    sys.exit(main(TokenNetwork, __doc__))
