#!/usr/bin/env bash
# check_signs.sh CHANNELS DIR ISA...: for each instruction set, emulated, how many convolutions count bits, and whether the
# bytes are the reference's.
set -euo pipefail
here=$(dirname "$0") base=$2/c$1
python3 "$here/sign_layers.py" "$1" >"$base.mlir"
python3 "$here/../../../tools/Inputs/npz.py" ramp "$base.npz" "x=1x9x11x$1"
for isa in "${@:3}"; do
  options=()
  [ "$isa" = popcount ] && options=(--mcpu=icelake-server)
  bash "$here/emulate.sh" "$base.mlir" "${isa/popcount/avx512vnni}" "$base.so" "${options[@]}"
  echo "$1 $isa $(grep -c 'narrow.kernel = "xnor' "$base.so.mlir" || true) $(narrow-run "$base.so" --input "$base.npz" --check "$base.mlir" | grep compared)"
done
