# Compression on a cluster. Work is cut into shards that do not depend on the number of workers; the
# tallies come back and are added in the order of the shards, so any number of workers gives the same bits.

compress_on_cluster <- function(cluster, data, spec, resolution, reader, chunk) {
  if (!inherits(cluster, "cluster") || length(cluster) == 0) {
    stop_covary("argument", "`cluster` must be a cluster of package parallel, not ", describe(cluster), ".",
      fields = list(arg = "cluster"))
  }
  shards <- new_shards(data, chunk)
  like <- first_look(data, spec, resolution, reader, chunk)
  work <- list(spec = spec, resolution = resolution, reader = reader, chunk = chunk, like = like)
  tallies <- run_shards(cluster, shards, work)
  Reduce(merge_tallies, tallies)
}

new_shards <- function(data, chunk) {
  if (is.character(data)) return(as.list(data))
  if (is.data.frame(data)) {
    block <- ceiling(seq_len(nrow(data)) / min(chunk, max(1000, ceiling(nrow(data) / 16))))
    return(lapply(split(seq_len(nrow(data)), block), function(rows) data[rows, , drop = FALSE]))
  }
  stop_covary("data", "A cluster compresses files or the blocks of a data frame, not ", describe(data), ".",
    fields = list(arg = "data"))
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

# Rounds of one shard a worker. A worker that dies is left out from then on and its shard goes to another; an
# error of the work itself is raised, when all of its round have answered: what is not received now would be taken
# for the answer to the next question.
run_shards <- function(cluster, shards, work) {
  work$spec$env <- globalenv() # not the caller's data
  work <- serialize(work, NULL)
  paths <- unique(c(dirname(getNamespaceInfo("covary", "path")), .libPaths()))
  workers <- greet_workers(cluster)
  waiting <- seq_along(shards)
  done <- vector("list", length(shards))
  while (length(waiting)) {
    if (length(workers) == 0) {
      stop_covary("cluster", "All ", length(cluster), " workers have died; ", length(shards) - length(waiting), " of ",
        length(shards), " shards were done.", fields = list(tallies = done))
    }
    busy <- workers[seq_len(min(length(workers), length(waiting)))]
    given <- waiting[seq_along(busy)]
    waiting <- waiting[-seq_along(busy)]
    answers <- ask_workers(busy, lapply(given, function(i) list(shards[[i]], work, paths)), cluster_task())
    died <- vapply(answers, is.null, TRUE)
    lapply(answers[!died], raise_failure)
    done[given[!died]] <- answers[!died]
    waiting <- c(given[died], waiting)
    for (worker in busy[died]) inform_worker_died(worker$number)
    workers <- c(busy[!died], workers[-seq_along(busy)])
  }
  done
}

# The function that workers call. The work comes as bytes: objects of the package may be in it, so the worker must
# know first where the package is.
cluster_task <- function() {
  task <- function(shard, work, paths) {
    tryCatch({
      .libPaths(unique(c(paths, .libPaths())))
      utils::getFromNamespace("compress_shard", "covary")(shard, unserialize(work))
    }, error = function(e) structure(list(e), class = "covary_failure"))
  }
  environment(task) <- baseenv()
  task
}

# list(number, node, host, pid) of each worker that answers.
greet_workers <- function(cluster) {
  workers <- lapply(seq_along(cluster), function(i) list(number = i, node = cluster[[i]]))
  hello <- function() list(host = Sys.info()[["nodename"]], pid = Sys.getpid())
  environment(hello) <- baseenv()
  answers <- ask_workers(workers, rep(list(list()), length(workers)), hello)
  Map(c, workers, answers)[!vapply(answers, is.null, TRUE)]
}

# The values of `task`, called by each worker with its arguments; NULL of a worker that has died.
ask_workers <- function(workers, arguments, task) {
  send <- utils::getFromNamespace("sendCall", "parallel")
  sent <- Map(function(worker, its) {
    !is_gone(worker, 0) && !inherits(try(send(worker$node, task, its), silent = TRUE), "try-error")
  }, workers, arguments)
  begin <- proc.time()[["elapsed"]]
  Map(function(worker, sent) if (sent) receive_answer(worker, begin), workers, sent)
}

# A socket fails when its worker dies. MPI does not, nor does mirai when no daemon is left: there the worker is
# watched until its answer has come.
receive_answer <- function(worker, begin) {
  nap <- 0.001
  repeat {
    # First whether it lives: the rest of a long message by MPI does not come from the dead.
    if (is_gone(worker, proc.time()[["elapsed"]] - begin)) return(NULL)
    if (has_answered(worker$node)) break
    Sys.sleep(nap)
    nap <- min(2 * nap, 0.05)
  }
  out <- tryCatch(utils::getFromNamespace("recvResult", "parallel")(worker$node), error = function(e) NULL)
  # What mirai returns for a daemon that was lost; errors of the work are of class miraiError too.
  if (inherits(out, "errorValue") && !inherits(out, "miraiError")) NULL else out
}

# Packages that are loaded if there is such a cluster.
has_answered <- function(node) {
  if (inherits(node, "MPInode")) utils::getFromNamespace("mpi.iprobe", "Rmpi")(node$rank, node$RECVTAG, node$comm)
  else if (inherits(node, "miraiNode")) !utils::getFromNamespace("unresolved", "mirai")(.subset2(node, "mirai"))
  else TRUE
}

# After so many seconds of waiting: daemons of mirai may take a moment to connect. Of MPI only processes of this
# machine that have said who they are can be looked at.
is_gone <- function(worker, waited) {
  node <- worker$node
  if (inherits(node, "MPInode")) {
    !is.null(worker$pid) && worker$host == Sys.info()[["nodename"]] && !process_lives(worker$pid)
  } else if (inherits(node, "miraiNode")) {
    waited > 5 && !has_answered(node) && utils::getFromNamespace("status", "mirai")(attr(node, "id"))$connections == 0
  } else FALSE
}

process_lives <- function(pid) utils::getFromNamespace("pskill", "tools")(pid, 0L)

inform_worker_died <- function(number) {
  inform_covary("worker_died", "Worker ", number, " has died; its work goes to another.",
    fields = list(worker = number))
}

raise_failure <- function(out) {
  if (inherits(out, "covary_failure")) stop(out[[1]])
  if (inherits(out, "try-error") || !is.list(out)) {
    stop_covary("cluster", "A worker failed: ", as.character(out), fields = list(result = out))
  }
}
