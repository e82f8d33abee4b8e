# Hands the trials of a learner to learner-torch.py and reads back the path of its parameters,
# or only the last of them.

torch_python <- function() {
  argument <- commandArgs(trailingOnly = TRUE)
  if (length(argument)) argument[1] else "/usr/bin/python3"
}

torch_version <- function() {
  system2(torch_python(), c("-c", shQuote("import torch; print(torch.__version__)")), stdout = TRUE)
}

torch_run <- function(learner, last = FALSE) {
  folder <- tempfile("torch")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  write <- function(x, name) {
    write.table(format(x, digits = 17), file.path(folder, paste0(name, ".csv")),
      sep = ",",
      quote = FALSE,
      row.names = FALSE, col.names = FALSE
    )
  }
  write(learner$x, "x")
  write(as.integer(learner$category) - 1L, "y")
  write(learner$trials$row - 1L, "order")
  write(learner$start, "start")
  rates <- learner$plan$rates[c("mean", "scale", "weight")]
  status <- system2(torch_python(), c(
    "validation/learner-torch.py", folder, learner$plan$scale,
    format(rates, digits = 17, scientific = TRUE), learner$plan$momentum, if (last) "last"
  ))
  if (status != 0) stop("the PyTorch run failed")
  list(
    path = as.matrix(read.csv(file.path(folder, "path.csv"), header = FALSE)),
    speed = scan(file.path(folder, "speed.txt"), quiet = TRUE)
  )
}
