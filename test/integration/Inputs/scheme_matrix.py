#!/usr/bin/env python3
"""Every scheme of the grammar on a small network that has each kind of weight.

  scheme_matrix.py --dir out [--isa avx2]... [--full]

Format x bits x group of the weights with 8-bit activations, and bits and scales of the
activations with a few weights, the scales of tokens on a network of fully connected layers. Each combination must become integer code that agrees
with the reference evaluator byte by byte, or be refused by one error that names the
scheme and says which forms there are. Which of the two is written down here, from
docs/schemes.md. One in four goes all the way to machine code, the others to the verified
integer stage; with --full all do, and all activations are crossed with all weights.
"""
import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "fuzz"))
from random_networks import Network, tensor  # noqa: E402
from token_network import TokenNetwork  # noqa: E402

# Name: bits, groups.
FORMATS = {
    "": (range(2, 9), "pgvc"), "pot": (range(2, 9), "pc"), "nf": (range(2, 5), "pg"), "cb": (range(2, 7), "p"),
    "bal": (range(2, 7), "p"), "log": (range(2, 6), "p"), "logsqrt": (range(2, 6), "p"),
}
# No bits follow these.
BLOCKS = {"t": "p", "b": "p", "mxint8": "g", "mxfp8e4m3": "g", "mxfp8e5m2": "g", "mxfp6e2m3": "g", "mxfp6e3m2": "g",
          "mxfp4": "g", "smx9": "", "smx6": "", "smx4": ""}
GROUPS = ["", "pt", "g5", "v16", "c3"]
ACTIVATIONS = [f"a{bits}{scale}" for bits in (*range(1, 10), 15, 16, 17) for scale in ("", "pot", "t")]
ACTIVATIONS += ["a8tpot", "a8pott", "a8tt", "ab", "abt", "a1b"]


class Small(Network):
    """Every kind of contraction, joined by addition and concatenation, pools, a table."""

    def conv(self, x, out, kernel, group=1):
        n, h, w, c = x[1]
        pad = kernel // 2
        scales = [0.1 + 0.9 * self.rng.random() for _ in range(out)]
        fan_in = kernel * kernel * (c // group)
        values = [scales[i // fan_in] * v for i, v in enumerate(self.gauss(out * fan_in, (2 / fan_in) ** 0.5))]
        values[:fan_in] = [0.0] * fan_in  # A channel of zeros.
        bias = self.constant([out], self.gauss(out, 0.2))
        shape, weight_shape = [n, h, w, out], [out, kernel, kernel, c // group]
        weight = self.constant(weight_shape, values)
        if group > 1:
            return self.emit(f"narrow.conv2d {x[0]}, {weight}, {bias} group {group} pad [{pad}, {pad}, {pad}, {pad}] stride [1, 1] "
                             f"dilation [1, 1] : ({tensor(x[1])}, {tensor(weight_shape)}, {tensor([out])}) -> {tensor(shape)}", shape)
        zero = self.zero()
        return self.emit(f"tosa.conv2d {x[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: {pad}, {pad}, {pad}, {pad}>, "
                         f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(x[1])}, {tensor(weight_shape)}, "
                         f"{tensor([out])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}", shape)

    def depthwise(self, x, multiplier):
        n, h, w, c = x[1]
        out, weight_shape = c * multiplier, [3, 3, c, multiplier]
        weight, zero = self.constant(weight_shape, self.gauss(9 * out, 0.4)), self.zero()
        bias = self.constant([out], self.gauss(out, 0.2))
        shape = [n, h, w, out]
        return self.emit(f"tosa.depthwise_conv2d {x[0]}, {weight}, {bias}, {zero}, {zero} {{acc_type = f32, pad = array<i64: 1, 1, 1, 1>, "
                         f"stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}} : ({tensor(x[1])}, {tensor(weight_shape)}, "
                         f"{tensor([out])}, tensor<1xf32>, tensor<1xf32>) -> {tensor(shape)}", shape)

    def build(self):
        self.batch = 1
        self.arguments = [("%arg0", [1, 7, 7, 12])]
        x = self.activation(self.conv(self.arguments[0], 16, 3), "relu")
        y = self.activation(self.depthwise(x, 1), "relu6")
        y = self.activation(self.binary("add", self.conv(y, 16, 1), x), "relu")
        z = self.activation(self.depthwise(self.conv(y, 16, 3, group=4), 2), "hard_swish")
        z = self.concat([z, self.conv(y, 8, 1), y], 3)
        z = self.emit(f"tosa.max_pool2d {z[0]} {{kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}} : "
                      f"({tensor(z[1])}) -> {tensor([1, 6, 6, z[1][3]])}", [1, 6, 6, z[1][3]])
        z = self.global_average(self.binary("add", self.conv(z, 24, 3), self.conv(z, 24, 1)))
        self.results = [self.fully_connected(self.reshape(z, [1, 24]))]


def weights():
    """(text, expected to work) of the part for weights."""
    for name, (bits, groups) in FORMATS.items():
        for b in range(1, 10):
            for group in GROUPS:
                works = b in bits and (not group or group[0] in groups) and not (group[:1] == "v" and b > 6)
                yield f"w{name}{b}{group}", works
    for name, groups in BLOCKS.items():
        for group in GROUPS:
            yield f"w{name}{group}", not group or group[0] in groups
    for wrong in ["", "x", "w", "wq4", "w04x", "w4g", "w4g0", "w4v-1", "w4ptpt", "w44", "w4g4v4"]:
        yield wrong, False


def activation_works(text):
    if text == "ab":
        return True
    scale = next((s for s in ("pot", "t") if text.endswith(s)), "")
    return text[1:].removesuffix(scale) in ("2", "3", "4", "5", "6", "7", "8", *(["16"] if scale != "t" else []))


def combinations(full):
    """(scheme, expected to work, whether tokens have scales)."""
    chosen = ["w8", "w4", "w2pt", "w4v4", "wnf4", "wpot4", "wmxfp4", "wt"]
    others = dict.fromkeys(["w4g5", "wlogsqrt5", "wmxint8"], ["a16"])  # Four convolutions with 16-bit activations.
    others |= dict.fromkeys(["wb", "wbpt"], ["ab"])  # Signs with signs.
    for weight, works in weights():
        for activation in ACTIVATIONS if full or weight in chosen else ["a8", *others.get(weight, [])]:
            yield weight + activation, works and activation_works(activation), activation.endswith("t") and "pot" not in activation


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)


def prepare(stem, network):
    """Writes a network, samples and their table; the stem of their names."""
    with open(stem + ".mlir", "w") as out:
        out.write(network.text())
    network.write_samples(stem + ".npz", 6)
    prepared = run("narrow-calibrate", stem + ".mlir", "--data", stem + ".npz", "-o", stem + ".json")
    if prepared.returncode:
        sys.exit(prepared.stderr)
    return stem


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", required=True, help="where files are written")
    parser.add_argument("--isa", action="append", help="default: native")
    parser.add_argument("--full", action="store_true", help="all activations with all weights")
    options = parser.parse_args()
    os.makedirs(options.dir, exist_ok=True)
    small, tokens = (prepare(os.path.join(options.dir, name), network)
                     for name, network in (("small", Small(1)), ("tokens", TokenNetwork(0))))
    counts = {"compiled": 0, "lowered": 0, "refused": 0, "FAILED": 0}
    for index, (scheme, works, per_token) in enumerate(combinations(options.full)):
        fault = None
        stem = tokens if per_token else small
        if works and per_token:  # Not every op has tokens.
            refused = run("narrow-compile", small + ".mlir", "--table", small + ".json", f"--scheme={scheme}", "-o", small + ".so")
            if refused.returncode != 1 or refused.stderr.count("error") != 1 or "cannot have activations per token" not in refused.stderr:
                fault = f"is not refused by one error where there are no tokens: {refused.stderr}"
        if not works and not options.full and index % 2:
            continue  # Every second one is tried: most of the time is that of starting the tool.
        runs = works and (options.full or index % 4 == 0)
        for isa in options.isa or ["native"]:
            compiled = run("narrow-compile", stem + ".mlir", "--table", stem + ".json", f"--scheme={scheme}", f"--isa={isa}", "--strict",
                           "--emit=integer", "-o", stem + ".int.mlir")
            if runs and not compiled.returncode:
                # LLVM takes half the time with -O0; what it makes of kernels is tested elsewhere.
                level = "-O3" if index % 16 == 0 else "-O0"
                compiled = run("narrow-compile", stem + ".int.mlir", f"--isa={isa}", level, "-o", stem + ".so")
            if fault:
                pass
            elif works and compiled.returncode:
                fault = f"does not compile: {compiled.stderr}"
            elif runs:
                checked = run("narrow-run", stem + ".so", "--input", stem + ".npz", "--check", stem + ".int.mlir")
                if checked.returncode or "compared equal" not in checked.stdout:
                    fault = f"does not equal the reference: {checked.stdout} {checked.stderr}"
            elif not works:
                errors = [line for line in compiled.stderr.splitlines() if "error" in line]
                if compiled.returncode != 1 or len(errors) != 1:
                    fault = f"is not refused by one error (exit code {compiled.returncode}): {compiled.stderr}"
                elif f"scheme '{scheme}'" not in errors[0] or "accepted:" not in errors[0]:
                    fault = f"is refused without its name or the accepted forms: {errors[0]}"
        outcome = "FAILED" if fault else "compiled" if runs else "lowered" if works else "refused"
        counts[outcome] += 1
        if fault:
            print(f"{scheme}: FAILED: {fault[-2000:]}", flush=True)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
