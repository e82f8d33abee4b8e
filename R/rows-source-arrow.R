# Rows of Arrow (package arrow), a batch at a time: of a Dataset, a query that dplyr made of one, a
# Table or RecordBatch, or of what a RecordBatchReader has left. Of all of them the columns that are
# needed alone become columns of R.

arrow_classes <- c("Dataset", "arrow_dplyr_query", "ArrowTabular", "RecordBatchReader")

is_arrow <- function(data) inherits(data, arrow_classes)

arrow_source <- function(data, spec, chunk) {
  found <- with_arrow_errors(arrow_names(data))
  check_columns(found, spec, "what Arrow holds")
  columns <- intersect(spec$columns, found)
  reader <- with_arrow_errors(arrow_reader(data, columns, chunk))
  wide <- intersect(spec$by, with_arrow_errors(wide_columns(reader$schema)))
  next_slice <- batch_slices(reader, chunk)
  before <- 0
  last <- 0
  place <- function(row) row_place(before + row, "what Arrow sends")
  read <- function() {
    out <- with_arrow_errors({
      slice <- next_slice()
      if (!is.null(slice)) batch_frame(slice, columns)
    })
    if (is.null(out)) {
      if (before + last == 0) check_unread(data)
      return(NULL)
    }
    before <<- before + last
    last <<- nrow(out)
    for (name in wide) check_whole_numbers(out[[name]], name)
    out
  }
  new_row_source(read, place)
}

arrow_names <- function(data) {
  if (inherits(data, "arrow_dplyr_query")) names(data) else data$schema$names
}

# Readers send rows in an order of their own where a query is more than a choice of rows and
# columns; the scan of a data set keeps the order of its files, so that the same bits come out. With
# threads it would read up to 1 GB ahead, and be no faster than the rows are summed.
arrow_reader <- function(data, columns, chunk) {
  if (inherits(data, "RecordBatchReader")) {
    return(data)
  }
  chunk <- as.integer(min(chunk, .Machine$integer.max))
  if (inherits(data, "Dataset")) {
    scan <- data$NewScan()
    scan$Project(columns)
    scan$BatchSize(chunk)
    return(scan$Finish()$ToRecordBatchReader())
  }
  need_package("arrow", "queries and tables of Arrow")
  if (!is_scannable(data)) {
    return(arrow::as_record_batch_reader(data))
  }
  scan <- arrow::Scanner$create(data,
    projection = columns, batch_size = chunk, use_threads = FALSE
  )
  scan$ToRecordBatchReader()
}

# Is this a table, or a query that is no more than a choice of rows and columns of one or of a data
# set? (Summaries, joins and the like are a query of a query.)
is_scannable <- function(data) {
  if (!inherits(data, "arrow_dplyr_query")) {
    return(TRUE)
  }
  more <- c("aggregations", "join", "union_all", "head", "tail")
  inherits(data$.data, c("Dataset", "ArrowTabular")) && !any(more %in% names(unclass(data)))
}

# Names of the columns whose numbers Arrow sends as doubles though these cannot hold them all
wide_columns <- function(schema) {
  types <- vapply(schema$fields, function(field) field$type$ToString(), "")
  schema$names[grepl("^(uint64|decimal)", types)]
}

# function(): the next batch, or at most `chunk` rows of it; NULL after the last
batch_slices <- function(reader, chunk) {
  batch <- NULL
  done <- 0
  function() {
    if (is.null(batch)) {
      batch <<- reader$read_next_batch()
      done <<- 0
    }
    if (is.null(batch)) {
      return(NULL)
    }
    n <- min(chunk, batch$num_rows - done)
    out <- if (n < batch$num_rows) batch$Slice(done, n) else batch
    done <<- done + n
    if (done >= batch$num_rows) batch <<- NULL
    out
  }
}

# What cannot become a text of R is an error at once, not where the text is first looked at.
batch_frame <- function(batch, columns) {
  old <- options(arrow.use_altrep = FALSE)
  on.exit(options(old))
  out <- as.data.frame(batch[columns])
  factors <- vapply(out, is.factor, TRUE)
  out[factors] <- lapply(out[factors], plain_factor)
  out
}

# A dictionary may hold a value twice, or none.
plain_factor <- function(v) {
  levels <- levels(v)
  if (!anyNA(levels) && !anyDuplicated(levels)) {
    return(v)
  }
  kept <- unique(levels[!is.na(levels)])
  factor(levels[as.integer(v)], levels = kept, ordered = is.ordered(v))
}

check_unread <- function(data) {
  if (inherits(data, "RecordBatchReader")) {
    stop_covary("data",
      "The RecordBatchReader has no rows left. It can be read once: make it anew.",
      fields = list(arg = "data")
    )
  }
}

with_arrow_errors <- function(code) {
  with_typed_errors(code, "data", "Arrow cannot read: ", fields = list(arg = "data"))
}
