"""weight_bytes.py VECTOR.mlir...: how many bytes the weights of contractions take in each."""
import re
import sys

sizes = []
for path in sys.argv[1:]:
    total = 0
    for line in open(path):
        found = re.search(r'memref\.global .*@weights\w* : memref<(\d+)xi(\d+)>', line)
        if found:
            total += int(found[1]) * int(found[2]) // 8
    sizes.append(total)
print("bytes", *sizes)
