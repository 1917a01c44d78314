# Usage: large-models.test.sh WORK MODELS name...
set -eu
work=$1 models=$2
shift 2
for name in "$@"; do
  if [ ! -e "$models/$name.onnx" ]; then
    echo "$name: not there"
    continue
  fi
  narrow-compile "$models/$name.onnx" --data "$work/pictures.npz" --strict -o "$work/$name.int.mlir" 2>"$work/log" || { cat "$work/log"; exit 1; }
  narrow-compile "$work/$name.int.mlir" --strict -o "$work/$name.so"
  narrow-run "$work/$name.so" --input "$work/pictures.npz" --threads 2 --check "$work/$name.int.mlir" 2>"$work/log" | sed -n "s/^compared/$name: compared/p"
  rm -f "$work/$name.so" "$work/$name.int.mlir"
done
