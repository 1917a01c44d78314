#!/usr/bin/env python3
"""Reads the output of `llvm-objdump -d --no-show-raw-insn` and prints every innermost
loop that has the instruction named on the command line: one line `loop in <symbol>`,
its instructions, `end of loop`."""
import re
import sys


def loops(instructions):
    """Pairs of indices [first, last]: jumps back within one function."""
    at = {address: i for i, (address, _) in enumerate(instructions)}
    found = []
    for i, (_, text) in enumerate(instructions):
        jump = re.match(r"j\w+\s+0x([0-9a-f]+)", text)
        if jump and int(jump[1], 16) in at and at[int(jump[1], 16)] <= i:
            found.append((at[int(jump[1], 16)], i))
    return found


def main():
    wanted = sys.argv[1]
    symbol, functions = None, []
    for line in sys.stdin:
        if head := re.match(r"[0-9a-f]+ <(.+)>:", line):
            symbol = head[1]
            functions.append((symbol, []))
        elif (instruction := re.match(r"\s+([0-9a-f]+):\s+(\S.*)", line)) and functions:
            functions[-1][1].append((int(instruction[1], 16), instruction[2].strip()))
    for name, instructions in functions:
        found = loops(instructions)
        for first, last in found:
            inner = any((a, b) != (first, last) and first <= a and b <= last for a, b in found)
            body = [text for _, text in instructions[first:last + 1]]
            if inner or not any(wanted in text.split() for text in body):
                continue
            print(f"loop in {name}")
            for text in body:
                print(f"  {text}")
            print("end of loop")


if __name__ == "__main__":
    main()
