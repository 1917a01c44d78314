"""Runs <folder>/classify on all pictures of <folder>/labels and compares its share of
right classes with top1 of <folder>/run.json."""
import json
import subprocess
import sys

folder = sys.argv[1]
labels = dict(line.split(": ") for line in open(f"{folder}/labels").read().splitlines())
printed = subprocess.run(["./classify", *labels], cwd=folder, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
right = 0
for line in printed.splitlines():
    name, what = line.split(": ")
    print(f"{line}, label {labels[name]}")
    right += what.split()[0] == labels[name]
top1 = 100 * right / len(labels)
expected = json.load(open(f"{folder}/run.json"))["top1"]
if len(printed.splitlines()) != len(labels) or abs(top1 - expected) > 1e-9 or top1 <= 80:
    sys.exit(f"classify: {top1} % of {len(labels)} right, narrow-run: {expected} %")
print("top-1 of classify and narrow-run are equal, above 80 %")
