#!/usr/bin/env python3
"""Measures what every method does on the networks of test/models and writes docs/results.md.

    python3 test/benchmark/results.py [--build build] [--only REGEX] [--pictures-model M --pictures-calib C
                                      --pictures-test T] [-o docs/results.md]

Every row is one call of narrow-compile with the flags that it shows, calibrated on 512 training pictures; the compiled
integer code then runs on 2,000 test pictures. Top-1 and the signal-to-noise ratio of the logits against the float
model. With --only the other tables of the output file stay as they are. A network of ImageNet (EfficientNet-Lite0; it
is not in the repository) with pictures adds a table of its agreement with the float network. Plain python3; about an
hour on two cores, most of it learned rounding.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODELS = os.path.join(ROOT, "test", "models")
sys.path.insert(0, os.path.join(ROOT, "test", "tools", "Inputs"))
import npz  # noqa: E402
PIXELS = ["--mean", "0.286", "--std", "0.353"]
IMAGENET_PIXELS = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
NETWORKS = ["fashion_resnet", "fashion_mobilenet"]

# The inner layers of mnist_binary.
SIGNS = r"/layers/layers\.[2468]/Conv.*="
ROUNDINGS = ["gptq", "adaround", "adaquant", "flexround"]

# Title, networks, what is expected of it (published, or asked), flags of each row.
TABLES = [
    ("8 bits", NETWORKS,
     "Peers: ONNX Runtime 91.85 % and 37.7 dB (fashion_resnet), 91.65 % and 35.5 dB (fashion_mobilenet); OpenVINO 26.9 dB "
     "and 24.9 dB.",
     ["--scheme=w8a8", "--scheme=w8pta8", "--scheme=wpot8a8pot", "--scheme=w8a8 --method=percentile",
      "--scheme=w8a8 --method=mse", "--scheme=w8a8 --method=octav", "--scheme=w8a8 --method=aciq",
      "--scheme=w8a8 --method=kl", "--scheme=w8a8 --method=auto", "--scheme=w8a8 --method=auto --equalize",
      "--scheme=w8a8 --method=octav --equalize", "--scheme=w8a8 --method=auto --rounding=gptq",
      "--scheme=w8a8 --requantize=fast",
      "--scheme=w8a8 --correct-bias=empirical", "--scheme=w8a8 --method=omse --align=add", "--scheme=w8a16"]),
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
     "AdaRound: ResNet-18 with 4-bit weights 68.7 of 69.7 %, nearest 23.99 per tensor (Nagel 2020). Aim: within 0.3 of "
     "float.",
     ["--scheme=w4a8", "--scheme=w4a8 --rounding=stochastic", "--scheme=w4a8 --correct-bias=empirical",
      *[f"--scheme=w4a8 --rounding={r}" for r in ROUNDINGS]]),
    ("Rounding of 3-bit weights", NETWORKS,
     "Aim: within 1.5 of float.",
     ["--scheme=w3a8", "--scheme=w3a8 --weight-method=mse", "--scheme=w3a8 --correct-bias=empirical",
      *[f"--scheme=w3a8 --rounding={r}" for r in ROUNDINGS]]),
    ("Rounding of 2-bit weights", NETWORKS,
     "Every layer has three weights, -1, 0 and 1 times a scale.",
     ["--scheme=w2a8", "--scheme=w2a8 --weight-method=mse",
      *[f"--scheme=w2a8 --weight-method=mse --rounding={r}" for r in ROUNDINGS]]),
    ("Rounding of formats and groups", NETWORKS,
     "Scales, group scales and levels are those of nearest; gptq and adaround choose among the codes that the format has. "
     "Aim: both better than nearest.",
     [f"--scheme={s}{r}" for s in ("w4v16a8", "w3v16a8", "wnf4a8", "w4g32a8")
      for r in ("", " --rounding=gptq", " --rounding=adaround")]),
    ("4-bit activations", NETWORKS,
     "Everything in 4 bits with minmax, simulated: 83.8 and 86.4 %. Aim: within 2.5 of float.",
     ["--scheme=w8a4", "--scheme=w8a4 --method=mse", "--scheme=w4a4", "--scheme=w4a4 --method=mse",
      "--scheme=w4a4 --method=omse", "--scheme=w4a4 --method=octav", "--scheme=w4a4 --method=auto",
      "--scheme=w4a4 --method=mse --correct-bias=empirical",
      *[f"--scheme=w4a4 --method=mse --rounding={r}" for r in ROUNDINGS]]),
    ("Signs", ["mnist_binary"],
     "AlexNet loses 12.4 points of 56.6 % when trained with signs (XNOR-Net, Rastegari 2016); this network was, so that its "
     "integer form should lose little.",
     ["--scheme=w8a8", f"--override={SIGNS}w8ab", f"--override={SIGNS}wbab", "--scheme=wbab"]),
]


def data_of(network):
    """What Bench.measure needs to know of the pictures of a network that has others than the fashion networks."""
    if not network.startswith("mnist"):
        return {}
    pixels = ["--mean", "0.1307", "--std", "0.3081"]
    return {"pixels": pixels, "test": [f"{MODELS}/mnist_test.npz", *pixels, "--labels", "labels"],
            "calibration": f"{MODELS}/mnist_calib.npz"}


def call(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"
    return done.stdout, ""


# Of the samples that each seed draws, the methods that are compared, how many bits.
SEEDS, DRAWN = range(5), 256
SEED_TITLE = "Five calibration sets"
SEED_ROWS = [f"--scheme=w4a8{r}" for r in ("", " --rounding=gptq", " --rounding=adaround")]

PICTURES_TITLE = "EfficientNet-Lite0"
PICTURES_ROWS = ["--scheme=w8a8", "--scheme=w8a8 --requantize=fast", "--scheme=w8a8 --method=percentile",
                 "--scheme=w8a8 --method=mse", "--scheme=w8a8 --method=auto", "--scheme=w8a8 --correct-bias=empirical",
                 "--scheme=w8a8 --method=auto --correct-bias=empirical", "--scheme=w8a8 --equalize",
                 "--scheme=w8a8 --method=auto --equalize", "--scheme=w8a8 --method=octav --equalize",
                 "--scheme=w8a8 --method=auto --rounding=gptq", "--scheme=w8a8 --equalize --correct-bias=empirical"]


def draw(source, target, seed, count):
    """Writes `count` different samples of the array `input` of an .npz file that `seed` draws."""
    with zipfile.ZipFile(source) as archive:
        dtype, shape, data = npz.parse(archive.read("input.npy"))
    size = len(data) // shape[0]
    rows = sorted(random.Random(seed).sample(range(shape[0]), count))
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("input.npy", npz.npy(dtype, [count, *shape[1:]],
                                              b"".join(data[i * size:(i + 1) * size] for i in rows)))


class Bench:
    def __init__(self, tools, folder):
        self.tools, self.folder, self.floats = tools, folder, {}
        self.calibration = f"{MODELS}/fashion_calib.npz"

    def run(self, library, *more, test=None):
        pictures = test or [f"{MODELS}/fashion_test.npz", *PIXELS, "--labels", "labels"]
        out, error = call([f"{self.tools}/narrow-run", library, "--input", *pictures, "--json", *more])
        if out is None:
            sys.exit(error)
        return json.loads(out)

    def float_of(self, network, test=None):
        name = os.path.basename(network)
        if name not in self.floats:
            library, outputs = f"{self.folder}/{name}.f.so", f"{self.folder}/{name}.npz"
            _, error = call([f"{self.tools}/narrow-compile", f"{network}.onnx", "--emit=float", "-o", library])
            if error:
                sys.exit(error)
            self.floats[name] = (outputs, self.run(library, "--output", outputs, test=test).get("top1"))
        return self.floats[name]

    def measure(self, network, flags, pixels=PIXELS, test=None, calibration=None):
        outputs, _ = self.float_of(network, test)
        library = f"{self.folder}/m.so"
        _, error = call([f"{self.tools}/narrow-compile", f"{network}.onnx", "--data", calibration or self.calibration, *pixels,
                         *flags.split(), "--strict", "-o", library])
        if error and not os.path.exists(library):
            return None, error
        result = self.run(library, "--against", outputs, test=test)
        os.remove(library)
        return result, ""


def row(text, cells):
    text.append("| " + " | ".join(cells) + " |")
    print(text[-1], file=sys.stderr, flush=True)


def make_table(bench, networks, rows):
    text = []
    row(text, ["flags", *networks])
    text.append("|---" * (1 + len(networks)) + "|")
    row(text, ["float", *[f"{bench.float_of(f'{MODELS}/{n}', data_of(n).get('test'))[1]:.2f}" for n in networks]])
    for flags in rows:
        cells = []
        for network in networks:
            result, error = bench.measure(f"{MODELS}/{network}", flags, **data_of(network))
            cells.append(f"{result['top1']:.2f} ({result['sqnr_db']:.1f} dB)" if result else error)
        row(text, [f"`{flags}`", *cells])
    return text


def make_seed_table(bench):
    """Mean and, in brackets, least and largest top-1, then the same of the signal-to-noise ratio."""
    text, files = [], []
    for seed in SEEDS:
        files.append(f"{bench.folder}/seed{seed}.npz")
        draw(f"{MODELS}/fashion_calib.npz", files[-1], seed, DRAWN)
    spread = lambda values, digits: (f"{sum(values) / len(values):.{digits}f} "
                                     f"[{min(values):.{digits}f}, {max(values):.{digits}f}]")
    row(text, ["flags", *NETWORKS])
    text.append("|---" * (1 + len(NETWORKS)) + "|")
    for flags in SEED_ROWS:
        cells = []
        for network in NETWORKS:
            results = []
            for bench.calibration in files:
                result, error = bench.measure(f"{MODELS}/{network}", flags)
                if not result:
                    sys.exit(error)
                results.append(result)
            cells.append(spread([r["top1"] for r in results], 2) + "; "
                         + spread([r["sqnr_db"] for r in results], 1) + " dB")
        row(text, [f"`{flags}`", *cells])
    bench.calibration = f"{MODELS}/fashion_calib.npz"
    return text


def make_pictures_table(bench, args):
    network, test = os.path.splitext(args.pictures_model)[0], [args.pictures_test, *IMAGENET_PIXELS]
    text = []
    row(text, ["flags", "agrees with float", "SQNR"])
    text.append("|---|---|---|")
    bench.calibration = args.pictures_calib
    for flags in PICTURES_ROWS:
        result, error = bench.measure(network, flags, IMAGENET_PIXELS, test)
        if not result:
            sys.exit(error)
        row(text, [f"`{flags}`", f"{result['agreeing']} of {result['samples']}", f"{result['sqnr_db']:.1f} dB"])
    return text


def read_sections(path):
    """The tables of an earlier run, by title."""
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        parts = file.read().split("\n## ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip("\n").splitlines() for part in parts}


def write_sections(path, sections):
    text = ["# Results", "",
            "Written by `test/benchmark/results.py`; measured on the compiled integer code. 512 calibration pictures, "
            "2,000 test pictures of Fashion-MNIST (`mnist_binary`: MNIST). Top-1 in percent; in brackets the signal-to-noise ratio of the logits "
            "against the float model. What the methods are: [methods.md](methods.md), [schemes.md](schemes.md).", ""]
    for title in [*[table[0] for table in TABLES], SEED_TITLE, PICTURES_TITLE]:
        if title in sections:
            text += [f"## {title}", "", *sections[title], ""]
    with open(path, "w") as file:
        file.write("\n".join(text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--only", default="", help="tables whose title matches")
    parser.add_argument("--pictures-model", help="EfficientNet-Lite0.onnx")
    parser.add_argument("--pictures-calib", help=".npz of u8 pictures to calibrate on")
    parser.add_argument("--pictures-test", help=".npz of u8 pictures to compare on")
    parser.add_argument("-o", "--output", default=os.path.join(ROOT, "docs", "results.md"))
    args = parser.parse_args()
    if args.pictures_model and not (args.pictures_calib and args.pictures_test):
        parser.error("--pictures-model needs --pictures-calib and --pictures-test")
    sections = read_sections(args.output)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.join(args.build, "bin"), folder)

        def take(title, comment, make):
            if re.search(args.only, title):
                sections[title] = [comment, "", *make()]
                write_sections(args.output, sections)

        for title, networks, expected, rows in TABLES:
            take(title, expected, lambda: make_table(bench, networks, rows))
        take(SEED_TITLE, f"{DRAWN} of the 512 calibration pictures, drawn with {len(SEEDS)} seeds: mean [least, largest].",
             lambda: make_seed_table(bench))
        if args.pictures_model:
            take(PICTURES_TITLE,
                 "64 crops of photographs for calibration and 64 others; the float network's class is taken as right. "
                 "ONNX Runtime: 61 of 64, 18.5 dB; OpenVINO: 58, 16.8 dB.", lambda: make_pictures_table(bench, args))


if __name__ == "__main__":
    main()
