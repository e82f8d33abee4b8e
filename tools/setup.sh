# Sourced by demo.sh, test.sh and .ci/run. POSIX sh.
# Finds or installs R, a compiler and the packages of DESCRIPTION, and installs covary.
# On Debian and its relatives from apt (as root or through sudo), elsewhere from CRAN.
# shellcheck shell=sh

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
log=$(mktemp)
apt_is_fresh=no

# Without a locale R reads and writes ASCII alone. C.UTF-8 needs no package.
case $(locale charmap 2>/dev/null) in UTF-8) ;; *)
  if locale -a 2>/dev/null | grep -qi '^C\.utf-\?8$'; then export LC_ALL=C.UTF-8; fi
  ;;
esac

say() { printf '%s\n' "$*"; }

# Runs quietly; shows the output only if it fails.
quietly() {
  "$@" >>"$log" 2>&1 && return 0
  say "This command failed: $*"
  tail -n 30 "$log"
  return 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else return 1
  fi
}

has_apt() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }
}

apt_install() {
  if [ "$apt_is_fresh" = no ]; then
    as_root apt-get update -qq >>"$log" 2>&1
    apt_is_fresh=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >>"$log" 2>&1
}

# give_up MESSAGE PACKAGE...: who may not install gets the line for those who may.
give_up() {
  say "$1"
  shift
  if command -v apt-get >/dev/null 2>&1 && ! has_apt; then
    say "Installing takes an administrator's rights. Run, or ask an administrator to run:"
    if command -v sudo >/dev/null 2>&1; then prefix='sudo '; else prefix=; fi
    say "  ${prefix}apt-get update && ${prefix}apt-get install -y $*"
    say "and then this script again, as yourself."
  else
    tail -n 5 "$log"
  fi
  exit 1
}

ensure_r() {
  if ! command -v Rscript >/dev/null 2>&1; then
    say "Installing R ..."
    has_apt && apt_install r-base-core r-base-dev
    command -v Rscript >/dev/null 2>&1 ||
      give_up "R is not installed and could not be. See https://cran.r-project.org" \
        r-base-core r-base-dev
    # Faster with many coefficients; Debian's alternatives make it the BLAS of R. Fine without.
    apt_install libopenblas0-pthread || apt_install libopenblas0 || true
  fi
  compiler=$(R CMD config CC 2>/dev/null | cut -d ' ' -f 1)
  if ! command -v "${compiler:-gcc}" >/dev/null 2>&1 || ! command -v make >/dev/null 2>&1; then
    say "Installing a compiler for R packages ..."
    has_apt && apt_install r-base-dev
    command -v make >/dev/null 2>&1 ||
      give_up "A C compiler and make are needed and could not be installed." r-base-dev
  fi
}

# Names in a field of DESCRIPTION (base packages left out), one a line.
described() {
  Rscript --vanilla -e '
    fields <- commandArgs(TRUE)
    d <- read.dcf(fields[1])
    d <- d[, intersect(fields[-1], colnames(d))]
    p <- trimws(sub("[(].*", "", unlist(strsplit(d, ","))))
    base <- rownames(installed.packages(priority = "base"))
    cat(setdiff(p, c("R", base)), sep = "\n")' "$root/DESCRIPTION" "$@"
}

# Packages that tests may use. Those that take half an hour to compile are used where they are.
suggested() { described Suggests | grep -vxE 'arrow|duckdb'; }

# Servers of data bases, and what their R packages are compiled with
ensure_servers() {
  has_apt || return 0
  command -v mariadbd >/dev/null 2>&1 || [ -x /usr/sbin/mariadbd ] ||
    apt_install mariadb-server libmariadb-dev || true
  ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || apt_install postgresql libpq-dev || true
}

# Those of the named packages that cannot be loaded.
missing_packages() {
  Rscript --vanilla -e '
    p <- commandArgs(TRUE)
    cat(p[!vapply(p, requireNamespace, TRUE, quietly = TRUE)])' "$@" 2>/dev/null
}

debian_names() { printf 'r-cran-%s\n' "$@" | tr '[:upper:]' '[:lower:]'; }

# ensure_packages required|optional name...
ensure_packages() {
  kind=$1
  shift
  [ $# -gt 0 ] || return 0
  absent=$(missing_packages "$@")
  [ -n "$absent" ] || return 0
  say "Installing R packages: $absent"
  if has_apt; then
    for p in $absent; do
      apt_install "$(debian_names "$p")" || true
    done
    # shellcheck disable=SC2086
    absent=$(missing_packages $absent)
  fi
  if [ -n "$absent" ]; then
    # shellcheck disable=SC2086
    Rscript --vanilla -e '
      lib <- .libPaths()[1]
      if (file.access(lib, 2) != 0) {
        lib <- Sys.getenv("R_LIBS_USER")
        dir.create(lib, FALSE, TRUE)
      }
      repos <- "https://cloud.r-project.org"
      install.packages(commandArgs(TRUE), lib, repos = repos, quiet = TRUE)
    ' $absent >>"$log" 2>&1 || true
    # shellcheck disable=SC2086
    absent=$(missing_packages $absent)
  fi
  if [ -n "$absent" ]; then
    if [ "$kind" = required ]; then
      # shellcheck disable=SC2046
      give_up "These packages are needed and could not be installed: $absent" \
        $(debian_names $absent)
    fi
    say "Not available, what needs them is skipped: $absent"
  fi
}

# install_covary [library]: by default the first library that can be written, else the user's own.
install_covary() {
  lib=${1:-$(Rscript --vanilla -e '
    lib <- .libPaths()[file.access(.libPaths(), 2) == 0][1]
    if (is.na(lib)) { lib <- Sys.getenv("R_LIBS_USER"); dir.create(lib, FALSE, TRUE) }
    cat(lib)')}
  # A copy, so that no object files are left in the sources and old ones are not used.
  copy=$(mktemp -d)
  (cd "$root" && tar cf - --exclude='*.o' --exclude='*.so' --exclude=.git \
    DESCRIPTION NAMESPACE LICENSE R src man inst 2>>"$log") | (cd "$copy" && tar xf -)
  quietly R CMD INSTALL --no-test-load --library="$lib" "$copy" || exit 1
  rm -rf "$copy"
}
