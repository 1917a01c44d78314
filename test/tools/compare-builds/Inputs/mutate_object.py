#!/usr/bin/env python3
"""Changes bits of an object, one at a time, and counts those that compare_objects.py does not see.

  mutate_object.py SCRIPTS OBJECT SCRATCH

Bits of instructions, but for padding and what relocations fill in, and of constants that code refers to.
"""
import random
import struct
import sys

sys.path.insert(0, sys.argv[1])
import compare_objects  # noqa: E402

path, scratch = sys.argv[2:]
whole = compare_objects.Object(path)
with open(path, "rb") as file:
    data = file.read()
start, = struct.unpack_from("<Q", data, 40)
count, = struct.unpack_from("<H", data, 60)
offsets = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * 64)[4] for i in range(count)]
rng = random.Random(1)
choose = lambda places, most: rng.sample(places, min(most, len(places)))
places = []
for index, section in enumerate(whole.sections):
    if index == whole.text_index:
        filled = {offset + i for offset in section.relocations for i in range(4)}
        code = [at for f in whole.functions for first, end, _ in f.lines for at in range(first, end) if at not in filled]
        places += [(index, at) for at in choose(code, 20)]
    elif section.name.startswith(".rodata.cst"):
        places += choose([(i, offset) for i, offset in whole.references if i == index], 5)
    elif section.name == ".rodata":
        places += [(index, at) for at in choose(range(len(section.data)), 15)]
missed = 0
for index, at in places:
    changed = bytearray(data)
    changed[offsets[index] + at] ^= 1 << rng.randrange(8)
    with open(scratch, "wb") as file:
        file.write(changed)
    if not compare_objects.compare(whole, compare_objects.Object(scratch)):
        missed += 1
        print(f"{whole.sections[index].name}+{at}: not seen")
print(f"{len(places)} bits changed, {missed} not seen")
