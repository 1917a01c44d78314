#!/usr/bin/env python3
"""Gives IR of every stage, and IR that was damaged by hand, to every driver.

usage: stages-in-drivers.py FOLDER TABLE SAMPLES

FOLDER has a module of each stage, <stage>.mlir, of one network. A driver does what it is asked (0) or says what is
wrong (1, 2: "error: "), and writes nothing then; it never crashes. Prints what each driver takes.
"""
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile

# Of which stage, what is found there, and what becomes of it.
DAMAGES = [
    ("*", r"@main\b", "@other"),
    ("*", r" attributes \{[^}]*\}|module attributes \{[^}]*\} ", " "),
    ("*", r"return %\w+ : (\S+)\n", r"return %arg0 : \1" + "\n"),
    ("*", r"\{narrow.name = \"x\"\}", ""),
    ("*", r"\{narrow.name = \"y\"\}", "{narrow.name = 3 : i32}"),
    ("*", r"1x4x4x2xf32", "1x4x?x2xf32"),
    ("*", r"1x4x4x2xf32", "1x4x0x2xf32"),
    ("*", r"f32", "f16"),
    ("*", r"narrow.id = \"\w+\"", 'narrow.id = 4 : i32'),
    ("observed", r"narrow.observe (%\w+) \"\w+\"", r'narrow.observe \1 "same"'),
    ("observed", r"narrow.observe %arg0", "narrow.observe %5"),
    ("annotated", r"type !quant[^ ]* ", "type !quant.any<i8:f32> "),
    ("annotated", r"type !quant[^ ]* ", "type !quant.uniform<i8:f32:0:2, {{1.0}, {2.0}}> "),
    ("annotated", r"per_channel, axis = 0", "per_channel, axis = 3"),
    ("annotated", r"per_channel, axis = 0", "per_group, axis = 0, group = 7"),
    ("annotated", r"<8 bits", "<0 bits"),
    ("annotated", r" weight range", " range"),
    ("quantized", r"i8:f32", "u8:f32"),
    ("quantized", r"<-127:127>", "<-3:3>"),
    ("quantized", r"narrow.dequantize %(\w+) :", r"narrow.quantize %\1 :"),
    ("quantized", r", \{[^}]*\}>", ", {1.0e-30,1.0e30}>"),
    ("integer", r"@quantize_inputs", "@elsewhere"),
    ("integer", r"func.func private @dequantize_outputs(.|\n)*?\n  \}\n", ""),
    ("integer", r"narrow.type = !quant[^}]*>\}", "narrow.type = i8}"),
    ("integer", r"narrow.type = !quant[^}]*>\}", "narrow.types}"),
    ("integer", r"dense<(\d+)> : tensor<1xi32>", "dense<-1> : tensor<1xi32>"),
    ("integer", r"dense<(\d+)> : tensor<1xi8>", "dense<127> : tensor<1xi8>"),
    ("integer", r"call @network", "call @main"),
    ("vector", r"narrow.arena_size = \d+", "narrow.arena_size = 1"),
    ("vector", r"narrow.arena_size = \d+", "narrow.arena_size = -64"),
    ("vector", r"narrow.arena_alignment = \d+ : i64", "narrow.arena_alignment"),
    ("vector", r"narrow.target = #narrow.target<isa = \"portable\"", 'narrow.target = #narrow.target<isa = "abacus"'),
    ("vector", r"narrow.target = #narrow.target<isa = \"portable\"", 'narrow.profile_offset = 8 : i64, narrow.profile = [{name = 1 : i32}], narrow.target = #narrow.target<isa = "portable"'),
    ("vector", r"narrow.target = #narrow.target<isa = \"portable\"", 'narrow.observed = "x", narrow.threads = "many", narrow.target = #narrow.target<isa = "portable"'),
    ("vector", r"narrow.shape = array<i64: [^>]*>", 'narrow.shape = array<i64: -1>'),
    ("vector", r"narrow.shape = array<i64: [^>]*>", 'narrow.shape'),
    ("vector", r"narrow.output", 'narrow.input'),
    ("vector", r"memref<32xi8>", 'memref<1xi8>'),
]


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))


def try_driver(*command):
    """The exit code of a driver whose last argument is its output; raises if it has failed as none may."""
    output = command[-1]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                            errors="replace", timeout=120, preexec_fn=limit_memory)
    said = "error: " in result.stderr
    if result.returncode not in (0, 1, 2) or (result.returncode != 0) != said:
        raise RuntimeError(f"{' '.join(command)}\nexit code {result.returncode}: {result.stderr[-2000:]}")
    if result.returncode and os.path.exists(output):
        raise RuntimeError(f"{' '.join(command)}\nfails and leaves {output}: {result.stderr[-2000:]}")
    if os.path.exists(output):
        os.remove(output)
    return result.returncode


def damage(folder, scratch):
    """Files of damaged IR, of the stages that the damages are for."""
    for path in sorted(glob.glob(folder + "/*.mlir")):
        name = os.path.basename(path)[:-len(".mlir")]
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for number, (stage, pattern, replacement) in enumerate(DAMAGES):
            if stage != name and (stage != "*" or "-" in name):
                continue
            damaged, count = re.subn(pattern, replacement, text)
            if not count and stage != "*":
                raise RuntimeError(f"{path} has no {pattern}")
            if damaged != text:
                target = f"{scratch}/{name}.{number}.mlir"
                with open(target, "w", encoding="utf-8") as file:
                    file.write(damaged)
                yield target


def main():
    folder, table, samples = sys.argv[1:]
    faults, accepted = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        output, code = scratch + "/output.mlir", scratch + "/output.o"

        def run(name, *command):
            try:
                if try_driver(*command) == 0:
                    accepted.setdefault(command[0], []).append(name)
            except (RuntimeError, subprocess.TimeoutExpired) as fault:
                faults.append(str(fault))

        for path in sorted(glob.glob(folder + "/*.mlir")):
            name = os.path.basename(path)[:-len(".mlir")]
            ranges = ["--table", table] if name.split("-")[0] in ("imported", "float", "observed") else []
            run(name, "narrow-compile", path, *ranges, "--isa", "portable", "--emit=vector", "-o", output)
            run(name, "narrow-calibrate", path, "--data", samples, "--samples", "2", "-o", output)
            run(name, "narrow-run", path, "--input", samples, "--limit", "2", "--output", output)
            run(name, "narrow-report", path, "--table", table, "--input", samples, "--samples", "2", "-o", output)
            if "-" not in name:
                run(name, "narrow-search", path, "--table", table, "--input", samples, "--samples", "2",
                    "--budget", "bops=1", "-o", output)
        for driver, names in sorted(accepted.items()):
            print(f"{driver}: takes", *names)
        for path in damage(folder, scratch):
            stage = os.path.basename(path).split(".")[0]
            ranges = ["--table", table] if stage in ("imported", "float", "observed") else []
            form = ["-O0", "-o", code] if stage == "vector" else ["--emit=vector", "-o", output]
            run(path, "narrow-compile", path, *ranges, "--isa", "portable", *form)
            if stage not in ("vector", "llvm"):
                run(path, "narrow-run", path, "--input", samples, "--limit", "2", "--output", output)
            if stage in ("imported", "float"):
                run(path, "narrow-calibrate", path, "--data", samples, "--samples", "2", "-o", output)
    if faults:
        sys.exit("\n\n".join(faults))


main()
