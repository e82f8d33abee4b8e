# Blood pressure by age in NHANES (package NHANES, which is not shipped with covary): the numbers in
# vignettes/reference-charts.Rmd.
#
#   Rscript validation/nhanes.R > validation/nhanes.txt
library(covary)
stopifnot(requireNamespace("NHANES", quietly = TRUE))

raw <- NHANES::NHANESraw
d <- na.omit(data.frame(
  age = as.double(raw$Age), sex = raw$Gender, systolic = log(raw$BPSysAve),
  diastolic = as.double(raw$BPDiaAve)
))
d <- d[d$diastolic >= 30, ] # zeros are sounds heard down to no pressure
set.seed(1)
test <- sample(nrow(d), 3000)
seconds <- system.time(fit <- covary(
  cbind(systolic, diastolic) ~ s(age, by = sex) + sex, sigma ~ s(age), rho ~ s(age),
  data = d[-test, ], draws = 1000, refresh = FALSE
))
cat(nrow(d), "people,", sum(seconds[1:2]), "s of CPU\n\ncorrelation by age\n")
print(correlation(fit, data.frame(age = c(10, 20, 30, 40, 50, 60, 79)))[
  c("age", "estimate", "lower", "upper")
], digits = 2, row.names = FALSE)
cat("\n3,000 people who were not in the fit\n")
found <- evaluate(fit, d[test, ], measures = c(
  "mean_z", "var_z", "mace", "coverage_joint", "cor_w", "skew_z", "kurt_z"
))
print(found, digits = 2, row.names = FALSE)
cat("\nthe same pair of pressures, 140 over 60, at three ages\n")
person <- data.frame(
  age = c(20, 45, 75), sex = "female", systolic = log(140), diastolic = 60
)
out <- deviations(fit, person, given = ~diastolic, wide = TRUE)
print(as.data.frame(unclass(out)[c(
  "age", "z_systolic", "z_diastolic", "centile_joint", "z_systolic_given_diastolic"
)]), digits = 2, row.names = FALSE)
