"""sqnr.py LEAST: reads what narrow-run --against prints; the SQNR has to be LEAST dB or more."""
import re
import sys

text = sys.stdin.read()
sqnr = float(re.search(r"SQNR ([-0-9.]+) dB", text).group(1))
print(f"SQNR {sqnr} dB, at least {sys.argv[1]}")
sys.exit(sqnr < float(sys.argv[1]))
