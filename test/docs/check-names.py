#!/usr/bin/env python3
"""Checks that what README.md and docs/*.md name is there: --narrow-… flags of
narrow-opt, links between pages, and paths in `…` that begin with a folder of the source. And that the
demo, after which the examples are to run, builds the programs and plugins that the pages name.

usage: check-names.py <source folder> <build folder>
"""
import glob
import os
import re
import subprocess
import sys

source, build = sys.argv[1:]
flags = set(re.findall(r"--narrow-[\w-]+", subprocess.run([f"{build}/bin/narrow-opt", "--help"], check=True,
                                                          stdout=subprocess.PIPE, encoding="utf-8").stdout))
demo = re.search(r"^narrow_make (.*) >&2$", open(f"{source}/tools/scripts/demo", encoding="utf-8").read(), flags=re.M)[1]
commands = subprocess.run(["ninja", "-C", build, "-t", "commands", *demo.split()], check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout
made = set(re.findall(r" -o (\S+)", commands))
missing = []
for page in [f"{source}/README.md", *sorted(glob.glob(f"{source}/docs/*.md"))]:
    text = open(page, encoding="utf-8").read()
    name = os.path.relpath(page, source)
    for flag in re.findall(r"--narrow-[\w-]*\w", text):
        if flag not in flags:
            missing.append(f"{name}: narrow-opt has no {flag}")
    for link in re.findall(r"\]\(([^)#:]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)):
        if not os.path.exists(os.path.join(os.path.dirname(page), link)):
            missing.append(f"{name}: no file {link}")
    for path in re.findall(r"`((?:lib|include|test|tools|docs)/[\w./-]*\w)`", text):
        if not os.path.exists(f"{source}/{path}"):
            missing.append(f"{name}: no file {path}")
    named = {f"bin/{program}" for program in re.findall(r"(?<![\w-])narrow-[\w-]*\w", text)}
    named |= {f"lib/{plugin}" for plugin in re.findall(r"build/lib/([\w.-]*\w)", text)}
    for file in named:
        if os.path.exists(f"{build}/{file}") and file not in made:
            missing.append(f"{name}: tools/scripts/demo does not build {file}")
if missing:
    sys.exit("\n".join(sorted(set(missing))))
