#!/bin/sh
# Installs what is missing, fits two real data sets, prints summaries, writes pictures to demo/.
set -u
# shellcheck source=tools/setup.sh
. "$(dirname -- "$0")/setup.sh"

ensure_r
# shellcheck disable=SC2046
ensure_packages required $(described Imports) survival
ensure_packages optional mice
say "Installing covary ..."
install_covary ""
cd "$root" || exit 1
mkdir -p demo
Rscript --vanilla tools/demo.R
status=$?
rm -f "$log"
exit $status
