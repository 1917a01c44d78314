#!/usr/bin/env bash
# check_signs.sh CHANNELS DIR ISA...: for each instruction set, emulated, how many convolutions count bits, and whether the
# bytes are the reference's. "popcount" is avx512vnni on a CPU that counts the bits of lanes.
set -euo pipefail
here=$(dirname "$0") base=$2/c$1
python3 "$here/sign_layers.py" "$1" >"$base.mlir"
python3 "$here/../../../tools/Inputs/npz.py" ramp "$base.npz" "x=1x9x11x$1"
for name in "${@:3}"; do
  isa=${name/popcount/avx512vnni} target=(--emulate-isa="${name}")
  [ "$name" = popcount ] && target=(--mtriple=x86_64-linux-gnu --mcpu=icelake-server)
  narrow-compile "$base.mlir" "${target[@]}" --emit=vector -o "$base.vector.mlir"
  narrow-compile "$base.vector.mlir" --emulate-isa="$isa" -O0 -o "$base.so"
  echo "$1 $name $(grep -c 'narrow.kernel = "xnor' "$base.vector.mlir" || true) $(narrow-run "$base.so" --input "$base.npz" --check "$base.mlir" | grep compared)"
done
