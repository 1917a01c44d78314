#!/usr/bin/env bash
# check_depthwise.sh CHANNELS DIR: one line for each instruction set, emulated.
set -euo pipefail
here=$(dirname "$0") base=$2/c$1
python3 "$here/depthwise_chain.py" "$1" >"$base.mlir"
python3 "$here/../../../tools/Inputs/npz.py" ramp "$base.npz" "x=1x37x41x$1"
for isa in amx avx512vnni avxvnni neon-dotprod avx2 portable; do
  narrow-compile "$base.mlir" --emulate-isa=$isa -O0 -o "$base.so"
  echo "$isa $(narrow-run "$base.so" --input "$base.npz" --check "$base.mlir" | grep compared)"
done
