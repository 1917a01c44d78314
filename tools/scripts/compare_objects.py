#!/usr/bin/env python3
"""Compares the machine code of two objects of narrow-compile for x86-64.

  compare_objects.py OLD.o NEW.o

Functions are compared by their instructions. What an instruction refers to counts by content: another function by its
code, a constant by its bytes. Names, the order of functions and constants, their addresses and what follows from them
(displacements, padding) do not count, nor does the description of the model (names, shapes, manifest). Constants that
code refers to are also compared as a whole, in lines of 64 bytes, the alignment that narrow-compile gives each. Exit
code 0 if they are equal, 1 and what differs first if not.
"""
import bisect
import hashlib
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter

OBJDUMP = next((path for path in ("llvm-objdump-22", "/usr/lib/llvm-22/bin/llvm-objdump", "llvm-objdump") if shutil.which(path)), None)
LINE = 64
# Of section headers, symbols and relocations.
WRITE, EXECUTE, MERGE, STRINGS, NOBITS, FUNCTION = 1, 4, 0x10, 0x20, 8, 2
PC_RELATIVE = {2: "PC32", 4: "PLT32", 9: "GOTPCREL", 24: "PC64", 41: "GOTPCRELX", 42: "REX_GOTPCRELX"}
ABSOLUTE = {1: "64", 10: "32", 11: "32S"}


class ObjectError(Exception):
    pass


def sha(data):
    return hashlib.sha1(data if isinstance(data, bytes) else repr(data).encode()).hexdigest()


class Section:
    def __init__(self, name, kind, flags, data, entry_size):
        self.name, self.kind, self.flags, self.data, self.entry_size = name, kind, flags, data, entry_size
        self.relocations = {}  # By offset: (type, section, offset in it).


class Function:
    """`tokens` are its instructions with (function, instruction) or content in place of addresses; `code` is their hash."""

    def __init__(self, name, start, size):
        self.name, self.start, self.size = name, start, size
        self.tokens, self.index, self.code = [], {}, ""


class Object:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.read(file.read())
        self.disassemble()
        self.hash_functions()

    # -- ELF ------------------------------------------------------------------

    def read(self, data):
        if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", data, 18)[0] != 62:
            raise ObjectError(f"{self.path}: no ELF object for x86-64")
        start, = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<3H", data, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
        content = lambda h: b"" if h[1] == NOBITS else data[h[4] : h[4] + h[5]]
        text = lambda table, at: table[at : table.index(b"\0", at)].decode()
        name_table = content(headers[names])
        self.sections = [Section(text(name_table, h[0]), h[1], h[2], content(h), h[9]) for h in headers]
        symbols, self.functions = [], []
        for h in headers:
            if h[1] == 2:  # SHT_SYMTAB
                strings = content(headers[h[6]])
                for at in range(0, h[5], 24):
                    name, info, _, section, value, length = struct.unpack_from("<IBBHQQ", content(h), at)
                    symbols.append((section, value))
                    if info & 15 == FUNCTION and section:
                        self.functions.append((section, Function(text(strings, name), value, length)))
        for h in headers:
            if h[1] == 4:  # SHT_RELA
                for offset, info, addend in struct.iter_unpack("<QQq", content(h)):
                    section, value = symbols[info >> 32]
                    self.sections[h[7]].relocations[offset] = (info & 0xFFFFFFFF, section, value + addend)
        code = {section for section, _ in self.functions}
        if len(code) != 1:
            raise ObjectError(f"{self.path}: functions in {len(code)} sections, expected one")
        self.text_index = code.pop()
        self.text = self.sections[self.text_index]
        self.functions = sorted((f for _, f in self.functions), key=lambda f: f.start)

    # -- Instructions ---------------------------------------------------------

    def disassemble(self):
        if not OBJDUMP:
            raise ObjectError("llvm-objdump is missing: install llvm-22")
        done = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", f"--section={self.text.name}", self.path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise ObjectError(done.stderr.strip())
        lines = [(int(m[1], 16), m[2]) for m in re.finditer(r"^\s*([0-9a-f]+):\s+(.*)$", done.stdout, flags=re.M)]
        addresses = [address for address, _ in lines]
        # Between two instructions there may be lines for several prefixes of one.
        ends = [*addresses[1:], len(self.text.data)]
        covered = 0
        for function in self.functions:
            first, last = (bisect.bisect_left(addresses, a) for a in (function.start, function.start + function.size))
            function.lines = []
            for i in range(first, last):
                text = re.sub(r"\s+", " ", lines[i][1]).strip()
                function.index[addresses[i]] = len(function.lines)
                if not re.match(r"(data16 )*(cs )?nop", text):  # Padding; what jumps to it jumps to what follows.
                    function.lines.append((addresses[i], ends[i], text))
            covered += function.size
        if not covered:
            raise ObjectError(f"{self.path}: no code")
        # What code refers to, for the limits of constants.
        self.references = sorted({(section, target) for f in self.functions for section, target in self.targets(f)})
        for function in self.functions:
            function.tokens = [self.token(function, *line) for line in function.lines]

    def target(self, function, address, end, text):
        """What the instruction refers to outside of itself: (section, offset), or None."""
        found = [offset for offset in range(address, end) if offset in self.text.relocations]
        if len(found) > 1:
            raise ObjectError(f"{self.path}: {function.name}: two relocations in '{text}'")
        if found:
            kind, section, value = self.text.relocations[found[0]]
            if kind in PC_RELATIVE:
                return section, value + end - found[0]
            if kind in ABSOLUTE:
                return section, value
            raise ObjectError(f"{self.path}: {function.name}: relocation of type {kind}")
        match = re.search(r"# 0x([0-9a-f]+)", text) if "(%rip)" in text else re.match(r"(?:j|call|loop|xbegin)\w* 0x([0-9a-f]+)", text)
        return (self.text_index, int(match[1], 16)) if match else None

    def targets(self, function):
        return [t for t in (self.target(function, *line) for line in function.lines) if t and t[0] != self.text_index]

    def token(self, function, address, end, text):
        if "<unknown>" in text:
            return ("bytes", self.text.data[address:end].hex())
        target = self.target(function, address, end, text)
        if not target:
            return text
        text = re.sub(r"\s*#.*|\s*<[^>]*>", "", text)
        text = re.sub(r"(-?0x[0-9a-f]+)?\(%rip\)", "(%rip)", text) if "(%rip)" in text else text.split(" ")[0]
        if any(offset in self.text.relocations for offset in range(address, end)) and "(%rip)" not in text:
            text = re.sub(r"\$?-?0x[0-9a-f]+", "", text)  # Absolute addresses.
        return (text, *self.describe(*target, function))

    def describe(self, index, offset, function=None):
        """A section's place as content."""
        section = self.sections[index]
        if index == self.text_index:
            if function and function.start <= offset < function.start + function.size:
                return "here", function.index.get(offset, f"+{offset - function.start}")
            other = self.find_function(offset)
            return ("function", other, offset - other.start) if other else ("padding", offset)
        if not index:
            return "undefined", offset
        if section.flags & MERGE and section.flags & STRINGS:
            return "string", section.data[offset : section.data.index(b"\0", offset)]
        if section.flags & MERGE and section.entry_size:
            start = offset - offset % section.entry_size
            return "constant", section.data[start : start + section.entry_size].hex(), offset - start
        if section.flags & WRITE or section.kind == NOBITS:
            return "data", section.name  # The description, or the word that says which variant runs.
        return "line", sha(self.line(section, offset - offset % LINE)), offset % LINE

    def line(self, section, start):
        """A line of constants; addresses in it are those of code (tables of jumps)."""
        places = []
        for offset in range(start, min(start + LINE, len(section.data))):
            if offset in section.relocations:
                kind, index, value = section.relocations[offset]
                other = self.find_function(value) if index == self.text_index else None
                places.append((offset - start, kind, value - other.start if other else value))
        return section.data[start : start + LINE] + (repr(places).encode() if places else b"")

    def find_function(self, offset):
        i = bisect.bisect_right([f.start for f in self.functions], offset) - 1
        found = self.functions[i] if i >= 0 else None
        return found if found and offset < found.start + found.size else None

    def hash_functions(self):
        """Each function's hash contains those of the functions that it calls, in as many rounds as calls may nest."""
        parts = lambda f: [part for token in f.tokens if isinstance(token, tuple) for part in token if isinstance(part, Function)]
        own = {f: sha([tuple("" if isinstance(part, Function) else part for part in t) if isinstance(t, tuple) else t for t in f.tokens])
               for f in self.functions}
        called = {f: parts(f) for f in self.functions}
        for f in self.functions:
            f.code = own[f]
        for _ in range(8):
            codes = {f: sha([own[f], *(other.code for other in called[f])]) for f in self.functions}
            for f in self.functions:
                f.code = codes[f]

    # -- Constants ------------------------------------------------------------

    def constant_lines(self):
        """How often each line of constants occurs. Constants that only the description refers to are left out."""
        described = {(section, offset) for s in self.sections if s.flags & WRITE for _, section, offset in s.relocations.values()}
        lines = Counter()
        for index, section in enumerate(self.sections):
            if not section.data or section.flags & (WRITE | EXECUTE | MERGE) or not section.flags & 2:
                continue
            code = [offset for i, offset in self.references if i == index]
            starts = sorted({*code, *(offset for i, offset in described if i == index)})
            for start in range(0, len(section.data), LINE):
                # The last place at or before the line that anything refers to.
                at = bisect.bisect_right(starts, start) - 1
                if at >= 0 and (index, starts[at]) in described and starts[at] not in code:
                    continue
                lines[sha(self.line(section, start))] += 1
        return lines


def compare(old, new):
    """What differs of two objects, a list of (what, text): 'kernels', 'entry points' or 'constants'."""
    left, removed, added = Counter(f.code for f in new.functions), [], []
    for f in old.functions:
        if left[f.code]:
            left[f.code] -= 1
        else:
            removed.append(f)
    for f in reversed(new.functions):
        if left[f.code]:
            left[f.code] -= 1
            added.append(f)
    added.reverse()
    differences, callers = [], []
    for f in removed:
        other = next((g for g in added if g.name == f.name), None)
        if not other:
            differences.append((what_is(f), f"{f.name} ({f.size} bytes) is in the old one only"))
            continue
        added.remove(other)
        if text := describe_pair(f, other):
            differences.append((what_is(f), text))
        else:
            callers.append((what_is(f), f"{f.name}: what it calls"))
    differences += [(what_is(f), f"{f.name} ({f.size} bytes) is in the new one only") for f in added]
    lines = [o.constant_lines() for o in (old, new)]
    if lines[0] != lines[1]:
        gone, come = (sum((a - b).values()) for a, b in (lines, reversed(lines)))
        differences.append(("constants", f"{gone} of {sum(lines[0].values())} lines of {LINE} bytes are in the old one only, "
                                         f"{come} of {sum(lines[1].values())} in the new one only"))
    return differences or callers


def what_is(function):
    """Functions of the C interface are not the network's."""
    return "entry points" if re.search(r"_(info|run|run_codes|run_threads|run_codes_threads|observe|main)$", function.name) else "kernels"


def describe_pair(old, new):
    """Where two functions begin to differ; None if only what they call does."""
    own = lambda token: tuple("" if isinstance(part, Function) else part for part in token) if isinstance(token, tuple) else token
    a, b = ([own(token) for token in f.tokens] for f in (old, new))
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    if at == len(a) == len(b):
        return None
    name = lambda part: part.name if isinstance(part, Function) else str(part)[:40]
    show = lambda token: " ".join(map(name, token)) if isinstance(token, tuple) else token
    first = [show(f.tokens[at]) if at < len(f.tokens) else "end" for f in (old, new)]
    return f"{old.name}: {len(a)} | {len(b)} instructions, the first to differ is {at}: {first[0]} | {first[1]}"


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 3
    try:
        differences = compare(*map(Object, sys.argv[1:]))
    except (OSError, ObjectError) as error:
        print(f"compare_objects.py: error: {error}", file=sys.stderr)
        return 3
    for what, text in differences:
        print(f"{what}: {text}")
    if not differences:
        print("same")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
