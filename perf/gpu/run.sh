#!/usr/bin/env bash
# Tests and times the GPU kernels, and puts all of it into one file, results.json, for
#   dotnet run -c Release --project perf -- gpu results.json
# Needs nothing but this folder and an NVIDIA driver; with PyTorch for Python 3 it times that too, on the same shapes.
#   ./run.sh [--device cuda|host|sim] [--out FOLDER] [--seconds S] [--limit S]
#     --device   host and sim try this script out where there is no GPU [cuda]
#     --out      where results.json and the run go [results]
#     --seconds  time for each variant and shape [0.3]
#     --limit    seconds that one command may take: a kernel that hangs must not hold the machine [600]
# Exit code 0 if every step was right; every case must run, none is skipped.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
device=cuda out=results seconds=0.3 limit=600
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --limit) limit=$2; shift 2 ;;
    *) echo "usage: run.sh [--device cuda|host|sim] [--out FOLDER] [--seconds S] [--limit S]" >&2; exit 2 ;;
  esac
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
# What an earlier try left must not pass for a result of this one.
rm -rf "$out"/*.json "$out"/*.log "$out/run"
export DOTNET_BUNDLE_EXTRACT_BASE_DIR="$out/.native" NO_COLOR=1 HOME="${HOME:-$out}"
dpt() { timeout --kill-after=5 "$limit" "$here/dpt" "$@"; }
failed=() times=()

# step NAME COMMAND...: standard output to NAME.json, messages to NAME.log, and a line about it.
step() {
  local name=$1 start=$SECONDS code
  shift
  (cd "$out" && "$@") > "$out/$name.json" 2> "$out/$name.log"
  code=$?
  [ $code -eq 0 ] || failed+=("$name")
  times+=("$name:$((SECONDS - start))")
  echo "$name: exit code $code, $((SECONDS - start)) s"
  [ $code -eq 0 ] || tail -n 5 "$out/$name.log" | cut -c1-400
}

# part FILE: its content, or null if there is none.
part() { if [ -s "$1" ]; then cat "$1"; else echo null; fi; }

# A card and the simulator run the same text: where their bits differ, one of them is worth a look.
against() { if [ "$device" = cuda ]; then echo --against sim; fi; }

# prove: all operators in one process, which is quickest; if something fails, every operator in a process of its own, as a
# kernel that crashes takes the card's context with it, and all that comes after seems wrong too.
prove() {
  local operator text items code=0 comma=''
  if text=$(dpt kernels test --device "$device" $(against) --json); then
    printf '%s\n' "$text"
    return 0
  fi
  echo '['
  for operator in $(dpt kernels list --json | sed -n 's|.*"id": "\([^/]*\)/.*|\1|p' | sort -u); do
    rm -f kernel-failures.json
    text=$(dpt kernels test "$operator/" --device "$device" $(against) --json) || code=$?
    items=$(printf '%s\n' "$text" | sed '1d;$d')
    [ -z "$items" ] || printf '%s%s\n' "$comma" "$items"
    [ -z "$items" ] || comma=,
    [ ! -e kernel-failures.json ] || mv kernel-failures.json "failures-$operator.json"
  done
  echo ']'
  return $code
}

quoted() { sed 's/\\/\\\\/g; s/"/\\"/g' | tr -d '\n'; }

step doctor dpt doctor --json
step tests prove
if [ "$device" = sim ]; then
  step sim dpt kernels sim attention.forward --json
  step run dpt run --device sim --config "$here/miniature.json" --out "$out/run" --json
else
  # All shapes of all variants are for a GPU: on a host the naive ones would take an hour.
  step bench dpt kernels bench $([ "$device" = host ] && echo softmax) --device "$device" --seconds "$seconds" --json
  step run dpt run --device "$device" --preset digits-smoke --out "$out/run" --json
fi
if [ "$device" = cuda ] && python3 -c 'import torch; assert torch.cuda.is_available()' 2> /dev/null; then
  step baseline timeout --kill-after=5 "$limit" python3 "$here/baseline.py" "$out/bench.json"
fi

gpu=$(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit,memory.total --format=csv,noheader 2> /dev/null | head -n 1)
{
  printf '{\n"schema": 1,\n"device": "%s",\n"commit": "%s",\n"gpu": "%s",\n' \
    "$device" "$(quoted < "$here/commit.txt")" "$(printf '%s' "$gpu" | quoted)"
  for name in doctor tests bench sim baseline; do
    printf '"%s": ' "$name"
    part "$out/$name.json"
    printf ',\n'
  done
  printf '"run": '
  part "$out/run/result.json"
  printf ',\n"seconds": {%s},\n' "$(printf '%s\n' "${times[@]}" | sed 's/\(.*\):\(.*\)/"\1": \2/' | paste -sd, -)"
  printf '"failed": [%s]\n}\n' "$(printf '%s\n' ${failed[@]+"${failed[@]}"} | sed '/^$/d; s/.*/"&"/' | paste -sd, -)"
} > "$out/results.json"
rm -rf "$out/.native"
echo "$out/results.json: ${#failed[@]} of ${#times[@]} steps failed, $SECONDS s in all"
[ ${#failed[@]} -eq 0 ]
