# Cells from what package arrow holds, against those of the same rows in a data frame; and a folder
# of Parquet files that is read in batches: memory, time, and the same bits again.
#   Rscript validation/arrow.R [rows, default 2e5] [rows of the folder, default 1e7]
# Needs arrow with Parquet, and dplyr. Stored run: validation/arrow.txt.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "database-checks.R"
))
suppressWarnings(suppressMessages({
  library(arrow)
  library(dplyr)
}))
timed <- if (length(commandArgs(TRUE)) > 1) timed else 1e7
cat(made_with("arrow"), "\n")
cat("Arrow C++", as.character(arrow_info()$build_info$cpp_version), "\n")

check <- function(label, data, d, ..., chunk = 5e4) {
  cells <- quiet(compress(data, ..., chunk = chunk))
  truth <- quiet(compress(d, ...))
  if (!is.null(truth$step)) {
    step <- min(cells$step, truth$step)
    cells <- internal$coarsen(cells, step)
    truth <- internal$coarsen(truth, step)
  }
  check_cells(label, cells, truth, most = 1e-12)
}

set.seed(1)
d <- data.frame(
  age = sample(20:80, n, TRUE), sex = sample(c("f", "m"), n, TRUE), x = runif(n), w = runif(n),
  year = sample(2020:2022, n, TRUE), day = as.Date("2024-02-27") + sample(0:4, n, TRUE),
  moment = as.POSIXct("2024-02-27", tz = "Europe/Berlin") + sample(c(0, 1.5, 7200), n, TRUE),
  site = factor(sample(c("b", "a", "c"), n, TRUE), levels = c("c", "b", "a")),
  long = bit64::as.integer64(sample(c(3e9, 12), n, TRUE)), yes = sample(c(TRUE, FALSE, NA), n, TRUE)
)
d$sbp <- rnorm(n, 120 + d$age / 3, 10)
d$dbp <- rnorm(n, 1e6 + d$sbp, 5)
d$money <- round(d$sbp, 2)
d$sbp[4:6] <- c(NA, NaN, NA)
d$dbp[c(3, 5)] <- NA
folder <- tempfile()
write_dataset(d, folder, partitioning = c("year", "sex"), max_rows_per_file = n / 20)
set <- open_dataset(folder)
both <- c("sbp", "dbp")
check("data set, exact", set, d, both, by = ~ age + sex)
check("data set, weights", set, d, both, by = ~ age + sex, weights = "w")
check("data set, partitions", set, d, both, by = ~ year + sex)
check("data set, dictionary", set, d, both, by = ~site)
check("data set, dates", set, d, both, by = ~day)
check("data set, times with zone", set, d, both, by = ~moment)
check("data set, integers of 64 bits", set, d, both, by = ~long)
check("data set, truth with nulls", set, d, both, by = ~yes)
check("data set, continuous", set, d, "sbp", by = ~x)
check("data set, continuous, groups", set, d, "sbp", by = ~ x + sex)
check("data set, continuous, weights", set, d, "sbp", by = ~ x + sex, weights = "w")
check("table", arrow_table(d), d, both, by = ~ age + sex)
check("record batch", record_batch(d), d, both, by = ~ age + sex)
check("reader of batches", as_record_batch_reader(set), d, both, by = ~ age + sex)
decimals <- arrow_table(age = d$age, money = Array$create(d$money)$cast(decimal128(12, 2)))
check("decimals", decimals, d, "money", by = ~age)
check("decimals as a covariate", decimals, d, "age", by = ~money)
single <- arrow_table(age = d$age, y = Array$create(d$dbp)$cast(float32()))
rounded <- data.frame(age = d$age, y = as.vector(as.data.frame(single)$y))
check("single precision", single, rounded, "y", by = ~age)
check(
  "query: rows and names",
  set |> rename(old = age, y = sbp) |> filter(old < 60, sex == "f"),
  transform(d, old = age, y = sbp)[d$age < 60 & d$sex == "f", ], "y",
  by = ~old
)
check(
  "query: a new column, continuous", set |> mutate(z = x * 2 + 1), transform(d, z = x * 2 + 1),
  "sbp",
  by = ~z
)
check("query: groups", group_by(set, sex), d, both, by = ~ age + sex)
means <- set |>
  group_by(year, sex) |>
  summarise(m = mean(age), n = n(), .groups = "drop")
collected <- as.data.frame(collect(means))
check("query: means and counts", means, collected, "m", by = ~sex, weights = "n")
check(
  "query: a join", inner_join(set, arrow_table(sex = "f", what = "one"), by = "sex"),
  transform(d, what = "one")[d$sex == "f", ], both,
  by = ~ what + age
)
for (none in list(filter(set, age > 200), arrow_table(d[0, ]))) {
  said <- tryCatch(compress(none, "sbp", by = ~age), covary_error_data = conditionMessage)
  cat("no rows:", said, "\n")
}
large <- Array$create(c("9007199254740992", "9007199254740993"))
for (type in list(int64(), uint64(), decimal128(38, 0))) {
  said <- tryCatch(
    compress(arrow_table(id = large$cast(type), y = c(1, 2)), "y", by = ~id),
    covary_error_covariate = conditionMessage
  )
  cat(type$ToString(), "beyond 2^53:", said, "\n")
}

# A folder of twenty files
folder <- tempfile()
dir.create(folder)
for (file in 1:20) {
  rows <- timed / 20
  part <- data.frame(x = runif(rows), sex = sample(c("f", "m"), rows, TRUE), spare = runif(rows))
  part$y <- rnorm(rows, part$x)
  write_parquet(part, file.path(folder, sprintf("%02d.parquet", file)))
}
rm(d, part, decimals, single, rounded)
set <- open_dataset(folder)
highest_memory <- function() {
  line <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 2^20
}
measure <- function(label, code) {
  invisible(gc())
  writeLines("5", "/proc/self/clear_refs") # the highest so far is forgotten
  seconds <- system.time(code)[["elapsed"]]
  cat(sprintf("%-40s %5.1f s, process at most %.2f GB\n", label, seconds, highest_memory()))
}
cat(
  format(timed), " rows in ", length(list.files(folder)), " files, ",
  round(sum(file.size(list.files(folder, full.names = TRUE))) / 2^30, 2), " GB\n",
  sep = ""
)
measure("Arrow's own means and sds by sex", {
  set |>
    group_by(sex) |>
    summarise(mean(y), sd(y)) |>
    collect()
})
for (chunk in c(1e5, 1e6)) {
  measure(paste0("cells by sex, chunk = ", chunk), compress(set, "y", by = ~sex, chunk = chunk))
  measure(
    paste0("moments by x and sex, chunk = ", chunk),
    cells <- compress(set, "y", by = ~ x + sex, chunk = chunk)
  )
}
query <- filter(set, x > -1)
measure("the same through a query", again <- compress(query, "y", by = ~ x + sex))
stopifnot(identical(again, compress(query, "y", by = ~ x + sex)))
if (again$step == cells$step) check_cells("query against data set", again, cells)
cat("the same bits again: yes\n")
