"""long_sum.py OUT.mlir OUT.npz: a layer whose sums of 16-bit codes need more than 32 bits.

4608 weights a channel, as a 3 x 3 convolution of 512 channels has, and samples of one value, up to the ends of the range."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "fuzz"))
from random_networks import Network, tensor  # noqa: E402


class LongSum(Network):
    def gauss(self, count, deviation, mean=0.0):
        return [(-1) ** (i // 4608) * (1 + i // 4608) / 16 for i in range(count)]

    def build(self):
        self.batch = 1
        shape, weight_shape, out = [1, 1, 1, 4608], [4, 1, 1, 4608], [1, 1, 1, 4]
        self.arguments = [("%arg0", shape)]
        weights = [1 if i % 4608 == 0 else self.rng.randrange(110, 128) / 127 for i in range(4 * 4608)]  # Codes, exactly.
        weight, bias, zero = self.constant(weight_shape, weights), self.constant([4], [0.5, -3.0, 100.0, 0.0]), self.zero()
        self.results = [self.emit(
            f"tosa.conv2d %arg0, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, "
            f"dilation = array<i64: 1, 1>}} : ({tensor(shape)}, {tensor(weight_shape)}, {tensor([4])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(out)}", out)]


network = LongSum(1)
with open(sys.argv[1], "w") as out:
    out.write(network.text())
network.write_samples(sys.argv[2], 16)
