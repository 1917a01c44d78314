#!/usr/bin/env bash
# check_codes.sh CHANNELS DIR: one line for each instruction set, emulated.
set -euo pipefail
here=$(dirname "$0") base=$2/c$1
python3 "$here/code_layers.py" "$1" >"$base.mlir"
python3 "$here/../../../tools/Inputs/npz.py" ramp "$base.npz" "x=1x17x19x$1"
for isa in avx512vnni avx512 avxvnni avx2 neon-dotprod portable; do
  narrow-compile "$base.mlir" --emulate-isa=$isa -O0 -o "$base.so"
  echo "$isa $(narrow-run "$base.so" --input "$base.npz" --check "$base.mlir" | grep compared)"
done
