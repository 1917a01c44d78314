#!/usr/bin/env python3
"""Copies IR with one edit: what the regular expression PATTERN finds, exactly once, becomes TEXT.

usage: edit.py IN OUT PATTERN TEXT
"""
import re
import sys

source, to, pattern, text = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    before = file.read()
after, count = re.subn(pattern, text, before)
if count != 1 or after == before:
    sys.exit(f"{pattern} is in {source} {count} times; expected one that changes")
with open(to, "w", encoding="utf-8") as file:
    file.write(after)
