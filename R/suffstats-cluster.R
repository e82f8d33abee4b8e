# Compression on a cluster. Work is cut into shards that do not depend on the number of workers; the
# tallies come back and are added in the order of the shards, so any number of workers gives the
# same bits.

compress_on_cluster <- function(cluster, data, spec, resolution, reader, chunk, threads) {
  if (!inherits(cluster, "cluster") || length(cluster) == 0) {
    stop_covary("argument", "`cluster` must be a cluster of package parallel, not ",
      describe(cluster), ".",
      fields = list(arg = "cluster")
    )
  }
  shards <- new_shards(data, chunk)
  like <- first_look(data, spec, resolution, reader, chunk)
  work <- list(
    spec = spec, resolution = resolution, reader = reader, chunk = chunk,
    threads = threads, like = like$tally, types = like$types
  )
  tallies <- run_shards(cluster, shards, work)
  Reduce(merge_tallies, tallies)
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
# list(tally, types of CSV columns).
first_look <- function(data, spec, resolution, reader, chunk) {
  continuous <- character()
  if (is.data.frame(data)) {
    check_columns(names(data), spec)
    many <- function(b) is_number(data[[b]]) && distinct_above(data[[b]], exact_limit)
    continuous <- Filter(many, spec$by)
    data <- data[first_rows(chunk_rows(data, spec), 1e5), , drop = FALSE]
  }
  source <- new_source(data, chunk, reader, spec)
  on.exit(if (!is.null(source$close)) source$close())
  with_settled_types(function() {
    tally <- empty_tally()
    while (tally$rows == 0) {
      some <- source$read()
      if (is.null(some)) new_cells_object(tally)
      if (nrow(some) == 0) next
      rows <- chunk_rows(some, spec, source$place)
      tally <- add_rows(tally, rows, resolution, place = source$place)
    }
    if (!is.null(source$settle)) source$settle()
    for (name in continuous) tally <- make_continuous(tally, name)
    list(tally = tally_pattern(tally), types = source$types$type)
  })
}

# Some rows, spread over the data; complete ones if there are few
first_rows <- function(rows, most) {
  columns <- c(rows$y, rows$covariates, if (!is.null(rows$weights)) rows["weights"])
  complete <- which(!Reduce(`|`, lapply(columns, is.na)))
  if (length(complete) == 0) complete <- seq_along(rows$y[[1]])
  complete[unique(round(seq(1, length(complete), length.out = min(length(complete), most))))]
}

# What a worker does.
compress_shard <- function(shard, work) {
  source <- new_source(
    shard, work$chunk, work$reader, work$spec,
    new_csv_types(work$types, work$spec$numbers)
  )
  compress_source(source, work$spec, work$resolution, work$threads, like = work$like)
}

# Rounds of one shard a worker. A worker that dies is left out from then on and its shard goes to
# another; an error of the work itself is raised, when all of its round have answered.
run_shards <- function(cluster, shards, work) {
  work$spec$env <- globalenv() # not the caller's data
  work <- serialize(work, NULL)
  paths <- unique(c(dirname(getNamespaceInfo("covary", "path")), .libPaths()))
  workers <- greet_workers(cluster)
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
      busy, lapply(given, function(i) list(shards[[i]], work, paths)),
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
  task <- function(shard, work, paths) {
    tryCatch(
      {
        .libPaths(unique(c(paths, .libPaths())))
        utils::getFromNamespace("compress_shard", "covary")(shard, unserialize(work))
      },
      error = function(e) structure(list(e), class = "covary_failure")
    )
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
# Whatever ends this early, an interrupt or a time limit, all answers are waited for: what is not
# received now would be taken for the answer to the next question, by us or by others who use the
# cluster.
ask_workers <- function(workers, arguments, task) {
  send <- utils::getFromNamespace("sendCall", "parallel")
  begin <- proc.time()[["elapsed"]]
  waiting <- rep(FALSE, length(workers))
  answers <- vector("list", length(workers))
  # Not to be interrupted between the answer and the note that it has come.
  receive <- function(i) {
    answered <- await_answer(workers[[i]], begin)
    suspendInterrupts({
      if (answered) answers[i] <<- list(read_answer(workers[[i]]$node))
      waiting[i] <<- FALSE
    })
  }
  on.exit(for (i in which(waiting)) receive(i))
  for (i in seq_along(workers)) {
    if (is_gone(workers[[i]], 0)) next
    suspendInterrupts(waiting[i] <- attempt(
      {
        send(workers[[i]]$node, task, arguments[[i]])
        TRUE
      },
      FALSE
    ))
  }
  for (i in which(waiting)) receive(i)
  answers
}

# TRUE when there is something to read, which a socket has also when its worker dies; FALSE if the
# worker is gone. MPI does not tell, nor does mirai when no daemon is left: there the worker is
# watched until its answer has come.
await_answer <- function(worker, begin) {
  nap <- 0.001
  repeat {
    # First whether it lives: the rest of a long message by MPI does not come from the dead.
    if (is_gone(worker, proc.time()[["elapsed"]] - begin)) {
      return(FALSE)
    }
    if (has_answered(worker$node, nap)) {
      return(TRUE)
    }
    nap <- min(2 * nap, 0.05)
  }
}

# NULL of a worker that has died
read_answer <- function(node) {
  out <- attempt(utils::getFromNamespace("recvResult", "parallel")(node))
  # What mirai returns for a daemon that was lost; errors of the work are of class miraiError too.
  if (inherits(out, "errorValue") && !inherits(out, "miraiError")) NULL else out
}

# After some seconds at most. Packages that are asked are loaded if there is such a cluster.
has_answered <- function(node, seconds = 0) {
  if (inherits(node, c("SOCKnode", "SOCK0node"))) {
    return(socketSelect(list(node$con), FALSE, seconds))
  }
  Sys.sleep(seconds)
  if (inherits(node, "MPInode")) {
    utils::getFromNamespace("mpi.iprobe", "Rmpi")(node$rank,
      node$RECVTAG, node$comm)
  } else if (inherits(node, "miraiNode")) {
    !utils::getFromNamespace("unresolved", "mirai")(.subset2(node, "mirai"))
  } else {
    TRUE
  }
}

# After so many seconds of waiting: daemons of mirai may take a moment to connect. Of MPI only
# processes of this machine that have said who they are can be looked at.
is_gone <- function(worker, waited) {
  node <- worker$node
  if (inherits(node, "MPInode")) {
    !is.null(worker$pid) && worker$host == Sys.info()[["nodename"]] && !process_lives(worker$pid)
  } else if (inherits(node, "miraiNode")) {
    waited > 5 && !has_answered(node) &&
      utils::getFromNamespace("status", "mirai")(attr(node, "id"))$connections == 0
  } else {
    FALSE
  }
}

process_lives <- function(pid) utils::getFromNamespace("pskill", "tools")(pid, 0L)

inform_worker_died <- function(number) {
  inform_covary("worker_died", "Worker ", number, " has died; its work goes to another.",
    fields = list(worker = number)
  )
}

raise_failure <- function(out) {
  if (inherits(out, "covary_failure")) stop(out[[1]])
  if (inherits(out, "try-error") || !is.list(out)) {
    stop_covary("cluster", "A worker failed: ", as.character(out), fields = list(result = out))
  }
}
