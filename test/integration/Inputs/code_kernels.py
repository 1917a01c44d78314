"""Networks of the layers that have no weights, for channel counts around those of vectors.

usage: code_kernels.py DIR ISA[,ISA...] EMULATED[,EMULATED...] CHANNELS...

Each is compiled for every ISA, run, and compared with the reference evaluator as
test/fuzz/random_networks.py does; EMULATED are instruction sets whose kernels run in plain
vector code.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fuzz"))
import random_networks
from random_networks import tensor


class Layers(random_networks.Network):
    """Transposes, max pools, sums, tables, concatenation and averages of `channels`."""

    def __init__(self, channels):
        self.channels = channels
        super().__init__(channels)

    def max_pool(self, x, kernel, stride, pad):
        n, h, w, c = x[1]
        shape = [n] + [(d + 2 * pad - kernel) // stride + 1 for d in (h, w)] + [c]
        return self.emit(f"tosa.max_pool2d {x[0]} {{kernel = array<i64: {kernel}, {kernel}>, stride = array<i64: {stride}, {stride}>, "
                         f"pad = array<i64: {pad}, {pad}, {pad}, {pad}>}} : ({tensor(x[1])}) -> {tensor(shape)}", shape)

    def scaled(self, x):
        """1x1 depthwise convolution: codes of another scale."""
        c = x[1][3]
        weight, bias, zero = self.constant([1, 1, c, 1], self.gauss(c, 1.0)), self.constant([c], self.gauss(c, 0.3)), self.zero()
        return self.emit(f"tosa.depthwise_conv2d {x[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 0, 0, 0, 0>, "
                         f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(x[1])}, {tensor([1, 1, c, 1])}, "
                         f"{tensor([c])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(x[1])}", x[1])

    def build(self):
        c, h, w = self.channels, 7, 9
        self.batch = 2
        self.transcendental = True
        self.arguments = [("%arg0", [2, c, h, w])]
        planes = self.arguments[0]
        image = self.transpose(planes, [0, 2, 3, 1])
        # A border around what is transposed, pooled and added.
        padded = self.emit_border(image)
        left, right = self.activation(self.scaled(image), "relu"), self.scaled(image)
        total = self.binary("add", left, right)
        difference = self.binary("sub", left, total)
        curve = self.activation(total, "hard_swish")
        joined = self.concat([curve, left], 3)
        self.results = [
            padded,
            self.max_pool(left, 3, 2, 1),
            self.clamp(self.max_pool(curve, 2, 1, 0), -0.2, 0.9),
            self.max_pool(self.max_pool(total, 5, 1, 2), 3, 2, 0),
            self.activation(difference, "tanh"),
            self.transpose(joined, [0, 3, 1, 2]),
            self.transpose(curve, [0, 2, 1, 3]),
            self.global_average(joined),
            self.global_average(padded),
        ]

    def emit_border(self, x):
        c = x[1][3]
        weight, bias, zero = self.constant([3, 3, c, 1], self.gauss(9 * c, 0.3)), self.constant([c], self.gauss(c, 0.3)), self.zero()
        return self.emit(f"tosa.depthwise_conv2d {x[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 1, 1, 1, 1>, "
                         f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(x[1])}, {tensor([3, 3, c, 1])}, "
                         f"{tensor([c])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(x[1])}", x[1])


def main():
    folder, isas, emulated, *channels = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    failed = False
    for count in map(int, channels):
        network, stem = Layers(count), os.path.join(folder, str(count))
        with open(stem + ".mlir", "w") as out:
            out.write(network.text())
        network.write_samples(stem + ".npz", 4)
        try:
            random_networks.check(stem, network, isas.split(","), [isa for isa in emulated.split(",") if isa])
            print(f"{count} channels: ok", flush=True)
        except random_networks.Failure as error:
            failed = True
            print(f"{count} channels: FAILED\n{error}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
