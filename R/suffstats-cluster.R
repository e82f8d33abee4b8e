# Compression on a cluster. Work is cut into shards that do not depend on the number of workers; the
# statistics come back and are added in the order of the shards, so any number of workers gives the
# same bits.

compress_on_cluster <- function(cluster, data, spec, settings) {
  check_cluster(cluster)
  shards <- new_shards(data, settings$chunk)
  like <- first_look(data, spec, settings)
  work <- list(spec = spec, settings = settings, like = like$pattern, types = like$types)
  parts <- run_shards(cluster, shards, work)
  Reduce(merge_suffstats, parts)
}

check_cluster <- function(cluster) {
  if (!inherits(cluster, "cluster") || length(cluster) == 0) {
    stop_covary("argument", "`cluster` must be a cluster of package parallel, not ",
      describe(cluster), ".",
      fields = list(arg = "cluster")
    )
  }
}

new_shards <- function(data, chunk) {
  if (is.character(data)) {
    return(as.list(data))
  }
  if (is.data.frame(data)) {
    block <- ceiling(seq_len(nrow(data)) / min(chunk, max(1000, ceiling(nrow(data) / 16))))
    return(lapply(split(seq_len(nrow(data)), block), function(rows) data[rows, , drop = FALSE]))
  }
  stop_covary("data", "A cluster compresses files or the blocks of a data frame, not ",
    describe(data), ".",
    fields = list(arg = "data")
  )
}

# Scaling, types and kinds of covariates and width of cells, from the first rows, for all workers:
# list(pattern, types of CSV columns).
first_look <- function(data, spec, settings) {
  continuous <- character()
  if (is.data.frame(data)) {
    check_columns(names(data), spec)
    many <- function(b) is_number(data[[b]]) && distinct_above(data[[b]], exact_limit)
    continuous <- Filter(many, spec$by)
    some <- first_rows(chunk_rows(data, spec), 1e5, settings$missing == "use")
    data <- data[some, , drop = FALSE]
  }
  source <- open_source(data, spec, settings)
  on.exit(source$close())
  with_restarts(function() {
    suffstats <- new_suffstats_empty()
    while (suffstats$rows == 0) {
      some <- source$read()
      if (is.null(some)) new_cells_object(suffstats)
      if (nrow(some) == 0) next
      rows <- chunk_rows(some, spec, source$place)
      suffstats <- add_rows(suffstats, rows, settings, place = source$place)
    }
    source$decide_types()
    for (name in continuous) suffstats <- make_continuous(suffstats, name)
    list(pattern = pattern_of(suffstats), types = source$types$type)
  })
}

# Some rows that count, spread over the data; any if none does
first_rows <- function(rows, most, use) {
  complete <- select_rows(rows$y, rows$covariates, rows$weights, use = use)$rows
  if (length(complete) == 0) complete <- seq_along(rows$y[[1]])
  complete[evenly_spaced(length(complete), most)]
}

# What a worker does.
compress_shard <- function(shard, work) {
  types <- new_csv_types(work$types, work$spec$numbers)
  source <- open_source(shard, work$spec, work$settings, types)
  compress_source(source, work$spec, work$settings, like = work$like)
}

# Rounds of one shard a worker. A worker that dies is left out from then on and its shard goes to
# another; an error of the work itself is raised, when all of its round have answered. `task`: name
# of the function of this package that does a shard, task(shard, work).
run_shards <- function(cluster, shards, work, task = "compress_shard") {
  if (!is.null(work$spec)) work$spec$env <- globalenv() # not the caller's data
  work <- serialize(work, NULL)
  paths <- unique(c(dirname(getNamespaceInfo("covary", "path")), .libPaths()))
  workers <- living_workers(cluster)
  waiting <- seq_along(shards)
  done <- vector("list", length(shards))
  while (length(waiting)) {
    if (length(workers) == 0) {
      stop_covary("cluster", "All ", length(cluster), " workers have died; ",
        length(shards) - length(waiting), " of ",
        length(shards), " shards were done.",
        fields = list(tallies = done)
      )
    }
    busy <- workers[seq_len(min(length(workers), length(waiting)))]
    given <- waiting[seq_along(busy)]
    waiting <- waiting[-seq_along(busy)]
    answers <- ask_workers(
      busy, lapply(given, function(i) list(shards[[i]], work, paths, task)),
      cluster_task()
    )
    died <- vapply(answers, is.null, TRUE)
    lapply(answers[!died], raise_failure)
    done[given[!died]] <- answers[!died]
    waiting <- c(given[died], waiting)
    for (worker in busy[died]) inform_worker_died(worker$number)
    workers <- c(busy[!died], workers[-seq_along(busy)])
  }
  done
}

# The function that workers call. The work comes as bytes: objects of the package may be in it, so
# the worker must know first where the package is.
cluster_task <- function() {
  task <- function(shard, work, paths, name) {
    tryCatch(
      {
        .libPaths(unique(c(paths, .libPaths())))
        utils::getFromNamespace(name, "covary")(shard, unserialize(work))
      },
      error = function(e) structure(list(e), class = "covary_failure")
    )
  }
  environment(task) <- baseenv()
  task
}
