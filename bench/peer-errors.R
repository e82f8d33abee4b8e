# Errors of curves against the truth over several data sets (B9): is ours no larger than theirs? All
# use s(x, k = 16), whose penalty is that of the second derivative (VGAM: df = 12). Then other
# orders m of the penalty: ours with the m of 1, 2, 3 that has the largest log evidence, and ours
# and bamlss with m = 3.
#   Rscript bench/peer-errors.R [rows, default 1e4] [data sets, default 10] [peers, separated by
#   semicolons] > bench/results/peer-errors.txt
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
source(file.path(here, "common-large.R"))
source(file.path(here, "peers.R"))
given <- c(commandArgs(TRUE), character(3))[1:3]
given[given == ""] <- c("1e4", "10", "VGAM;bamlss;GJRM;mgcv gaulss;bamlss, m = 3")[given == ""]
arguments <- as.numeric(given[1:2])
wanted <- strsplit(given[3], ";")[[1]]
cat(
  machine(), "\nroot mean square error of a curve over a grid; mean over", arguments[2],
  "data sets of", arguments[1],
  "rows; in brackets theirs minus ours with its standard error\n\n"
)
peers[["bamlss, m = 3"]] <- peers$bamlss
if (!is.null(peers$bamlss)) {
  peers[["bamlss, m = 3"]]$fit <- function(d) {
    bamlss(lapply(c(two, parameters), smooth, ", m = 3"),
      family = "bivnorm", data = d,
      sampler = FALSE, verbose = FALSE
    )
  }
}
peers <- peers[wanted]
peers <- peers[!vapply(peers, is.null, TRUE)]
one <- function(seed) {
  set.seed(seed)
  d <<- simulate_rows(arguments[1]) # GJRM looks for its data among global variables
  ours <- function(more) suppressMessages(covary(lapply(five_left, smooth, more), data = d))
  orders <- lapply(sprintf(", m = %d", 1:3), ours)
  best <- which.max(vapply(orders, function(fit) diagnostics(fit)$log_evidence, 0))
  cat("data set ", seed, ": log evidence is largest for m = ", best, "\n", sep = "")
  fits <- list(
    covary = orders[[2]], "covary, m by evidence" = orders[[best]],
    "covary, m = 3" = orders[[3]]
  )
  ours <- lapply(fits, covary_errors)
  c(ours, lapply(peers, function(p) {
    out <- run_peer(p, d)
    stats::setNames(if (is.list(out) && !inherits(out, "condition")) {
      out$errors[names(ours[[1]])]
    } else {
      NA * ours[[1]]
    }, names(ours[[1]]))
  }))
}
all <- lapply(seq_len(arguments[2]), one)
for (who in names(all[[1]])) {
  e <- t(vapply(all, function(a) a[[who]], numeric(3)))
  done <- !is.na(e[, "mu1"])
  gap <- (e - t(vapply(all, `[[`, numeric(3), "covary")))[done, , drop = FALSE]
  cat(
    sprintf("%-22s %2d fits ", who, sum(done)),
    sprintf("%s %.4f%s  ", colnames(e), colMeans(e[done, , drop = FALSE]), if (who == "covary") {
      ""
    } else {
      sprintf(" (%+.4f, %.4f)", colMeans(gap), apply(gap, 2, stats::sd) / sqrt(nrow(gap)))
    }), "\n"
  )
}
