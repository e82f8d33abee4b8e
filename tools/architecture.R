# The rooms of R/ and the floors of src/, read from the code.
#
#   Rscript tools/architecture.R             what breaks the rules; fails if anything does
#   Rscript tools/architecture.R --picture   the table of rooms and arrows, as CONTRIBUTING.md has it
#
# A file belongs to the room that its name begins with. A room calls rooms above it in `street`
# only. tests/testthat/test-architecture.R runs the same functions.

# From the first thing that happens to the last; the learner beside it knows the house rules only.
street <- c(
  house = "conditions, argument checks, small helpers",
  numeric = "algorithms for any function: Newton, importance, PSIS, L-BFGS",
  formula = "what the user wrote; no data",
  rows = "which rows count, and where they come from",
  suffstats = "sums of rows, merged and refined; no parameters",
  design = "columns and bases, and the recipe to build them for new data",
  likelihood = "parameters of a row, their links, density, simulation",
  prior = "distributions as values, defaults",
  model = "a vector -> log density, gradient, Hessian, expectations",
  toolkit = "algorithms for any log density",
  engine = "algorithms for the model",
  fit = "draws on the user's scale, and how to evaluate them at rows",
  post = "what is asked of a fit",
  plot = "pictures and the data frames behind them",
  covary = "the verb: the street from end to end, refits, adapters",
  learner = "category learning; the house rules only"
)

room_of <- function(file) {
  prefix <- sub("-.*", "", sub("\\.R$", "", basename(file)))
  ifelse(prefix %in% c("aaa", "util"), "house", prefix)
}

# list(home = file of every name that is assigned at top level, calls = data.frame(from, to, file,
# used)): which top-level name uses which, and the files of both.
call_graph <- function(folder) {
  home <- character()
  value <- list()
  for (file in list.files(folder, "\\.R$", full.names = TRUE)) {
    for (e in as.list(parse(file, keep.source = FALSE))) {
      if (!is.call(e) || !identical(e[[1]], as.name("<-")) || !is.name(e[[2]])) next
      name <- as.character(e[[2]])
      home[[name]] <- sub("\\.R$", "", basename(file))
      value[[name]] <- e[[3]]
    }
  }
  used <- lapply(value, function(v) {
    is_function <- is.call(v) && identical(v[[1]], as.name("function"))
    names <- if (is_function) codetools::findGlobals(eval(v)) else all.names(v, unique = TRUE)
    intersect(names, names(home))
  })
  from <- rep(names(used), lengths(used))
  to <- unlist(used, use.names = FALSE)
  list(home = home, calls = data.frame(from, to, file = home[from], used = home[to], row.names = NULL))
}

# Calls against the street, one line each.
wrong_arrows <- function(graph) {
  at <- match(room_of(graph$calls$file), names(street))
  to <- match(room_of(graph$calls$used), names(street))
  lonely <- at == length(street) & to > 1
  bad <- graph$calls[at != to & (to > at | lonely), ]
  bad <- bad[order(match(room_of(bad$file), names(street)), bad$file, bad$used), ]
  sprintf("%s() in %s calls %s() in %s", bad$from, bad$file, bad$to, bad$used)
}

# Files that call each other in a circle: a list of vectors, longest first (Tarjan 1972).
file_cycles <- function(graph) {
  calls <- unique(graph$calls[graph$calls$file != graph$calls$used, c("file", "used")])
  files <- unique(graph$home)
  next_files <- split(calls$used, factor(calls$file, files))
  number <- lowest <- stats::setNames(rep(0L, length(files)), files)
  stack <- character()
  cycles <- list()
  visit <- function(file) {
    number[[file]] <<- lowest[[file]] <<- max(number) + 1L
    stack <<- c(stack, file)
    for (other in next_files[[file]]) {
      if (number[[other]] == 0L) visit(other)
      if (other %in% stack) lowest[[file]] <<- min(lowest[[file]], lowest[[other]])
    }
    if (lowest[[file]] == number[[file]]) {
      members <- stack[match(file, stack):length(stack)]
      stack <<- setdiff(stack, members)
      if (length(members) > 1) cycles[[length(cycles) + 1]] <<- sort(members)
    }
  }
  for (file in files) if (number[[file]] == 0L) visit(file)
  cycles[order(-lengths(cycles))]
}

# Names used by functions of R/ that neither the package nor what it imports has.
room_sizes <- function(graph, folder) {
  files <- unique(graph$home)
  lines <- vapply(files, function(f) length(readLines(file.path(folder, paste0(f, ".R")))), 0L)
  tapply(lines, factor(room_of(files), names(street)), function(v) c(length(v), sum(v)))
}

main <- function() {
  graph <- call_graph("R")
  arrows <- wrong_arrows(graph)
  cycles <- file_cycles(graph)
  writeLines(arrows)
  for (cycle in cycles) cat("cycle of", length(cycle), "files:", toString(cycle), "\n")
  cat(length(arrows), "arrows against the street;", length(cycles), "cycles of files, the longest of",
    max(0, lengths(cycles)), "\n")
  quit(status = as.integer(length(arrows) > 0 || any(lengths(cycles) > 5)))
}

if (sys.nframe() == 0L) main()
