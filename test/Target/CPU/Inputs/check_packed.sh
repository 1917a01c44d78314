#!/usr/bin/env bash
# check_packed.sh MODEL TABLE SCHEME DIR ISA...: for each instruction set, emulated, the bytes of weights
# that are not packed and packed, and whether the packed network gives the reference's bytes.
set -euo pipefail
here=$(dirname "$0") base=$4/$3 data="$(dirname "$1")/fashion_test.npz"
narrow-compile "$1" --table "$2" --scheme "$3" --strict -o "$base.int.mlir"
for isa in "${@:5}"; do
  for pack in never always; do
    narrow-compile "$base.int.mlir" --emulate-isa="$isa" --pack-weights=$pack --emit=vector -o "$base.$pack.mlir"
  done
  narrow-compile "$base.always.mlir" --emulate-isa="$isa" -O0 -o "$base.so"
  run=$(narrow-run "$base.so" --input "$data" --mean 0.286 --std 0.353 --limit 20 --check "$base.int.mlir" | grep compared)
  echo "$3 $isa $(python3 "$here/weight_bytes.py" "$base.never.mlir" "$base.always.mlir") $run"
done
