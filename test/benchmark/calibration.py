#!/usr/bin/env python3
"""What calibrating on many samples takes beside running the float network on them, as a Markdown table.

  calibration.py model.onnx samples.npz [--few 100] [--repeat 9] [-- option of the tools…]

The tools are taken from PATH. Times are medians in seconds, memory is the peak.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def measure(command, repeat):
    """Median seconds, and the peak in MB."""
    seconds, peaks = [], []
    for _ in range(repeat):
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.monotonic() - start)
        peaks.append(usage.ru_maxrss / 1024)
        if status:
            sys.exit(f"{' '.join(command)}: {message.decode()}")
    return statistics.median(seconds), statistics.median(peaks)


def main():
    own, options = (sys.argv[1:], [])
    if "--" in own:
        own, options = own[:own.index("--")], own[own.index("--") + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args(own)
    with tempfile.TemporaryDirectory() as directory:
        library, table = os.path.join(directory, "float.so"), os.path.join(directory, "table.json")
        calibrate = ["narrow-calibrate", arguments.model, "--data", arguments.data, "-o", table, *options]
        few = ["--samples", str(arguments.few)]
        rows = [("float network: compile", ["narrow-compile", arguments.model, "--emit=float", "-o", library]),
                ("float network: run on all samples", ["narrow-run", library, "--input", arguments.data, *options]),
                ("calibrate on all samples, one thread", [*calibrate, "--threads=1"]),
                (f"calibrate on {arguments.few}, one thread", [*calibrate, *few, "--threads=1"]),
                ("calibrate on all samples, all cores", calibrate)]
        print("| | s | peak MB |\n|---|---|---|")
        for title, command in rows:
            seconds, peak = measure(command, arguments.repeat)
            print(f"| {title} | {seconds:.2f} | {peak:.1f} |", flush=True)


main()
