#!/usr/bin/env python3
"""Runs the shell examples of a Markdown file and compares what they print.

usage: run-examples.py <file.md> <source folder> <build folder> <scratch folder>

An example is a block fenced with ```console. A line "$ command" is run by bash (a
command that ends in a backslash goes on in the next line); the lines after it are
what it prints, on both streams. All commands of a file run in one shell, in a copy
of the source folder made of links, with build/bin in PATH. In what is printed

  ...            on a line of its own stands for any lines, else for any text
  <!-- example: numbers vary -->   before the block: a number stands for any number
  <!-- example: not run -->        before the block: the block is not run
"""
import difflib
import os
import re
import shutil
import subprocess
import sys

MARK = "@@@ example {} @@@"


def parse(text):
    """Pairs of command and expected lines, with `vary`."""
    examples = []
    for match in re.finditer(r"(?:<!-- example: ([^\n]*) -->\n)?```console\n(.*?)```", text, flags=re.S):
        note, block = match.groups()
        if note not in (None, "numbers vary", "not run"):
            sys.exit(f"unknown note: example: {note}")
        if note == "not run":
            continue
        lines = block.splitlines()
        i = 0
        while i < len(lines):
            if not lines[i].startswith("$ "):
                sys.exit(f"not a command: {lines[i]}")
            command = lines[i][2:]
            i += 1
            while command.endswith("\\"):
                command += "\n" + lines[i]
                i += 1
            expected = []
            while i < len(lines) and not lines[i].startswith("$ "):
                expected.append(lines[i])
                i += 1
            examples.append((command, expected, note == "numbers vary"))
    return examples


def matches(expected, actual, vary):
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
            continue
        parts = []
        for piece in re.split(r"(\.\.\.)", line.rstrip()):
            if piece == "...":
                parts.append(".*")
            elif vary:
                words = re.split(r"(\d+(?:\.\d+)?|\s+)", piece)
                parts += [r"\d+(?:\.\d+)?" if re.match(r"\d", w) else r"\s+" if w.isspace() else re.escape(w) for w in words]
            else:
                parts.append(re.escape(piece))
        pattern += "".join(parts) + "\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def main():
    path, source, build, scratch = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        examples = parse(file.read())
    if not examples:
        sys.exit(f"{path} has no examples")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(f"{scratch}/build")
    for name in os.listdir(source):
        if not name.startswith((".", "build")):
            os.symlink(f"{source}/{name}", f"{scratch}/{name}")
    for name in ("bin", "lib"):
        os.symlink(f"{build}/{name}", f"{scratch}/build/{name}")

    script = "".join(f"echo '{MARK.format(i)}'\n{command}\n" for i, (command, _, _) in enumerate(examples))
    # Progress of long runs depends on how long they take.
    environment = dict(os.environ, PATH=f"{build}/bin:" + os.environ["PATH"], LC_ALL="C.UTF-8", NARROW_PROGRESS="0")
    result = subprocess.run(["bash", "-c", "exec 2>&1\n" + script], cwd=scratch, env=environment, encoding="utf-8",
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    outputs = re.split(r"@@@ example \d+ @@@\n", result.stdout)[1:]
    failures = 0
    for (command, expected, vary), output in zip(examples, outputs):
        actual = [line.rstrip() for line in output.splitlines()]
        if matches(expected, actual, vary):
            continue
        failures += 1
        print(f"$ {command}")
        print("\n".join(difflib.unified_diff(expected, actual, "documented", "printed", lineterm="")))
    if len(outputs) != len(examples):
        sys.exit(f"the shell ended after {len(outputs)} of {len(examples)} examples")
    if failures:
        sys.exit(f"{path}: {failures} of {len(examples)} examples print something else")
    print(f"{path}: {len(examples)} examples")


main()
