#!/usr/bin/env python3
"""Compares the structure of two modules of MLIR.

  compare_ir.py [--ignore REGEX] OLD.mlir NEW.mlir

Both are in the generic form that `narrow-opt --mlir-print-op-generic --mlir-print-elementsattrs-with-hex-if-larger=0`
prints. Equal are modules whose functions have the same ops on the same operands with the same attributes. What does not
count: discardable attributes `narrow.*`, locations, names of values, resources and aliases, the order of attributes, of
functions, and of ops that do not depend on each other, and whether constants are dense or dense_resource. With --ignore,
no attribute whose name matches. Exit code 0 if they are equal, 1 and what differs first if not.
"""
import argparse
import hashlib
import re
import struct
import sys
from collections import Counter

OPEN, CLOSE = "<([{", ">)]}"
INTEGERS = {8: "b", 16: "h", 32: "i", 64: "q"}


class ParseError(Exception):
    pass


def digest(*parts):
    return hashlib.sha1(repr(parts).encode()).hexdigest()


class Op:
    """`fields` is what counts, by name; `digest` is that of the op and of all that it depends on."""

    def __init__(self, name, operands, fields, blocks, identity):
        self.name, self.operands, self.fields, self.blocks, self.identity = name, operands, fields, blocks, identity
        self.digest = digest(name, operands, sorted(fields.items()),
                             [[(arguments, [op.digest for op in ops]) for arguments, ops in region] for region in blocks])

    def describe(self):
        return self.name + (f" '{self.identity}'" if self.identity else "")


class Dense:
    """The bytes of a constant tensor, however it is spelled."""

    def __init__(self, kind, data):
        self.kind, self.data = kind, data
        self.element = re.search(r"[<x]([a-wyz]\w*)>$", kind)
        size = self.width() // 8
        if size and len(data) > size and data == data[:size] * (len(data) // size):
            self.data = data[:size]  # A splat.

    def width(self):
        match = self.element and re.fullmatch(r"[su]?i(8|16|32|64)|f(32|64)", self.element[1])
        return int(match[1] or match[2]) if match else 0

    def __repr__(self):
        return f"dense<{self.values() if len(self.data) <= 16 else hashlib.sha1(self.data).hexdigest()}> : {self.kind}"

    def values(self):
        code = {"f32": "f", "f64": "d"}.get(self.element[1] if self.element else "") or INTEGERS.get(self.width(), "B")
        return list(struct.unpack(f"<{len(self.data) // struct.calcsize(code)}{code}", self.data))


class Parser:
    def __init__(self, text, ignore):
        self.text, self.at, self.ignore = text, 0, ignore
        self.aliases, self.resources = {}, {}
        self.read_resources()

    # -- Text -----------------------------------------------------------------

    def fail(self, what):
        line = self.text.count("\n", 0, self.at) + 1
        raise ParseError(f"line {line}: {what}: {self.text[self.at:self.at + 60]!r}")

    def match(self, pattern, required=True):
        """The next token of this pattern, blanks before it skipped."""
        match = re.compile(r"\s*(" + pattern + ")").match(self.text, self.at)
        if match:
            self.at = match.end()
            return match[1]
        if required:
            self.fail(f"expected {pattern}")
        return None

    def peek(self, pattern):
        return re.compile(r"\s*(?:" + pattern + ")").match(self.text, self.at)

    def balanced(self, ends):
        """The text up to one of the characters `ends` outside of all brackets and strings."""
        token = re.compile(r'"(?:[^"\\]|\\.)*"|->|>=|<=|[' + re.escape(OPEN + CLOSE + ends) + "]")
        start, depth = self.at, 0
        while True:
            match = token.search(self.text, self.at)
            if not match:
                self.fail(f"none of '{ends}' follows")
            found = match[0]
            if depth == 0 and found in ends:
                self.at = match.start()
                return self.text[start:self.at].strip()
            depth += (found in OPEN) - (found in CLOSE)
            if depth < 0:
                self.fail("unbalanced brackets")
            self.at = match.end()

    def read_resources(self):
        """Cuts off the metadata that may follow the module."""
        start = self.text.rfind("{-#")
        if start < 0:
            return
        for name, data in re.findall(r'([\w.$-]+|"[^"]*"):\s*"0x([0-9A-Fa-f]*)"', self.text[start:]):
            self.resources[name.strip('"')] = bytes.fromhex(data)[4:]  # The alignment stands first.
        self.text = self.text[:start]

    # -- Attributes -----------------------------------------------------------

    def resolve(self, text):
        """Without aliases, and with one blank where there are any."""
        parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
        for i in range(0, len(parts), 2):
            parts[i] = re.sub(r"[#!][A-Za-z_][\w$]*(?![\w$.<])", lambda m: self.aliases.get(m[0], m[0]), parts[i])
            parts[i] = re.sub(r"\s+", " ", parts[i])
        return "".join(parts)

    def dense(self, text):
        match = re.fullmatch(r"(dense|dense_resource)<(.*)> : (.*)", text, flags=re.S)
        if not match:
            return text
        form, value, kind = match[1], match[2].strip(), match[3]
        if form == "dense_resource":
            return Dense(kind, self.resources[value.strip('"')])
        if value.startswith('"0x'):
            return Dense(kind, bytes.fromhex(value[3:-1]))
        constant = Dense(kind, b"")  # A splat of a number.
        if constant.width() and re.fullmatch(r"-?\d+", value) and "f" not in constant.element[1]:
            return Dense(kind, (int(value) % 2 ** constant.width()).to_bytes(constant.width() // 8, "little"))
        if constant.width() and re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?|0x[0-9A-Fa-f]+", value, flags=re.I):
            code = "f" if constant.width() == 32 else "d"
            return Dense(kind, int(value, 16).to_bytes(constant.width() // 8, "little") if value[:2] == "0x"
                         else struct.pack("<" + code, float(value)))
        return text

    def value(self):
        """An attribute: a dictionary, a list, or text."""
        if self.peek(r"\{"):
            return sorted(self.dictionary(discardable=True).items())
        if self.peek(r"\["):
            self.match(r"\[")
            items = []
            while not self.match(r"\]", required=False):
                items.append(self.value())
                self.match(",", required=False)
            return items
        return self.dense(self.resolve(self.balanced(",}]")))

    def dictionary(self, discardable):
        self.match(r"\{")
        result = {}
        while not self.match(r"\}", required=False):
            name = self.match(r'"(?:[^"\\]|\\.)*"|[\w.$-]+').strip('"')
            value = self.value() if self.match("=", required=False) else "unit"
            if name in ("narrow.id", "sym_name"):
                self.identity = str(value).strip('"')
            dropped = discardable and name.startswith("narrow.") or self.ignore and re.search(self.ignore, name)
            # No argument has attributes.
            if not dropped and not (name in ("arg_attrs", "res_attrs") and not any(value)):
                result[name] = value
            self.match(",", required=False)
        return result

    # -- Ops ------------------------------------------------------------------

    def module(self):
        """The ops of the module, and the op itself."""
        while alias := self.match(r"[#!][A-Za-z_][\w$]*(?=\s*=)", required=False):
            self.match("=")
            # To the next alias or the first op.
            end = re.compile(r'\n(?=[#!][A-Za-z_][\w$]*\s*=|"|%)').search(self.text, self.at)
            if not end:
                self.fail("an alias and no op")
            value, self.at = self.text[self.at:end.start()].strip(), end.end()
            if not value.startswith("loc("):
                self.aliases[alias] = self.resolve(value)
        top = self.op({}, 0)
        if top.name != "builtin.module":
            self.fail("no module")
        # Aliases of locations follow.
        if self.peek(r"[^#\s]"):
            self.fail("more than one module")
        return top

    def op(self, values, depth):
        results = []
        while name := self.match(r"%[\w$.#-]+(?::\d+)?(?=\s*[,=])", required=False):
            results.append(name)
            if not self.match(",", required=False):
                self.match("=")
        name = self.match(r'"[^"]*"').strip('"')
        self.match(r"\(")
        operands = []
        while not self.match(r"\)", required=False):
            operand = self.match(r"%[\w$.-]+(?:#\d+)?")
            operands.append(values.get(operand, "not yet defined"))
            self.match(",", required=False)
        successors = self.balanced("<({:") if self.peek(r"\[") else ""
        self.identity, fields = None, {}
        if self.peek(r"<\{"):
            self.match("<")
            fields = self.dictionary(discardable=False)
            self.match(">")
        identity, blocks = self.identity, []
        if self.peek(r"\("):
            self.match(r"\(")
            while not self.match(r"\)", required=False):
                blocks.append(self.region({} if name == "func.func" else values, depth + 1))
                self.match(",", required=False)
        self.identity = identity
        if self.peek(r"\{"):
            fields.update((f"{key} (discardable)", value) for key, value in self.dictionary(discardable=True).items())
        if successors:
            fields["successors"] = re.sub(r"%[\w$.#-]+", lambda m: str(values.get(m[0])), successors)
        self.match(":")
        fields["type"] = self.resolve(self.function_type())
        self.location()
        op = Op(name, operands, fields, blocks, self.identity)
        for i, result in enumerate(results):
            result, _, count = result.partition(":")
            for j in range(int(count or 1)):
                values[f"{result}#{j}" if count else result] = f"{op.digest}#{i + j}"
        return op

    def function_type(self):
        start = self.at
        self.match(r"\(")
        self.balanced(")")
        self.match(r"\)")
        self.match("->")
        if self.peek(r"\("):
            self.match(r"\(")
            self.balanced(")")
            self.match(r"\)")
        else:
            token = re.compile(r"[<>]|\s|\n")
            depth, blank = 0, re.compile(r"\s*").match(self.text, self.at).end()
            self.at = blank
            while match := token.search(self.text, self.at):
                depth += (match[0] == "<") - (match[0] == ">" and self.text[match.start() - 1] != "-")
                if depth == 0 and match[0].isspace():
                    self.at = match.start()
                    break
                self.at = match.end()
        return self.text[start:self.at].strip()

    def location(self):
        if self.match(r"loc(?=\()", required=False):
            self.match(r"\(")
            self.balanced(")")
            self.match(r"\)")

    def region(self, values, depth):
        values = dict(values)
        self.match(r"\{")
        blocks = []
        while not self.match(r"\}", required=False):
            arguments = []
            if self.match(r"\^\w+", required=False):
                if self.match(r"\(", required=False):
                    while not self.match(r"\)", required=False):
                        name = self.match(r"%[\w$.-]+")
                        self.match(":")
                        values[name] = f"argument {depth} {len(blocks)} {len(arguments)}"
                        text = self.balanced(",)")
                        arguments.append(self.resolve(re.sub(r"\s*loc\(.*\)$", "", text, flags=re.S)))
                        self.match(",", required=False)
                self.match(":")
            ops = []
            while not self.peek(r"\}|\^"):
                ops.append(self.op(values, depth))
            blocks.append((arguments, ops))
        return blocks


# -- Differences ---------------------------------------------------------------


def shorten(value, limit=100):
    text = str(value)
    return text if len(text) <= limit else text[:limit] + " …"


def describe_values(old, new):
    """How two attributes differ."""
    if isinstance(old, Dense) and isinstance(new, Dense) and old.kind == new.kind and len(old.data) == len(new.data):
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(old.values(), new.values())) if a != b]
        if pairs:
            i, a, b = pairs[0]
            return f"{len(pairs)} of {len(old.values())} values of {old.kind}, the first at {i}: {a} | {b}"
    return f"{shorten(old)} | {shorten(new)}"


def get_body(op):
    return [inner for region in op.blocks for _, ops in region for inner in ops]


def get_roots(op, others):
    """The ops of the body that are not among the digests `others` though all their operands are: where differences begin."""
    result, left = [], Counter(others)
    for inner in get_body(op):
        if left[inner.digest]:
            left[inner.digest] -= 1
        elif all(operand.startswith("argument") or operand.rpartition("#")[0] in others for operand in inner.operands):
            result.append(inner)
    return result


def describe_op_pair(where, old, new):
    """A line for each thing in which two ops differ."""
    what = f"{where}: {old.describe()}"
    if old.name != new.name:
        return [f"{what} | {new.describe()}"]
    lines = []
    if old.operands != new.operands:
        lines.append(f"{what}: other operands")
    for name in sorted({*old.fields, *new.fields}):
        if repr(old.fields.get(name)) != repr(new.fields.get(name)):
            lines.append(f"{what}: {name}: {describe_values(old.fields.get(name, 'missing'), new.fields.get(name, 'missing'))}")
    return lines or [f"{what}: its body"]


def describe_bodies(where, old, new):
    old_digests, new_digests = ([inner.digest for inner in get_body(op)] for op in (old, new))
    old_roots, new_roots = get_roots(old, Counter(new_digests)), get_roots(new, Counter(old_digests))
    lines = []
    for inner in old_roots:
        pair = next((other for other in new_roots if (other.name, other.identity) == (inner.name, inner.identity)),
                    next((other for other in new_roots if other.name == inner.name), None))
        if pair:
            new_roots.remove(pair)
            lines += describe_op_pair(where, inner, pair)
        else:
            lines.append(f"{where}: {inner.describe()} is in the old one only")
    return lines + [f"{where}: {inner.describe()} is in the new one only" for inner in new_roots]


def compare(old_text, new_text, ignore=None):
    """(lines that say what differs, remarks on what differs and does not count)."""
    old, new = (Parser(text, ignore).module() for text in (old_text, new_text))
    lines, remarks = [], []
    if repr(sorted(old.fields.items())) != repr(sorted(new.fields.items())):
        lines += describe_op_pair("module", old, new)
    functions = [{}, {}]
    for side, top in zip(functions, (old, new)):
        for op in get_body(top):
            side[op.identity or op.digest] = op
    for name in dict.fromkeys([*functions[0], *functions[1]]):
        a, b = (side.get(name) for side in functions)
        if not a or not b:
            lines.append(f"{(a or b).describe()} is in the {'old' if a else 'new'} one only")
            continue
        if repr(sorted(a.fields.items())) != repr(sorted(b.fields.items())):
            lines += describe_op_pair(f"@{name}", a, b)
        bodies = [[op.digest for op in get_body(f)] for f in (a, b)]
        shapes = [[[(arguments, len(ops)) for arguments, ops in region] for region in f.blocks] for f in (a, b)]
        if Counter(bodies[0]) != Counter(bodies[1]) or shapes[0] != shapes[1]:
            lines += describe_bodies(f"@{name}", a, b) or [f"@{name}: ops occur more or less often, or in other blocks"]
        elif bodies[0] != bodies[1]:
            remarks.append(f"@{name}: ops stand in another order")
    return lines, remarks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ignore", metavar="REGEX")
    parser.add_argument("old")
    parser.add_argument("new")
    options = parser.parse_args()
    try:
        lines, remarks = compare(*(open(path, encoding="utf-8").read() for path in (options.old, options.new)), options.ignore)
    except (OSError, ParseError) as error:
        print(f"compare_ir.py: error: {error}", file=sys.stderr)
        return 3
    print("\n".join(lines + remarks or ["same"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
