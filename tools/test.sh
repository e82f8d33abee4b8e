#!/bin/sh
# Installs what is missing, installs the package into a library of its own, starts data bases, runs
# all tests.
# Last line: N passed, N failed, N skipped. Non-zero exit if a test failed or none ran.
set -u
# shellcheck source=tools/setup.sh
. "$(dirname -- "$0")/setup.sh"

ensure_r
# shellcheck disable=SC2046
ensure_packages required $(described Imports) testthat
ensure_servers
# shellcheck disable=SC2046
ensure_packages optional $(suggested)
library=$(mktemp -d)
databases=$(mktemp -d)
trap 'sh "$root/tools/databases.sh" stop "$databases"' EXIT
say "Installing covary ..."
install_covary "$library"
cd "$root" || exit 1
sh tools/databases.sh start "$databases"
set -a
# shellcheck source=/dev/null
. "$databases/environment"
set +a
counts=$library/counts
COVARY_FULL_TESTS=${COVARY_FULL_TESTS:-true} R_LIBS="$library${R_LIBS:+:$R_LIBS}" NOT_CRAN=true \
  Rscript --vanilla tools/test.R "$counts"
line=$(cat "$counts" 2>/dev/null)
rm -rf "$library" "$log"
if [ -z "$line" ]; then
  say "The tests did not run to their end."
  say "0 passed, 1 failed, 0 skipped"
  exit 1
fi
say "$line"
case $line in
  "0 passed"*) exit 1 ;;
  *", 0 failed,"*) exit 0 ;;
  *) exit 1 ;;
esac
