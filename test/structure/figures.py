#!/usr/bin/env python3
"""Counts what the design of the sources promises, and what it costs where it does not hold yet.

usage: figures.py SOURCE [NAME<=NUMBER | NAME>=NUMBER ...]

Prints one line for each figure. With bounds it fails for each that does not hold: bounds are what the sources had when
they were last changed for the better, so that no change makes them worse unnoticed.
"""
import os
import re
import statistics
import sys

# Files of models: they say of each op what it is, and may list ops.
MODELS = re.compile(r"lib/(Dialect/Narrow/IR|Import|Reference)/|lib/Analysis/IntegerRangeModels\.cpp|lib/Conversion/QuantizedToInteger/"
                    r"(Average|Clamp|Contraction|Interpolation|Movement|Product|Sum)\.cpp|lib/Target/CPU/\w+Kernels?\.cpp|Raise\w*\.cpp")
OP = re.compile(r"\b(?:tosa::)?\w+Op\b")


def read(source, folder, *extensions):
    for root, _, names in sorted(os.walk(os.path.join(source, folder))):
        for name in sorted(names):
            if name.endswith(extensions):
                path = os.path.join(root, name)
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, source), re.sub(r"//[^\n]*", "", file.read())


def template_lists(text):
    """The argument lists of isa<...>, isa_and_present<...> and Case<...>, and how many cases each TypeSwitch has."""
    for match in re.finditer(r"\b(?:isa|isa_and_present|Case)<", text):
        depth, i = 1, match.end()
        while depth and i < len(text):
            depth += {"<": 1, ">": -1}.get(text[i], 0)
            i += 1
        yield len(OP.findall(text[match.end():i]))
    for match in re.finditer(r"TypeSwitch<.*?\.Default", text, flags=re.S):
        yield len(re.findall(r"\.Case", match[0]))


def longest_class(text):
    longest = 0
    for match in re.finditer(r"^(?:class|struct) \w+[^;{]*\{", text, flags=re.M):
        end = text.find("\n};", match.end())
        longest = max(longest, text.count("\n", match.start(), end) + 1)
    return longest


def main():
    source, bounds = sys.argv[1], sys.argv[2:]
    figures = {}
    sources = list(read(source, "lib", ".cpp", ".h"))
    for folder in ["Analysis", "Calibration", "Conversion", "Pipelines", "Target/CPU", "Transforms"]:
        figures[f"files of {folder} that name TOSA ops"] = 0
    for path, text in sources:
        if re.search(r"\btosa::\w+Op\b", text) and not MODELS.search(path):
            folder = re.sub(r"^Dialect/Narrow/|/QuantizedToInteger", "", os.path.relpath(os.path.dirname(path), "lib"))
            name = f"files of {folder} that name TOSA ops"
            figures[name] = figures.get(name, 0) + 1
    figures["lists of three or more ops outside of models"] = sum(
        count >= 3 for path, text in sources if not MODELS.search(path) for count in template_lists(text))
    figures["attributes that are set by a literal name"] = sum(
        len(re.findall(r'[sS]et\w*Attr\(\s*(?:\w+,\s*)?"narrow\.', text)) for _, text in sources)
    headers = list(read(source, "include", ".h")) + [(path, text) for path, text in sources if path.endswith(".h")]
    figures["lines of the longest class"] = max(longest_class(text) for _, text in headers)
    passes = [match[0] for _, text in read(source, "include", ".td")
              for match in re.finditer(r"^def \w+ : Pass<.*?^}", text, flags=re.M | re.S)]
    figures["passes"] = len(passes)
    figures["passes without description"] = sum("let description" not in text for text in passes)
    figures["passes without example"] = sum("```" not in text for text in passes)
    lines = sorted(open(os.path.join(source, path), encoding="utf-8").read().count("\n")
                   for path, text in sources if "GEN_PASS_DEF_" in text)
    figures["lines of a pass file, median"] = int(statistics.median(lines))
    figures["lines of a pass file, 90 of 100"] = lines[len(lines) * 9 // 10]
    figures["lines of a pass file, most"] = lines[-1]
    for name, figure in figures.items():
        print(f"{figure:5} {name}")
    failed = False
    for bound in bounds:
        name, relation, number = re.fullmatch(r"(.*?)([<>]=)(\d+)", bound).groups()
        if name not in figures:
            sys.exit(f"no figure is called '{name}'")
        holds = figures[name] <= int(number) if relation == "<=" else figures[name] >= int(number)
        if not holds:
            failed = True
            print(f"error: {name}: {figures[name]}, not {relation} {number}", file=sys.stderr)
    sys.exit(failed)


main()
