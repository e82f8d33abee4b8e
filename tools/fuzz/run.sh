#!/bin/sh
# Fuzzing: hostile calls of exported functions, edited objects, mutated doors, on a build with gcc's
# address and undefined-behaviour sanitizers. Prints a table of outcomes; exit status 1 if anything
# crashed, hung, was reported by a sanitizer or ended in an untyped error.
#
#   sh tools/fuzz/run.sh [calls objects doors [first seed]]        (12000 5000 4000 1; 20 minutes)
#   PLAIN=1 sh tools/fuzz/run.sh ...                               without sanitizers
#
# FUZZ_WORKERS: processes at a time. A case is run again by its seed:
#   sh tools/fuzz/run.sh 1 0 0 <seed>
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/lib" "$work/covary"
if [ -z "${PLAIN:-}" ]; then
    cat > "$work/Makevars" <<'FLAGS'
CC = gcc -fsanitize=address,undefined,float-cast-overflow -fno-omit-frame-pointer
CFLAGS = -g -O1
FLAGS
    export R_MAKEVARS_USER="$work/Makevars"
fi
(cd "$root" && tar -c --exclude='*.o' --exclude='*.so' DESCRIPTION NAMESPACE R src LICENSE) |
    tar -x -C "$work/covary"
R CMD INSTALL --preclean --no-test-load --no-docs --library="$work/lib" "$work/covary" \
    > "$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }
if [ -z "${PLAIN:-}" ]; then
    unset R_MAKEVARS_USER
    LD_PRELOAD=$(gcc -print-file-name=libasan.so)
    ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:handle_segv=1
    ASAN_OPTIONS=$ASAN_OPTIONS:allocator_may_return_null=1:max_allocation_size_mb=4000
    UBSAN_OPTIONS=print_stacktrace=1
    export LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS
fi
R_LIBS="$work/lib" Rscript "$root/tools/fuzz/run.R" "$root/R" \
    "${1:-12000}" "${2:-5000}" "${3:-4000}" "${4:-1}"
