# interrupt.sh FOLDER MODEL: interrupts compilations after ever longer times.
folder=$1 model=$2
compile=(narrow-compile "$model" --table "$folder/table.json" --isa portable -o)
mkdir "$folder/new" "$folder/out"
begin=$(date +%s%N)
"${compile[@]}" "$folder/new/m.so"
took=$(($(date +%s%N) - begin))
interrupted=0
for signal in INT TERM KILL; do
  for percent in 10 60 90 97; do
    echo old >"$folder/out/m.so"
    rm -f "$folder/out/m.h"
    seconds=$(printf '%d.%09d' $((took * percent / 100 / 1000000000)) $((took * percent / 100 % 1000000000)))
    timeout -s "$signal" "$seconds" "${compile[@]}" "$folder/out/m.so" && code=0 || code=$?
    case $code in
    0) ;;
    124 | 137) interrupted=$((interrupted + 1)) ;;
    *) echo "code $code" ;;
    esac
    cmp -s "$folder/out/m.so" "$folder/new/m.so" || [ "$(cat "$folder/out/m.so")" = old ] || echo "half of a library"
    [ ! -e "$folder/out/m.h" ] || cmp -s "$folder/out/m.h" "$folder/new/m.h" || echo "half of a header"
    for file in "$folder"/out/*; do
      case $signal:$file in
      *:*/m.so | *:*/m.h) ;;
      KILL:*.tmp) rm "$file" ;; # Nobody could remove it.
      *) echo "left: $file" ;;
      esac
    done
  done
done
echo "interrupted $interrupted"
echo done
