# Peers of the benchmarks: how each fits the simulated rows of common-large.R, and the errors of its
# curves.
load_quietly <- function(package) suppressMessages(library(package, character.only = TRUE))
have <- function(package) nzchar(system.file(package = package))
two <- c("y1", "y2")
parameters <- c("sigma1", "sigma2", "rho")
five_left <- c("cbind(y1, y2)", "sigma", "rho")
smooth <- function(left, more = "") {
  stats::as.formula(
    sprintf("%s ~ s(x, k = 16%s)", left, more),
    globalenv()
  )
}

# who -> list(package, from, to (rows), fit: function(d), errors: function(fit), target: times ours)
peers <- list(
  "mgcv gaulss" = list(
    package = "mgcv", from = 1e3, to = 1e5, target = 1000,
    fit = function(d) gam(list(y1 ~ s(x, k = 16), ~ s(x, k = 16)), family = gaulss(), data = d),
    errors = function(fit) {
      p <- predict(fit, grid, type = "response")
      c(mu1 = rms(p[, 1], truth$mu1), log_sigma1 = rms(-log(p[, 2]), truth$s1))
    }
  ),
  "mgcv bam" = list(
    package = "mgcv", from = 1e4, to = 1e7,
    fit = function(d) bam(y1 ~ s(x, k = 16), data = d, discrete = TRUE),
    errors = function(fit) c(mu1 = rms(predict(fit, grid), truth$mu1))
  ),
  "VGAM" = list(
    package = "VGAM", from = 1e3, to = 1e6, target = 100,
    fit = function(d) {
      suppressWarnings(vgam(cbind(y1, y2) ~ s(x, df = 12), binormal(zero = NULL), data = d))
    },
    errors = function(fit) {
      p <- predict(fit, grid)
      c(
        mu1 = rms(p[, 1], truth$mu1), log_sigma1 = rms(p[, 3], truth$s1),
        rho = rms(tanh(p[, 5] / 2), truth$rho)
      )
    }
  ),
  "bamlss" = list(
    package = "bamlss", from = 1e3, to = 1e6, target = 100,
    fit = function(d) {
      bamlss(lapply(c(two, parameters), smooth),
        family = "bivnorm", data = d,
        sampler = FALSE, verbose = FALSE
      )
    },
    errors = function(fit) {
      p <- predict(fit, grid, type = "parameter")
      c(
        mu1 = rms(p$mu1, truth$mu1), log_sigma1 = rms(log(p$sigma1), truth$s1),
        rho = rms(p$rho, truth$rho)
      )
    }
  ),
  "GJRM" = list(
    package = "GJRM", from = 1e3, to = 1e6, target = 100,
    fit = function(d) {
      gjrm(c(lapply(two, smooth), lapply(rep("", 3), smooth)),
        data = d,
        margins = c("N", "N"), copula = "N", model = "B"
      )
    },
    errors = function(fit) {
      at <- function(equation) predict(fit, eq = equation, newdata = grid)
      c(
        mu1 = rms(at(1), truth$mu1), log_sigma1 = rms(at(3), truth$s1),
        rho = rms(tanh(at(5)), truth$rho)
      )
    }
  )
)
missing <- names(peers)[!vapply(peers, function(p) have(p$package), TRUE)]
if (length(missing)) cat("not installed:", missing, "\n\n")
peers <- peers[setdiff(names(peers), missing)]

run_peer <- function(p, d) {
  limited(function() {
    load_quietly(p$package)
    seconds <- cpu(fit <- p$fit(d))
    list(seconds = seconds, errors = p$errors(fit))
  })
}
