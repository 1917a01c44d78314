#!/usr/bin/env python3
"""Measures what every method does on the networks of test/models and writes docs/results.md.

    python3 test/benchmark/results.py [--build build] [--only REGEX] [-o docs/results.md]

Every row is one call of narrow-compile with the flags that it shows, calibrated on 512 training pictures; the compiled
integer code then runs on 2,000 test pictures. Top-1 and the signal-to-noise ratio of the logits against the float
model. Plain python3, a few minutes.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODELS = os.path.join(ROOT, "test", "models")
PIXELS = ["--mean", "0.286", "--std", "0.353"]
NETWORKS = ["fashion_resnet", "fashion_mobilenet"]

ROUNDINGS = ["gptq", "adaround", "adaquant", "flexround"]

# Title, networks, what is expected of it (published, or asked), flags of each row.
TABLES = [
    ("8 bits", NETWORKS,
     "Peers on 10,000 pictures of the same set: ONNX Runtime 92.24 % and 37.7 dB (fashion_resnet), 91.78 % and 35.5 dB "
     "(fashion_mobilenet); OpenVINO 26.9 dB and 24.9 dB.",
     ["--scheme=w8a8", "--scheme=w8pta8", "--scheme=wpot8a8pot", "--scheme=w8a8 --method=percentile",
      "--scheme=w8a8 --method=mse", "--scheme=w8a8 --method=octav", "--scheme=w8a8 --method=aciq",
      "--scheme=w8a8 --method=kl", "--scheme=w8a8 --method=auto", "--scheme=w8a8 --requantize=fast",
      "--scheme=w8a8 --correct-bias=empirical"]),
    ("Unequal channels", ["fashion_mobilenet_skewed"],
     "ONNX Runtime falls from 91.7 to 16.5 % per tensor, to 87.1 % per channel. Data-free quantization (Nagel 2019) "
     "brings MobileNetV2 from 0.1 to 71.2 of 71.7 %.",
     ["--scheme=w8a8", "--scheme=w8pta8", "--scheme=w8a8 --equalize", "--scheme=w8pta8 --equalize",
      "--scheme=w8pta8 --equalize --absorb-bias", "--scheme=w8pta8 --equalize --correct-bias=empirical",
      "--scheme=w8pta8 --split-channels=0.05"]),
    ("Ranges of 4-bit weights", NETWORKS,
     "Clipping by least error beats the extrema (OMSE, OCTAV, ACIQ): per tensor it does. A channel has 9 to 576 weights "
     "here, of which each that is clipped counts.",
     ["--scheme=w4a8", *[f"--scheme=w4a8 --weight-method={m}"
                         for m in ("mse", "omse", "octav", "aciq", "percentile", "auto")],
      "--scheme=w4pta8", "--scheme=w4pta8 --weight-method=mse", "--scheme=w4pta8 --weight-method=octav"]),
    ("Granularity of weights", NETWORKS,
     "Two scales a vector keep ResNet-50 above 75 % with 4 bits (VS-Quant, Dai 2021).",
     ["--scheme=w4pta8", "--scheme=w4c4a8", "--scheme=w4a8", "--scheme=w4g32a8", "--scheme=w4g8a8", "--scheme=w4v16a8",
      "--scheme=w4v8a8", "--scheme=w3a8", "--scheme=w3v16a8", "--scheme=w3v4a8", "--scheme=w3g8a8", "--scheme=w2a8",
      "--scheme=w2v16a8", "--scheme=w2v4a8"]),
    ("Formats of weights", NETWORKS,
     "At 4 bits NF4 is best for normal weights (Dettmers 2023); MX: FP6 about float, FP4 below it (Rouhani 2023).",
     ["--scheme=wpot4a8", "--scheme=wnf4a8", "--scheme=wnf4g64a8", "--scheme=wcb4a8", "--scheme=wbal4a8", "--scheme=wlog4a8",
      "--scheme=wlogsqrt4a8", "--scheme=wcb3a8", "--scheme=wmxint8a8", "--scheme=wmxfp8e4m3a8", "--scheme=wmxfp6e2m3a8",
      "--scheme=wmxfp4a8", "--scheme=wsmx6a8", "--scheme=wsmx4a8", "--scheme=wta8", "--scheme=wba8"]),
    ("Rounding of 4-bit weights", NETWORKS,
     "AdaRound: ResNet-18 with 4-bit weights 68.7 of 69.7 %, nearest 23.99 per tensor (Nagel 2020). Asked: within 0.3 of "
     "float.",
     ["--scheme=w4a8", "--scheme=w4a8 --rounding=stochastic", "--scheme=w4a8 --correct-bias=empirical",
      *[f"--scheme=w4a8 --rounding={r}" for r in ROUNDINGS]]),
    ("Rounding of 3-bit weights", NETWORKS,
     "Asked: within 1.5 of float.",
     ["--scheme=w3a8", "--scheme=w3a8 --weight-method=mse", "--scheme=w3a8 --correct-bias=empirical",
      *[f"--scheme=w3a8 --rounding={r}" for r in ROUNDINGS]]),
    ("Rounding of 2-bit weights", NETWORKS,
     "Every layer has three weights, -1, 0 and 1 times a scale.",
     ["--scheme=w2a8", "--scheme=w2a8 --weight-method=mse",
      *[f"--scheme=w2a8 --weight-method=mse --rounding={r}" for r in ROUNDINGS]]),
    ("4-bit activations", NETWORKS,
     "Everything in 4 bits with minmax, simulated: 83.8 and 86.4 %. Asked: within 2.5 of float.",
     ["--scheme=w8a4", "--scheme=w8a4 --method=mse", "--scheme=w4a4", "--scheme=w4a4 --method=mse",
      "--scheme=w4a4 --method=omse", "--scheme=w4a4 --method=octav", "--scheme=w4a4 --method=auto",
      "--scheme=w4a4 --method=mse --correct-bias=empirical",
      *[f"--scheme=w4a4 --method=mse --rounding={r}" for r in ROUNDINGS]]),
]


def call(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"
    return done.stdout, ""


class Bench:
    def __init__(self, tools, folder):
        self.tools, self.folder, self.floats = tools, folder, {}

    def run(self, library, *more):
        out, error = call([f"{self.tools}/narrow-run", library, "--input", f"{MODELS}/fashion_test.npz", *PIXELS,
                           "--labels", "labels", "--json", *more])
        if out is None:
            sys.exit(error)
        return json.loads(out)

    def float_of(self, network):
        if network not in self.floats:
            library, outputs = f"{self.folder}/{network}.f.so", f"{self.folder}/{network}.npz"
            _, error = call([f"{self.tools}/narrow-compile", f"{MODELS}/{network}.onnx", "--emit=float", "-o", library])
            if error:
                sys.exit(error)
            self.floats[network] = (outputs, self.run(library, "--output", outputs)["top1"])
        return self.floats[network]

    def measure(self, network, flags):
        outputs, _ = self.float_of(network)
        library = f"{self.folder}/m.so"
        _, error = call([f"{self.tools}/narrow-compile", f"{MODELS}/{network}.onnx", "--data",
                         f"{MODELS}/fashion_calib.npz", *PIXELS, *flags.split(), "--strict", "-o", library])
        if error and not os.path.exists(library):
            return None, error
        result = self.run(library, "--against", outputs)
        os.remove(library)
        return result, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--only", default="", help="tables whose title matches")
    parser.add_argument("-o", "--output", default="-")
    args = parser.parse_args()
    text = ["# Results", "",
            "Written by `test/benchmark/results.py`; measured on the compiled integer code. 512 calibration pictures, "
            "2,000 test pictures of Fashion-MNIST. Top-1 in percent; in brackets the signal-to-noise ratio of the logits "
            "against the float model.", ""]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.join(args.build, "bin"), folder)
        for title, networks, expected, rows in TABLES:
            if not re.search(args.only, title):
                continue
            text += [f"## {title}", "", expected, "", "| flags | " + " | ".join(networks) + " |",
                     "|---|" + "---|" * len(networks),
                     "| float | " + " | ".join(f"{bench.float_of(n)[1] :.2f}" for n in networks) + " |"]
            for flags in rows:
                cells = []
                for network in networks:
                    result, error = bench.measure(network, flags)
                    cells.append(f"{result['top1'] :.2f} ({result['sqnr_db']:.1f} dB)" if result else error)
                text.append(f"| `{flags}` | " + " | ".join(cells) + " |")
                print(text[-1], file=sys.stderr, flush=True)
            text.append("")
    text = "\n".join(text)
    if args.output == "-":
        print(text)
    else:
        with open(args.output, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
