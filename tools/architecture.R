# The rooms of R/ and the floors of src/, read from the code.
#
#   Rscript tools/architecture.R             what breaks the rules; fails if anything does
#   Rscript tools/architecture.R --picture   writes the table of rooms into CONTRIBUTING.md
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
  chart = "curves as tables: where a person stands, new sites, chart files",
  covary = "the verb: the street from end to end, refits, adapters",
  glue = "methods for generics of other packages",
  features = "many responses: margins one by one, correlations pair by pair",
  learner = "category learning; the house rules only"
)

# From the file's name to its room: what stands before the first hyphen.
room_of <- function(file) {
  prefix <- sub("-.*", "", sub("\\.R$", "", basename(file)))
  ifelse(prefix %in% c("aaa", "util"), "house", prefix)
}

# The floors of src/, lowest first; a file is on the floor that lists the beginning of its name. A
# file includes files of its own floor or lower ones, never in a circle.
floors <- list(
  foundations = c(
    "scalar", "vector", "simd", "dense", "block_sums", "arrow", "partitions", "piecewise",
    "chart_table"
  ),
  "sums and densities" = c(
    "likelihood", "prior", "joint_prior", "cells", "moments", "rows"
  ),
  "models and targets" = c("regression", "smooths", "surrogate", "target", "pairs"),
  engines = c("family", "optimizer", "advi", "svgd", "nuts", "ellipse", "learner"),
  border = c("r_", "init")
)

# Headers of R are for the border; BLAS and LAPACK have one file as well.
header_of_r <- "^(R|Rinternals|Rmath|Rdefines|R_ext/.*)\\.h$"
header_of_blas <- "^R_ext/(BLAS|Lapack|RS)\\.h$"
file_of_blas <- "^dense\\.[ch]$"

# ---- R/ -----------------------------------------------------------------------------------------

# list(home = file of every name that is assigned at top level, calls = data.frame(from, to, file,
# used)): which top-level name uses which, and the files of both.
call_graph <- function(folder) {
  home <- character()
  value <- list()
  for (file in list.files(folder, "\\.R$", full.names = TRUE)) {
    for (e in as.list(parse(file, keep.source = FALSE, encoding = "UTF-8"))) {
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
  to <- as.character(unlist(used, use.names = FALSE))
  calls <- data.frame(from, to, file = unname(home[from]), used = unname(home[to]))
  list(home = home, calls = calls)
}

# Files whose name begins with no room of the street.
homeless_files <- function(graph) {
  files <- unique(graph$home)
  sprintf("%s.R is in no room", files[!room_of(files) %in% names(street)])
}

# Calls against the street, one line each.
wrong_arrows <- function(graph) {
  at <- match(room_of(graph$calls$file), names(street))
  to <- match(room_of(graph$calls$used), names(street))
  aside <- at == match("learner", names(street)) & to > 1
  bad <- graph$calls[which(at != to & (to > at | aside)), ]
  bad <- bad[order(match(room_of(bad$file), names(street)), bad$file, bad$used), ]
  sprintf("%s() in %s calls %s() in %s", bad$from, bad$file, bad$to, bad$used)
}

# Rooms, or files of R/, that call each other in a circle.
room_cycles <- function(graph) cycles(room_of(graph$calls$file), room_of(graph$calls$used))
file_cycles <- function(graph) cycles(graph$calls$file, graph$calls$used)

# Circles among the arrows from[i] -> to[i]: a list of vectors, longest first (Tarjan 1972).
cycles <- function(from, to) {
  points <- unique(c(from, to))
  arrows <- unique(data.frame(from, to)[from != to, ])
  next_points <- split(arrows$to, factor(arrows$from, points))
  number <- lowest <- stats::setNames(rep(0L, length(points)), points)
  stack <- character()
  found <- list()
  visit <- function(point) {
    number[[point]] <<- lowest[[point]] <<- max(number) + 1L
    stack <<- c(stack, point)
    for (other in next_points[[point]]) {
      if (number[[other]] == 0L) visit(other)
      if (other %in% stack) lowest[[point]] <<- min(lowest[[point]], lowest[[other]])
    }
    if (lowest[[point]] == number[[point]]) {
      members <- stack[match(point, stack):length(stack)]
      stack <<- setdiff(stack, members)
      if (length(members) > 1) found[[length(found) + 1]] <<- sort(members)
    }
  }
  for (point in points) if (number[[point]] == 0L) visit(point)
  found[order(-lengths(found))]
}

# ---- src/ ---------------------------------------------------------------------------------------

floor_of <- function(file) {
  prefixes <- unlist(floors)
  floor <- rep(seq_along(floors), lengths(floors))
  vapply(basename(file), function(name) {
    fits <- which(startsWith(name, prefixes))
    if (length(fits)) floor[[fits[which.max(nchar(prefixes[fits]))]]] else NA_integer_
  }, 0L, USE.NAMES = FALSE)
}

# data.frame(file, header, own): own where the header stands in the folder. The line after "read
# alone" is for editors and checkers that open a part of another file.
include_graph <- function(folder) {
  files <- list.files(folder, "\\.[ch]$")
  parts <- lapply(files, function(file) {
    lines <- readLines(file.path(folder, file))
    after <- c(FALSE, grepl("read alone", lines, fixed = TRUE)[-length(lines)])
    lines <- grep("^#\\s*include\\s+[<\"]", lines[!after], value = TRUE)
    data.frame(
      file = rep(file, length(lines)), header = sub("^[^<\"]*[<\"]([^>\"]*).*", "\\1", lines)
    )
  })
  graph <- do.call(rbind, parts)
  graph$own <- graph$header %in% files
  graph
}

# Includes of higher floors, of R outside the border, of BLAS outside its file; files on no floor.
wrong_includes <- function(graph) {
  own <- graph[graph$own, ]
  up <- own[which(floor_of(own$header) > floor_of(own$file)), ]
  border <- floor_of(graph$file) %in% match("border", names(floors))
  is_blas <- grepl(header_of_blas, graph$header)
  r <- graph[grepl(header_of_r, graph$header) & !is_blas & !border, ]
  blas <- graph[is_blas & !grepl(file_of_blas, graph$file), ]
  lost <- unique(graph$file[is.na(floor_of(graph$file))])
  c(
    sprintf("%s includes %s of a higher floor", up$file, up$header),
    sprintf("%s includes R's %s: only r_*.c do", r$file, r$header),
    sprintf("%s includes R's %s: only dense.c does", blas$file, blas$header),
    sprintf("%s is on no floor", lost)
  )
}

include_cycles <- function(graph) with(graph[graph$own, ], cycles(file, header))

# Type and name, then arguments with parentheses at most two deep, then the body's brace.
function_head <- paste0(
  "(?m)^[A-Za-z_][A-Za-z0-9_ *\n]*?\\b\\w+",
  "\\(((?:[^(){};]|\\((?:[^()]|\\([^()]*\\))*\\))*)\\)\\s*\\{"
)

# data.frame(file, name, arguments) of the functions that are defined in a folder of C files, which
# clang-format has formatted: a definition begins in the first column and its body with "{".
c_functions <- function(folder) {
  parts <- lapply(list.files(folder, "\\.[ch]$", full.names = TRUE), function(file) {
    text <- paste(readLines(file), collapse = "\n")
    text <- gsub("(?s)/\\*.*?\\*/|//[^\n]*", "", text, perl = TRUE)
    text <- gsub("(?m)^#.*(\\\\\n.*)*$", "", text, perl = TRUE)
    text <- gsub("\\b[A-Z_]+\\((\\w+)\\)\\(", "\\1(", text, perl = TRUE) # names that a macro makes
    heads <- regmatches(text, gregexpr(function_head, text, perl = TRUE))[[1]]
    arguments <- sub("(?s)^[^(]*\\((.*)\\)\\s*\\{$", "\\1", heads, perl = TRUE)
    outer <- gsub("\\([^()]*\\)", "", gsub("\\([^()]*\\)", "", arguments))
    data.frame(
      file = rep(basename(file), length(heads)),
      name = sub("(?s).*?(\\w+)\\(.*", "\\1", heads, perl = TRUE),
      arguments = ifelse(trimws(outer) %in% c("", "void"), 0L, lengths(strsplit(outer, ",")))
    )
  })
  do.call(rbind, parts)
}

# ---- equations ----------------------------------------------------------------------------------

equation_tags <- function(vignette) {
  lines <- grep("\\\\qquad\\\\text[{][(]", readLines(vignette), value = TRUE)
  sub(".*\\\\text[{][(]([0-9]+[a-z]?)[)][}].*", "\\1", lines)
}

citation <- "\\beqs?[. ]+[0-9]+[a-z]?((, | and | to )[0-9]+[a-z]?)*"

# Numbers in comments such as "eq. 7" or "eqs 11 to 13" that the vignette does not have; those of a
# paper stand beside its year.
wrong_equations <- function(folders, tags) {
  files <- list.files(folders, "\\.[Rch]$", full.names = TRUE)
  found <- lapply(files, function(file) {
    lines <- readLines(file, warn = FALSE)
    lines <- lines[!grepl("[(12][0-9]{3}[,)]", lines)]
    cited <- unlist(regmatches(lines, gregexpr(citation, lines)))
    numbers <- unlist(regmatches(cited, gregexpr("[0-9]+[a-z]?", cited)))
    lost <- setdiff(numbers, tags)
    sprintf("%s cites equation %s", file, lost)
  })
  as.character(unlist(found))
}

# Methods of our own generics that NAMESPACE does not register: they are found only by calls from
# inside the package, not through lapply(), do.call() or a promise.
unregistered_methods <- function(folder, namespace) {
  files <- list.files(folder, "\\.R$", full.names = TRUE)
  code <- do.call(c, lapply(files, function(f) as.list(parse(f, encoding = "UTF-8"))))
  assigned <- Filter(function(e) is.call(e) && identical(e[[1]], as.name("<-")), code)
  name <- vapply(assigned, function(e) paste(deparse(e[[2]]), collapse = ""), "")
  generic <- name[vapply(assigned, function(e) "UseMethod" %in% all.names(e[[3]]), TRUE)]
  registered <- gsub("[\" ]", "", readLines(namespace))
  found <- lapply(generic, function(g) {
    method <- name[startsWith(name, paste0(g, "."))]
    class <- substring(method, nchar(g) + 2)
    method[!sprintf("S3method(%s,%s)", g, class) %in% registered]
  })
  as.character(unlist(found))
}

# ---- form ---------------------------------------------------------------------------------------

long_files <- function(folder, most) {
  files <- list.files(folder, "\\.R$", full.names = TRUE)
  lines <- vapply(files, function(f) length(readLines(f, warn = FALSE)), 0L)
  sprintf("%s has %d lines", files, lines)[lines > most]
}

long_lines <- function(folders, most) {
  files <- list.files(folders, "\\.([RrCch]|sh)$", recursive = TRUE, full.names = TRUE)
  found <- lapply(files, function(file) {
    width <- nchar(readLines(file, warn = FALSE, encoding = "UTF-8"))
    long <- which(width > most)
    sprintf("%s:%d has %d characters", file, long, width[long])
  })
  as.character(unlist(found))
}

# ---- the picture --------------------------------------------------------------------------------

# A table in Markdown: the rooms, what they know, their files and lines, and the rooms they call.
picture <- function(graph, folder) {
  file <- unique(graph$home)
  lines <- vapply(file, function(f) length(readLines(file.path(folder, paste0(f, ".R")))), 0L)
  room <- factor(room_of(file), names(street))
  calls <- data.frame(from = room_of(graph$calls$file), to = room_of(graph$calls$used))
  prefix <- ifelse(names(street) == "house", "`aaa-*`, `util-*`", sprintf("`%s-*`", names(street)))
  called <- vapply(names(street), function(name) {
    toString(intersect(names(street), setdiff(calls$to[calls$from == name], c(name, "house"))))
  }, "")
  c(
    "| room | knows | files | lines, about | calls, besides `house` |",
    "|---|---|---|---|---|",
    sprintf(
      "| **%s** %s | %s | %d | %d | %s |", names(street), prefix, street, as.integer(table(room)),
      as.integer(round(tapply(lines, room, sum, default = 0) / 100) * 100), called
    )
  )
}

picture_begins <- "<!-- rooms: written by Rscript tools/architecture.R --picture -->"
picture_ends <- "<!-- rooms end -->"

# The lines of a page with the picture between its two markers.
with_picture <- function(page, picture) {
  from <- match(picture_begins, page)
  to <- match(picture_ends, page)
  if (anyNA(c(from, to)) || from > to) stop("The page has no marks for the picture of rooms.")
  c(page[seq_len(from)], "", picture, "", page[to:length(page)])
}

# ---- all of it ----------------------------------------------------------------------------------

most <- c(files_of_a_cycle = 5, lines_of_a_file = 300, characters_of_a_line = 100, arguments = 8)
most_share_of_many_arguments <- 0.03

# Every breach in the repository at `root`: a list of character vectors, empty where all is well.
breaches <- function(root = ".") {
  old <- setwd(root)
  on.exit(setwd(old))
  graph <- call_graph("R")
  includes <- include_graph("src")
  functions <- c_functions("src")
  many <- functions[functions$arguments > most[["arguments"]], ]
  too_many <- nrow(many) > most_share_of_many_arguments * nrow(functions)
  in_words <- function(cycles) vapply(cycles, toString, "")
  list(
    "files in no room" = homeless_files(graph),
    "arrows against the street" = wrong_arrows(graph),
    "cycles of rooms" = in_words(room_cycles(graph)),
    "long cycles of files" = in_words(Filter(
      function(cycle) length(cycle) > most[["files_of_a_cycle"]], file_cycles(graph)
    )),
    "long files" = long_files("R", most[["lines_of_a_file"]]),
    "long lines" = long_lines(
      c("R", "src", "tests", "tools", "bench", "validation"), most[["characters_of_a_line"]]
    ),
    "methods that NAMESPACE lacks" = unregistered_methods("R", "NAMESPACE"),
    "wrong includes" = wrong_includes(includes),
    "cycles of includes" = in_words(include_cycles(includes)),
    "lost equations" = wrong_equations(
      c("R", "src"), equation_tags("vignettes/mathematics.Rmd")
    ),
    "C functions of many arguments" = if (too_many) {
      sprintf("%s() in %s has %d arguments", many$name, many$file, many$arguments)
    }
  )
}

main <- function(arguments) {
  if ("--picture" %in% arguments) {
    page <- readLines("CONTRIBUTING.md")
    writeLines(with_picture(page, picture(call_graph("R"), "R")), "CONTRIBUTING.md")
    return(invisible())
  }
  found <- breaches()
  for (kind in names(found)[lengths(found) > 0]) {
    cat(kind, "\n", paste0("  ", found[[kind]], "\n"), sep = "")
  }
  cat(sprintf("%d %s\n", lengths(found), names(found)), sep = "")
  quit(status = as.integer(any(lengths(found) > 0)))
}

if (sys.nframe() == 0L) main(commandArgs(TRUE))
