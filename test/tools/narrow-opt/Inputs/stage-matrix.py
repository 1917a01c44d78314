#!/usr/bin/env python3
"""Runs every pass and every pipeline of Narrow on modules of every stage.

usage: stage-matrix.py FOLDER TABLE SAMPLES

FOLDER has a module of each stage, <stage>.mlir, all made from one network, and modules between two stages;
TABLE is the network's calibration table, SAMPLES are those it was made of. Passes are those of narrow-opt --help, so new ones take part. Each of them
either leaves IR that parses and verifies, or refuses the module with an error that names stages, or the
pass that has to run before. Prints what each pipeline accepts.
"""
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile

# Options without which a pass refuses every module.
TABLE = {"narrow-import-table", "narrow-annotated-pipeline"}
# What a refusal says: the stage, or what to run.
REFUSAL = re.compile(
    r"this looks like the \w+ stage, not the \w+ stage; |violates the \w+ stage|[;:] run (this before )?--narrow-")
# Of the right stage, and refused for another reason.
OTHER_REASONS = {
    ("narrow-distribute-threads", "vector-observed"): "not supported for a model that observes",
    # Encoded weights are other weights: the table is of the network before.
    ("narrow-import-table", "annotated-encoded"): "other weights before: ",
    ("narrow-round-weights", "annotated-encoded"): "formats or groups of scales, which this rounding is not for",
}
SEPARATOR = "// -----\n"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def narrow_opt(*arguments):
    result = subprocess.run(["narrow-opt", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            encoding="utf-8", timeout=120, preexec_fn=limit_memory)
    return result.returncode, result.stdout, result.stderr


def main():
    folder, table, samples = sys.argv[1:]
    names = sorted(os.path.basename(path)[:-len(".mlir")] for path in glob.glob(folder + "/*.mlir"))
    _, help_text, _ = narrow_opt("--help")
    passes = sorted(set(re.findall(r"^\s+--(narrow-[\w-]+)", help_text, flags=re.M)))
    if len(passes) < 40:
        sys.exit(f"narrow-opt --help lists {len(passes)} passes only")
    # One run for all modules: their lines tell which one an error is about.
    text, begin = "", {}
    for name in names:
        begin[name] = text.count("\n") + 1
        with open(f"{folder}/{name}.mlir", encoding="utf-8") as file:
            text += file.read().rstrip("\n") + "\n" + SEPARATOR
    text = text[:-len(SEPARATOR)]
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        modules, results = f"{scratch}/all.mlir", f"{scratch}/results.mlir"
        with open(modules, "w", encoding="utf-8") as file:
            file.write(text)
        for name in passes:
            option = f"--{name}=table={table}" if name in TABLE else f"--{name}"
            code, output, errors = narrow_opt("--split-input-file", "--data", samples, option, modules)
            if code not in (0, 1):
                faults.append(f"{option}: exit code {code}: {errors[-2000:]}")
                continue
            refused = set()
            for line, message in re.findall(r"^[^\n]*all\.mlir:(\d+):\d+: error: (.*)$", errors, flags=re.M):
                module = max((m for m in names if begin[m] <= int(line)), key=lambda m: begin[m])
                refused.add(module)
                if not REFUSAL.search(message) and OTHER_REASONS.get((name, module), "\n") not in message:
                    faults.append(f"{option} on {module}: {message}")
            elsewhere = [line for line in errors.splitlines() if "error: " in line and "all.mlir:" not in line]
            if elsewhere or (code == 0) != (not refused):
                faults.append(f"{option}: exit code {code}, errors about {sorted(refused)}: {elsewhere or errors[-2000:]}")
            with open(results, "w", encoding="utf-8") as file: # A module that was refused left nothing.
                file.write(SEPARATOR.join(part for part in output.split(SEPARATOR) if part.strip()))
            code, _, errors = narrow_opt("--split-input-file", results)
            if code:
                faults.append(f"{option}: its results do not parse: {errors[-2000:]}")
            if name.endswith("-pipeline"):
                print(f"{name}: accepts", *(m for m in names if m not in refused))
    if faults:
        sys.exit("\n".join(faults))


main()
