#!/usr/bin/env bash
# Makes a folder with everything to test and time the GPU kernels on a bare x86-64 Linux machine that has an NVIDIA driver
# and nothing of .NET: the command line as one file, which carries the proving cases of every kernel, run.sh, and, where NVIDIA's
# assembler is found, the machine code of all kernels. The command line has no symbols, the machine code has: it names C# lines.
#   perf/gpu/bundle.sh [FOLDER]     by default perf/gpu/bundle
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/bundle}
most=$((48 * 1024 * 1024))

rm -rf "$folder"
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet publish "$here/../../src/Cli" -p:PublishProfile=bundle -o "$work" --nologo -v quiet
cp "$work/DPT.Engine.Cli" "$folder/dpt"
dotnet run -c Release --project "$here/../../src/Cli" -- kernels assemble --out "$folder/cubins.zip" \
  || echo "without machine code: the driver will compile all kernels" >&2
cp "$here"/{run.sh,baseline.py,training.py,miniature.json,uvit-s.json} "$folder/"
git -C "$here" rev-parse --short HEAD > "$folder/commit.txt" 2>/dev/null || echo unknown > "$folder/commit.txt"

size=$(du -sb "$folder" | cut -f1)
echo "$folder: $((size / 1024)) KiB"
if [ "$size" -gt "$most" ]; then
  echo "more than $((most / 1024)) KiB" >&2
  exit 1
fi
