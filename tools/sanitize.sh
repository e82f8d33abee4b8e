#!/bin/sh
# Runs the test suite on a build with gcc's address and undefined-behaviour sanitizers, then every
# door under gctorture. Prints what was found; exit status 1 if anything was.
#
#   sh tools/sanitize.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/lib"
cat > "$work/Makevars" <<'FLAGS'
CC = gcc -fsanitize=address,undefined,float-cast-overflow -fno-omit-frame-pointer
CFLAGS = -g -O1
STRIP_DEBUG =
FLAGS
mkdir "$work/covary"
(cd "$root" && git archive HEAD DESCRIPTION NAMESPACE R src tests inst LICENSE) |
  tar -x -C "$work/covary"
R_MAKEVARS_USER="$work/Makevars" R CMD INSTALL --preclean --no-test-load --no-docs \
  --library="$work/lib" \
    "$work/covary" > "$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }

asan=$(gcc -print-file-name=libasan.so)
echo "sanitizers: running the tests (several minutes)"
LD_PRELOAD="$asan" ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 \
  UBSAN_OPTIONS=print_stacktrace=1 \
    R_LIBS="$work/lib" NOT_CRAN=true Rscript -e '
    library(testthat); library(covary)
    r <- as.data.frame(test_dir(commandArgs(TRUE), package = "covary", load_package = "installed",
        reporter = "silent", stop_on_failure = FALSE))
    cat(sum(r$passed), "passed,", sum(r$failed) + sum(r$error), "failed\n")' \
  "$root/tests/testthat" \
    > "$work/tests.log" 2>&1 || true
tail -n 1 "$work/tests.log"
found=0
if grep -nE "runtime error|AddressSanitizer" "$work/tests.log"; then found=1; fi

echo "gctorture2(step = 10) over every door"
cd "$root" # the script reads R/
R_LIBS="$work/lib" LD_PRELOAD="$asan" ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 \
    Rscript validation/gctorture.R > "$work/torture.log" 2>&1 || found=1
tail -n 3 "$work/torture.log"
if grep -nE "runtime error|AddressSanitizer" "$work/torture.log"; then found=1; fi
[ $found -eq 0 ] && echo "no report"
exit $found
