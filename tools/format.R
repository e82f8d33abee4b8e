# Formats the R code of the repository: tidyverse style by styler; lines of at most 100 characters
# are checked by lintr (.lintr).
#
#   Rscript tools/format.R            rewrites what is not in style
#   Rscript tools/format.R --check    only says what is not, and fails
#
# C code: clang-format -i src/*.[ch], with .clang-format.

if (!requireNamespace("styler", quietly = TRUE)) stop("Install styler first.")
R.cache::setCacheRootPath(tempdir())
options(styler.quiet = TRUE)

check <- "--check" %in% commandArgs(TRUE)
folders <- c("R", "tests", "tools", "bench", "validation")
files <- list.files(folders, "\\.R$", recursive = TRUE, full.names = TRUE)
result <- styler::style_file(files, dry = if (check) "on" else "off")
changed <- result$file[result$changed %in% TRUE]
if (length(changed)) message(if (check) "Not in style: " else "Formatted: ", toString(changed))
if (check && length(changed)) quit(status = 1)
