# Workers of a cluster: which of them live, what they are asked and what they answer. Nothing here
# knows what the work is.

# list(number, node, host, pid) of each worker that answers.
living_workers <- function(cluster) {
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
