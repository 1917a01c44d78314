#!/usr/bin/env python3
"""Compares what README.md says is supported with what the tools say, and what it says is refused
with what they refuse.

usage: check-claims.py <source folder>

Lists of names in `…` are those that an error of narrow-compile lists. `<!-- refused: x -->`
stands behind what ONNX's backend test test_x needs: narrow-compile has to refuse it.
"""
import os
import re
import subprocess
import sys

source = sys.argv[1]
node_tests = "/usr/share/libonnx-testdata/data/node"
readme = open(f"{source}/README.md", encoding="utf-8").read()
wrong = []


def compile_model(model, *options):
    """Exit code and error of narrow-compile; it writes nothing that is kept."""
    done = subprocess.run(["narrow-compile", model, *options, "-o", "claim.o"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8")
    return done.returncode, done.stdout


def listed_by_tool(*options):
    """What the error lists that narrow-compile gives for a value that does not exist."""
    code, error = compile_model(f"{source}/test/models/mnist_cnn.onnx", "--data", f"{source}/test/models/mnist_calib.npz",
                                "--mean", "0", "--std", "1", *options)
    if code != 1:
        sys.exit(f"narrow-compile {' '.join(options)}: exit code {code}, not 1\n{error}")
    return error


def claimed(begin, end):
    """The names in `…` of README.md between two texts; options and links are none."""
    match = re.search(re.escape(begin) + "(.*?)" + re.escape(end), readme, flags=re.S)
    if not match:
        sys.exit(f"README.md has no list that begins with '{begin}' and ends with '{end}'")
    return set(re.findall(r"`([a-z][\w-]*)`", match.group(1)))


def compare(what, readme_names, tool_names):
    for names, text in ((tool_names - readme_names, "the tools have {}, README.md does not"),
                        (readme_names - tool_names, "README.md has {}, the tools do not")):
        if names:
            wrong.append(f"{what}: " + text.format(", ".join(sorted(names))))


error = listed_by_tool("--isa=none")
compare("instruction sets", claimed("Instruction sets:", ";"),
        set(re.search("known are (.*)", error).group(1).split(", ")) - {"native"})

error = listed_by_tool("--scheme=none")
formats = re.search(r"formats after w: (.*); float", error).group(1)
compare("formats of weights", claimed("in formats:", "."),
        {re.match(r"[a-z]+\d*[a-z]*\d*[a-z]*\d*", part).group()
         for part in re.sub(r"[<\[(][^>\])]*[>\])]", "", re.sub(r"\(each \[.*?\]\)", "", formats)).split(", ")})

error = listed_by_tool("--method=none")
compare("methods of ranges", claimed("**Ranges**:", ";"),
        {name.partition(":")[0] for name in re.search("accepted: (.*)", error).group(1).split(", ")})

error = listed_by_tool("--rounding=none")
compare("rounding", claimed("**Rounding of weights**:", "."),
        set(re.findall(r"[a-z]+", re.search("takes (.*), got", error).group(1))) - {"or"})

# The page's rows are those of the importer: ImportTests.
with open(f"{source}/docs/onnx-operators.md", encoding="utf-8") as file:
    operators = len(re.findall(r"^\| \w+ \| \d", file.read(), flags=re.M))
count = int(re.search(r"(\d+)\s+\[operators\]", readme).group(1))
if count != operators:
    wrong.append(f"README.md counts {count} operators, docs/onnx-operators.md has {operators}")

refused = re.findall(r"<!-- refused: (\w+) -->", readme)
if not refused:
    wrong.append("README.md marks nothing as refused")
for name in refused:
    model = f"{node_tests}/test_{name}/model.onnx"
    if not os.path.exists(model):
        wrong.append(f"there is no backend test {name}")
        continue
    code, error = compile_model(model, "--emit=float", "-O0")
    if code == 0:
        wrong.append(f"README.md says that what test_{name} needs is refused, but it compiles")
    elif code != 1 or "error: " not in error:
        wrong.append(f"test_{name}: exit code {code}\n{error}")
if wrong:
    sys.exit("\n".join(wrong))
