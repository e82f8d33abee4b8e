#!/bin/sh
# All benchmarks, one after another, about 25 minutes on a quiet machine; results go to
# bench/results/.
#   sh bench/run.sh                  all
#   sh bench/run.sh billion chart    only these
#   sh bench/run.sh slow-peers       bamlss and GJRM at a million rows, up to 20 minutes; and
#                                    peer-errors (30 minutes) and many-covariates, with peers that
#                                    may take up to ten minutes each: not part of `all`
# covary must be installed; peers (mgcv, rstan, TMB, VGAM, bamlss, GJRM) are used if they are:
# R_LIBS says where.
# A peer that takes longer than COVARY_BENCH_LIMIT seconds (600) is stopped.
cd "$(dirname "$0")/.." || exit 1
results=bench/results
COVARY_BENCH_CACHE=${COVARY_BENCH_CACHE:-${TMPDIR:-/tmp}/covary-bench-cache}
export COVARY_BENCH_CACHE

# run NAME SCRIPT [ARGUMENTS]: appends to the file that the first run of NAME began.
run() {
  name=$1
  script=$2
  shift 2
  [ -f "$script" ] || { echo "$name: no $script here, skipped"; return; }
  begin=$(date +%s)
  if [ "$name" = "$before" ]; then echo >>"$results/$name.txt"; else : >"$results/$name.txt"; fi
  before=$name
  Rscript "$script" "$@" >>"$results/$name.txt" 2>"$results/$name.err" && rm -f "$results/$name.err"
  if [ -f "$results/$name.err" ]; then echo "$name FAILED:"; tail -n 5 "$results/$name.err"; fi
  echo "$name: $(($(date +%s) - begin)) s"
}

bench() {
  case $1 in
    large-core) run large-core bench/large-core.R ;;                       # B1-B4, B11
    vi-on-cells) run vi-on-cells bench/vi-on-cells.R ;;                    # B6
    overhead) run overhead bench/overhead.R ;;                             # B11
    gradient-peers) run gradient-peers bench/gradient-peers.R ;;           # B8
    calibration) run calibration bench/calibration.R ;;                    # B10
    large-peers)                                                           # B9
      run large-peers bench/large-peers.R 1e5 1e3
      run large-peers bench/large-peers.R 1e6 1e6 "mgcv bam" VGAM ;;
    peer-errors)                                                           # B9
      run peer-errors bench/peer-errors.R
      run peer-errors bench/peer-errors.R 1e5 6 "VGAM;bamlss;bamlss, m = 3" ;;
    slow-peers) run slow-peers bench/large-peers.R 1e6 1e6 bamlss GJRM ;;
    compression-error) run compression-error bench/compression-error.R ;;  # B5
    billion) run billion bench/billion.R ;;                                # B5, B7
    threads) run threads bench/threads.R ;;                                # B3
    many-responses) run many-responses bench/many-responses.R ;;
    many-covariates) run many-covariates bench/many-covariates.R ;;
    advi-iteration) run advi-iteration bench/advi-iteration.R ;;
    nuts-versus-stan) run nuts-versus-stan bench/nuts-versus-stan.R ;;
    vb-versus-covary) run vb-versus-covary bench/vb-versus-covary.R ;;
    chart) run chart bench/chart.R ;;
    charts) run charts bench/charts.R ;;
    *) echo "no benchmark $1" >&2; exit 2 ;;
  esac
}

[ $# -gt 0 ] || set -- large-core vi-on-cells overhead gradient-peers calibration \
  large-peers compression-error billion chart \
  advi-iteration nuts-versus-stan vb-versus-covary
for name in "$@"; do bench "$name"; done
