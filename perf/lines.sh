#!/usr/bin/env bash
# Lines of code of C# and CUDA files: those that are neither empty nor a comment.
#   perf/lines.sh FILE...
set -euo pipefail
for file in "$@"; do
  printf '%6d %s\n' "$(perl -0777 -pe 's{/\*.*?\*/}{}gs; s{(?<!:)//[^\n]*}{}g' "$file" | grep -c '[^[:space:]]')" "$file"
done
