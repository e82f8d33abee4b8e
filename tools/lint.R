# The rules of .lintr, and of names, on all R code of the repository. Prints what breaks them;
# fails if anything does.
#
#   Rscript tools/lint.R [file ...]

if (!requireNamespace("lintr", quietly = TRUE)) stop("Install lintr first.")

# Names are words joined by underscores; constants may be in capitals. Dots are for the methods in
# NAMESPACE and for arguments to which base R has given one. (lintr's own rule knows generics of
# base R only.)
good_name <- "^[.]?[a-z][a-z0-9_]*[.]?$|^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$|^C_[a-z0-9_]+$"
dotted_arguments <- c(
  "...", "na.action", "na.rm", "row.names", "use.fallback", "conf.int", "conf.level", "on.exit",
  "dbObj", "stringsAsFactors", ".onLoad"
)

# Functions that NAMESPACE exports or registers as methods.
public_names <- function(file = "NAMESPACE") {
  unlist(lapply(as.list(parse(file)), function(call) {
    word <- function(i) if (is.call(call[[i]])) deparse(call[[i]][[3]]) else as.character(call[[i]])
    switch(as.character(call[[1]]),
      export = vapply(as.list(call)[-1], as.character, ""),
      S3method = c(paste(word(2), word(3), sep = "."), if (length(call) > 3) word(4))
    )
  }))
}

# What generics of the package are called, also those that are not exported.
generics <- function(folder = "R") {
  text <- unlist(lapply(list.files(folder, "\\.R$", full.names = TRUE), readLines))
  unique(unlist(lapply(regmatches(text, regexec("UseMethod\\(\"([^\"]+)", text)), `[`, 2)))
}

# data.frame(filename, line_number, message) of names that are assigned or are arguments.
lint_names <- function(file, allowed, generics) {
  tokens <- utils::getParseData(parse(file, keep.source = TRUE), includeText = TRUE)
  tokens <- tokens[tokens$terminal, ]
  assigned <- tokens$token == "SYMBOL" & c(tokens$token[-1], "") == "LEFT_ASSIGN" &
    !c("", tokens$token[-nrow(tokens)]) %in% c("'$'", "'@'", "'::'", "NS_GET_INT")
  named <- tokens[assigned | tokens$token == "SYMBOL_FORMALS", ]
  is_method <- sub("[.].*", "", named$text) %in% generics
  bad <- named[!grepl(good_name, named$text) & !named$text %in% allowed & !is_method, ]
  message <- sprintf("%s is not a name of words_and_underscores.", bad$text)
  data.frame(filename = rep(file, nrow(bad)), line_number = bad$line1, message)
}

main <- function(files) {
  if (!length(files)) {
    folders <- c("R", "tests", "tools", "bench", "validation")
    files <- list.files(folders, "\\.R$", recursive = TRUE, full.names = TRUE)
  }
  allowed <- c(dotted_arguments, public_names())
  generics <- generics()
  cores <- if (.Platform$OS.type == "unix") max(1L, parallel::detectCores(), na.rm = TRUE) else 1L
  found <- parallel::mclapply(files, mc.cores = cores, function(file) {
    lints <- as.data.frame(lintr::lint(file))
    rbind(lints[c("filename", "line_number", "message")], lint_names(file, allowed, generics))
  })
  failed <- vapply(found, inherits, TRUE, "try-error")
  if (any(failed)) stop("lintr failed on ", files[failed][1], ": ", found[failed][[1]])
  found <- do.call(rbind, found)
  cat(sprintf("%s:%d: %s\n", found$filename, found$line_number, found$message), sep = "")
  quit(status = as.integer(nrow(found) > 0))
}

main(commandArgs(TRUE))
