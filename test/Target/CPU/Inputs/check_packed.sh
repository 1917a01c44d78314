#!/usr/bin/env bash
# check_packed.sh MODEL TABLE SCHEME DIR ISA...: for each instruction set, emulated, the bytes of weights
# that are not packed and packed, and whether the packed network gives the reference's bytes.
set -euo pipefail
here=$(dirname "$0") base=$4/$3 data="$(dirname "$1")/fashion_test.npz"
narrow-compile "$1" --table "$2" --scheme "$3" --strict -o "$base.int.mlir"
for isa in "${@:5}"; do
  triple=x86_64-linux-gnu
  [ "$isa" = neon-dotprod ] && triple=aarch64-linux-gnu
  narrow-compile "$base.int.mlir" --isa="$isa" --mtriple=$triple --pack-weights=never --emit=vector -o "$base.never.mlir"
  bash "$here/emulate.sh" "$base.int.mlir" "$isa" "$base.so" --pack-weights=always
  run=$(narrow-run "$base.so" --input "$data" --mean 0.286 --std 0.353 --limit 20 --check "$base.int.mlir" | grep compared)
  echo "$3 $isa $(python3 "$here/weight_bytes.py" "$base.never.mlir" "$base.so.mlir") $run"
done
