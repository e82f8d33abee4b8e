# Rows of Arrow (package arrow), a batch at a time: a Dataset, of which only the columns that are
# needed are read, a query that dplyr made of one, or a RecordBatchReader.

arrow_classes <- c("Dataset", "arrow_dplyr_query", "RecordBatchReader")

is_arrow <- function(data) inherits(data, arrow_classes)

arrow_source <- function(data, columns, chunk) {
  reader <- with_arrow_errors(arrow_reader(data, columns, chunk))
  number <- 0
  place <- function(row) row_place(row, paste("batch", number))
  read <- function() {
    batch <- with_arrow_errors(reader$read_next_batch())
    number <<- number + 1
    if (is.null(batch)) NULL else check_chunk(with_arrow_errors(as.data.frame(batch)), place)
  }
  new_row_source(read, place)
}

arrow_reader <- function(data, columns, chunk) {
  if (inherits(data, "RecordBatchReader")) {
    return(data)
  }
  if (inherits(data, "Dataset")) {
    scan <- data$NewScan()
    scan$Project(intersect(columns, names(data)))
    scan$BatchSize(as.integer(min(chunk, .Machine$integer.max)))
    return(scan$Finish()$ToRecordBatchReader())
  }
  need_package("arrow", "queries of Arrow")
  arrow::as_record_batch_reader(data)
}

with_arrow_errors <- function(code) {
  with_typed_errors(code, "data", "Arrow cannot read: ", fields = list(arg = "data"))
}
