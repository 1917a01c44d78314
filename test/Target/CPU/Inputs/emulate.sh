#!/usr/bin/env bash
# emulate.sh MODEL ISA LIBRARY [OPTION...]: compiles a model of the integer stage with the kernels of an instruction
# set that this machine may lack, in plain vector code; the vector stage is LIBRARY.mlir. The code need not be
# fast: LLVM spends half the time on it with -O0.
set -euo pipefail
triple=x86_64-linux-gnu
[ "$2" = neon-dotprod ] && triple=aarch64-linux-gnu
narrow-compile "$1" --isa="$2" --mtriple=$triple "${@:4}" --emit=vector -o "$3.mlir"
narrow-opt --narrow-emulate-intrinsics "$3.mlir" -o "$3.plain.mlir"
narrow-compile "$3.plain.mlir" --isa=portable -O0 -o "$3"
