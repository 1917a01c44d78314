#!/usr/bin/env python3
"""A small network of tokens, and tokens of very different magnitudes.

  token_network.py out      writes out.mlir, out.npz (calibration), out.test.npz

Fully connected layers over the last axis of [1, 16, 24], as the importer writes MatMul. What follows the first
is bounded by a clamp, so that all tokens count alike in the result, as they do behind a norm; then come a ReLU
and a shortcut. One token of each sample is some hundred times the others, as the first tokens of language models are.
"""
import math
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "fuzz"))
from random_networks import Network, npy, product, tensor  # noqa: E402

TOKENS, FEATURES, HIDDEN, OUTPUTS = 16, 24, 40, 10


class TokenNetwork(Network):
    def layer(self, x, outputs):
        batch, tokens, features = x[1]
        plane = self.reshape(x, [1, batch * tokens, 1, features])
        weight_shape, shape = [outputs, 1, 1, features], [1, batch * tokens, 1, outputs]
        weight = self.constant(weight_shape, self.gauss(outputs * features, math.sqrt(2 / features)))
        bias, zero = self.constant([outputs], self.gauss(outputs, 0.2)), self.zero()
        y = self.emit(f"tosa.conv2d {plane[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, "
                      f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(plane[1])}, {tensor(weight_shape)}, "
                      f"{tensor([outputs])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}", shape)
        return self.reshape(y, [batch, tokens, outputs])

    def build(self):
        self.arguments = [("%arg0", [1, TOKENS, FEATURES])]
        x = self.clamp(self.layer(self.arguments[0], FEATURES), -3, 3)
        y = self.layer(self.activation(self.layer(x, HIDDEN), "relu"), FEATURES)
        self.results = [self.layer(self.binary("add", y, x), OUTPUTS)]

    def write_tokens(self, path, count):
        values = []
        for token in range(count * TOKENS):
            magnitude = 100.0 if token % TOKENS == 0 else 0.1 * 10 ** self.rng.random()
            values += self.gauss(FEATURES, magnitude)
        shape = [count, TOKENS, FEATURES]
        assert len(values) == product(shape)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("input0.npy", (1980, 1, 1, 0, 0, 0)), npy(shape, values))


if __name__ == "__main__":
    network = TokenNetwork(7)
    with open(sys.argv[1] + ".mlir", "w") as out:
        out.write(network.text())
    network.write_tokens(sys.argv[1] + ".npz", 32)
    network.write_tokens(sys.argv[1] + ".test.npz", 16)
