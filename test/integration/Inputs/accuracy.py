"""accuracy.py RESULT [--float RESULT | --expect TOP1] --within POINTS [--samples N]

Checks what narrow-run --json wrote: all samples equal to the reference (if it
ran with --check), top-1 close to the float model's or to a number."""
import argparse
import json
import sys

parser = argparse.ArgumentParser()
parser.add_argument("result")
parser.add_argument("--float")
parser.add_argument("--expect", type=float)
parser.add_argument("--within", type=float, required=True)
parser.add_argument("--samples", type=int, default=2000)
arguments = parser.parse_args()
result = json.load(open(arguments.result))
expected = json.load(open(arguments.float))["top1"] if arguments.float else arguments.expect
print(f"{result['model']}: top-1 {result['top1']:.2f}, expected {expected:.2f} +- {arguments.within}")
if result["samples"] != arguments.samples:
    sys.exit(f"{result['samples']} samples instead of {arguments.samples}")
if result.get("differing", 0) != 0:
    sys.exit(f"{result['differing']} samples differ from the reference")
if abs(result["top1"] - expected) > arguments.within:
    sys.exit("top-1 is off")
