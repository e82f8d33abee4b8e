# Compression on a cluster. Work is cut into shards that do not depend on the number of workers; the
# tallies come back and are added in the order of the shards, so any number of workers gives the same bits.

compress_on_cluster <- function(cluster, data, spec, resolution, reader, chunk) {
  if (!inherits(cluster, "cluster") || length(cluster) == 0) {
    stop_covary("argument", "`cluster` must be a cluster of package parallel, not ", describe(cluster), ".", fields = list(arg = "cluster"))
  }
  shards <- new_shards(data, chunk)
  like <- first_look(data, spec, resolution, reader, chunk)
  tallies <- run_shards(cluster, shards, list(spec = spec, resolution = resolution, reader = reader, chunk = chunk, like = like))
  Reduce(merge_tallies, tallies)
}

new_shards <- function(data, chunk) {
  if (is.character(data)) return(as.list(data))
  if (is.data.frame(data)) {
    block <- ceiling(seq_len(nrow(data)) / min(chunk, max(1000, ceiling(nrow(data) / 16))))
    return(lapply(split(seq_len(nrow(data)), block), function(rows) data[rows, , drop = FALSE]))
  }
  stop_covary("data", "A cluster compresses files or the blocks of a data frame, not ", describe(data), ".", fields = list(arg = "data"))
}

# Scaling, kinds of covariates and width of cells, from the first rows, for all workers.
first_look <- function(data, spec, resolution, reader, chunk) {
  if (is.data.frame(data)) {
    some <- data[unique(round(seq(1, nrow(data), length.out = min(nrow(data), 1e5)))), , drop = FALSE]
    continuous <- Filter(function(b) is.numeric(data[[b]]) && distinct_above(data[[b]], exact_limit), spec$by)
  } else {
    some <- new_source(data, chunk, reader)$read()
    continuous <- character()
  }
  tally <- new_tally(chunk_rows(some, spec), resolution, continuous = intersect(continuous, names(some)))
  tally_pattern(tally)
}

# What a worker does.
compress_shard <- function(shard, work) {
  compress_source(new_source(shard, work$chunk, work$reader), work$spec, work$resolution, like = work$like)
}

# Rounds of one shard a worker. A worker whose connection fails is left out from then on and its shard goes
# to another; an error of the work itself is raised.
run_shards <- function(cluster, shards, work) {
  send <- utils::getFromNamespace("sendCall", "parallel")
  receive <- utils::getFromNamespace("recvResult", "parallel")
  work$spec$env <- globalenv() # not the caller's data
  task <- function(shard, work) {
    tryCatch(utils::getFromNamespace("compress_shard", "covary")(shard, work), error = function(e) structure(list(e), class = "covary_failure"))
  }
  environment(task) <- baseenv()
  paths <- unique(c(dirname(getNamespaceInfo("covary", "path")), .libPaths()))
  # First where to find the package, as objects of it may come with the work.
  prepare <- function(paths) .libPaths(unique(c(paths, .libPaths())))
  environment(prepare) <- baseenv()
  alive <- Filter(function(i) !inherits(try({
    send(cluster[[i]], prepare, list(paths))
    receive(cluster[[i]])
  }, silent = TRUE), "try-error"), seq_along(cluster))
  waiting <- seq_along(shards)
  done <- vector("list", length(shards))
  while (length(waiting)) {
    if (length(alive) == 0) {
      stop_covary("cluster", "All ", length(cluster), " workers have died; ", length(shards) - length(waiting), " of ", length(shards),
        " shards were done.", fields = list(tallies = done))
    }
    busy <- alive[seq_len(min(length(alive), length(waiting)))]
    given <- waiting[seq_along(busy)]
    waiting <- waiting[-seq_along(busy)]
    sent <- vapply(seq_along(busy), function(i) {
      !inherits(try(send(cluster[[busy[i]]], task, list(shards[[given[i]]], work)), silent = TRUE), "try-error")
    }, TRUE)
    for (i in seq_along(busy)) {
      out <- if (sent[i]) tryCatch(list(receive(cluster[[busy[i]]])), error = function(e) NULL)
      if (is.null(out)) {
        alive <- setdiff(alive, busy[i])
        waiting <- c(given[i], waiting)
        inform_covary("worker_died", "Worker ", busy[i], " has died; its work goes to another.", fields = list(worker = busy[i]))
      } else {
        raise_failure(out[[1]])
        done[[given[i]]] <- out[[1]]
      }
    }
  }
  done
}

raise_failure <- function(out) {
  if (inherits(out, "covary_failure")) stop(out[[1]])
  if (inherits(out, "try-error") || !is.list(out)) {
    stop_covary("cluster", "A worker failed: ", as.character(out), fields = list(result = out))
  }
}
