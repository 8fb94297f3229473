#!/usr/bin/env bash
# Tests and times the GPU kernels, and puts all of it into one file, results.json, for
#   dotnet run -c Release --project perf -- gpu results.json
# Needs nothing but this folder and an NVIDIA driver; with PyTorch for Python 3 it times that too, on the same shapes.
#   ./run.sh [--device cuda|host|sim] [--out FOLDER] [--seconds S] [--limit S] [--bits]
#     --device   host and sim try this script out where there is no GPU [cuda]
#     --out      where results.json and the run go [results]
#     --seconds  time for each variant and shape [0.3]
#     --limit    seconds that one command may take: a kernel that hangs must not hold the machine [300]
#     --bits     compare bits with the simulator's too, which takes minutes of all processors
# Exit code 0 if every step was right; every case must run, none is skipped.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
device=cuda out=results seconds=0.3 limit=300 bits='' jobs=$(( ($(nproc) + 1) / 2 ))
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --limit) limit=$2; shift 2 ;;
    --bits) bits='--against sim'; shift ;;
    *) echo "usage: run.sh [--device cuda|host|sim] [--out FOLDER] [--seconds S] [--limit S] [--bits]" >&2; exit 2 ;;
  esac
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
# What an earlier try left must not pass for a result of this one.
rm -rf "$out"/*.json "$out"/*.log "$out/run" "$out/proofs" "$out"/training-*
export DOTNET_BUNDLE_EXTRACT_BASE_DIR="$out/.native" NO_COLOR=1 HOME="${HOME:-$out}"
dpt() { timeout --kill-after=5 "$limit" "$here/dpt" "$@"; }
export -f dpt
export here limit device bits
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

# Every operator in a process of its own, several at once: a kernel that crashes takes the card's context with it, and all that comes after
# would seem wrong too. With --bits the simulator runs the same text beside the card: where their bits differ, one of them is worth a look.
prove() {
  mkdir -p proofs
  dpt kernels list --json | sed -n 's|.*"id": "\([^/]*\)/.*|\1|p' | awk '!seen[$0]++' > operators.txt
  # A list that did not come would be proven without a fault.
  [ -s operators.txt ] || return 1
  xargs -P "$jobs" -I{} bash -c 'mkdir -p proofs/{} && cd proofs/{} && dpt kernels test {}/ --device "$device" $bits --json > tests.json' \
    < operators.txt
  local code=$? comma='' operator items
  echo '['
  while read -r operator; do
    items=$(sed '1d;$d' "proofs/$operator/tests.json")
    [ -z "$items" ] || printf '%s%s\n' "$comma" "$items"
    [ -z "$items" ] || comma=,
  done < operators.txt
  echo ']'
  return $code
}

# step_seconds RUN: of an update of stage 2, by its last half, when all is compiled.
step_seconds() {
  sed -n 's/.*"step":\([0-9]*\),"time":\([0-9.]*\),"stage":"stage-2-diffusion".*"train\/loss".*/\1 \2/p' "$1/metrics.jsonl" \
    | awk '{ step[NR] = $1; time[NR] = $2 } END { h = int(NR / 2); if (h) printf "%.6f", (time[NR] - time[h]) / (step[NR] - step[h]) }'
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
if [ "$device" = cuda ]; then
  for precision in fp32 bf16; do
    step "training-$precision" dpt run --device cuda --precision "$precision" --config "$here/uvit-s.json" --out "$out/training-$precision" --json
  done
fi
if [ "$device" = cuda ] && python3 -c 'import torch; assert torch.cuda.is_available()' 2> /dev/null; then
  step baseline timeout --kill-after=5 "$limit" python3 "$here/baseline.py" "$out/bench.json"
  step yardstick timeout --kill-after=5 "$limit" python3 "$here/training.py"
fi

gpu=$(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit,memory.total --format=csv,noheader 2> /dev/null | head -n 1)
{
  printf '{\n"schema": 1,\n"device": "%s",\n"commit": "%s",\n"gpu": "%s",\n' \
    "$device" "$(quoted < "$here/commit.txt")" "$(printf '%s' "$gpu" | quoted)"
  for name in doctor tests bench sim baseline yardstick; do
    printf '"%s": ' "$name"
    part "$out/$name.json"
    printf ',\n'
  done
  printf '"training": {'
  comma=''
  for precision in fp32 bf16; do
    [ ! -e "$out/training-$precision/metrics.jsonl" ] || printf '%s"%s": %s' "$comma" "$precision" "$(step_seconds "$out/training-$precision")"
    [ ! -e "$out/training-$precision/metrics.jsonl" ] || comma=', '
  done
  printf '},\n"run": '
  part "$out/run/result.json"
  printf ',\n"seconds": {%s},\n' "$(printf '%s\n' "${times[@]}" | sed 's/\(.*\):\(.*\)/"\1": \2/' | paste -sd, -)"
  printf '"failed": [%s]\n}\n' "$(printf '%s\n' ${failed[@]+"${failed[@]}"} | sed '/^$/d; s/.*/"&"/' | paste -sd, -)"
} > "$out/results.json"
rm -rf "$out/.native"
echo "$out/results.json: ${#failed[@]} of ${#times[@]} steps failed, $SECONDS s in all"
[ ${#failed[@]} -eq 0 ]
