# Checks of arguments that several functions of the toolkit share.

# Rows a minibatch; 0: all rows.
check_batch <- function(batch_size, target) {
  if (is.null(batch_size)) {
    return(0L)
  }
  batch_size <- check_count(batch_size, "batch_size")
  if (target$rows == 0) {
    stop_covary("argument", "`batch_size` needs a target with rows; this one has none.",
      fields = list(arg = "batch_size")
    )
  }
  if (batch_size >= target$rows) 0L else batch_size
}

check_optimizer <- function(optimizer) {
  check_class(optimizer, "covary_optimizer", "optimizer", "adam(), adagrad_window() ...")
}

# The prior of means: a normal(), by default at the mean of the data with twice their sd.
check_mean_prior <- function(mean_prior, data) {
  if (is.null(mean_prior)) {
    return(normal(mean(data), 2 * stats::sd(data)))
  }
  if (inherits(mean_prior, "covary_prior")) check_object(mean_prior, "covary_prior", "mean_prior")
  if (!inherits(mean_prior, "covary_prior") || mean_prior$family != "normal") {
    stop_covary("prior", "`mean_prior` must be normal().", fields = list(arg = "mean_prior"))
  }
  mean_prior
}

# A function that can be called with arguments in these places; their names are for the message.
check_callable <- function(f, arg, places) {
  check_function(f, arg)
  # of some primitives, such as `if`, R does not know the arguments
  signature <- args(f)
  takes <- if (!is.null(signature)) names(formals(signature))
  if (is.null(signature) || "..." %in% takes || length(takes) >= length(places)) {
    return(f)
  }
  stop_covary("argument", "`", arg, "` must take ", length(places), " argument",
    if (length(places) > 1) "s", ", function(", paste(places, collapse = ", "), "), not ",
    if (length(takes)) paste0("function(", paste(takes, collapse = ", "), ")") else "none", ".",
    fields = list(arg = arg)
  )
}
