# Objects that come back from users: whole, or a typed error before anything relies on them.
#
# An object may have been edited, cut, or saved by another version. Two things are checked wherever
# an exported function takes one, in well under a millisecond whatever the rows:
#   rules  what single fields must be
#   seal   fingerprints (r_fingerprint.c), taken when the object was made, of fields whose inside
#          cannot be described in a line, such as the design of a fit: any change of them is seen
# Fields that neither names may be changed freely, and fields may be added. Each room registers its
# classes here, in its file *-validate.R; this file knows the mechanism only.

# A rule of one field. `must` completes "its field 'x' must be"; test(value, object) is TRUE where
# the field is as it must be, and may fail where it is not.
rule <- function(must, test) list(must = must, test = test)

# Tests of rules from tests of values: of the value alone; of the value where there is one.
alone <- function(test, ...) function(value, object) test(value, ...)

absent_or <- function(test) function(value, object) is.null(value) || test(value, object)

# ---- the classes -----------------------------------------------------------------------------

# What is known of each class, by its name: see register_class(). Filled while the package is built.
registered_classes <- new.env(parent = emptyenv())

# title          what messages call an object of the class
# remedy         what to do about a broken one
# rules          list of rule() by field
# inside         by field that is a list: rules of its own fields, each of which may be absent
# sealed         names of the fields under seal
# by_field       those of them that are lists whose fields are sealed one by one
# may_lack_seal  is an object without a seal whole?
register_class <- function(
  class, title, remedy, rules = list(), inside = list(), sealed = character(),
  by_field = character(), may_lack_seal = FALSE
) {
  registered_classes[[class]] <- list(
    class = class, title = title, remedy = remedy, rules = rules, inside = inside,
    sealed = sealed, by_field = by_field, may_lack_seal = may_lack_seal
  )
}

# The first of the classes of x that is known here; others may stand before it.
registered_class <- function(x) Find(is_registered, class(x))

is_registered <- function(class) !is.null(registered_classes[[class]])

# ---- the seal --------------------------------------------------------------------------------

# The object with the fingerprints of its sealed fields, by name.
seal <- function(x, class = registered_class(x)) {
  x$seal <- fingerprints(x, registered_classes[[class]])
  x
}

# Named character vector: "field", or "field$inner" where the fields of a list are sealed one by
# one. Absent fields and NULL have none.
fingerprints <- function(x, contract) {
  parts <- unclass(x)[setdiff(intersect(names(x), contract$sealed), contract$by_field)]
  for (name in intersect(contract$by_field, names(x))) {
    inner <- unclass(.subset2(x, name))
    if (!is.list(inner) || is.null(names(inner))) {
      parts[[name]] <- inner
    } else if (length(inner)) parts[paste0(name, "$", names(inner))] <- inner
  }
  parts <- parts[!vapply(parts, is.null, TRUE)]
  stats::setNames(.Call(C_fingerprint, unname(parts)), names(parts))
}

# ---- checking --------------------------------------------------------------------------------

# The object, or a typed error that names the first field at fault.
check_object <- function(x, class = registered_class(x), arg = "object") {
  contract <- registered_classes[[class]]
  fault <- object_fault(x, contract)
  if (is.null(fault)) {
    return(x)
  }
  stop_covary("object", "`", arg, "` is no whole ", contract$title, ": ", fault$text,
    ". It was edited or cut, ",
    "or comes from another version of covary; ", contract$remedy, ".",
    fields = list(arg = arg, field = fault$field, class = class)
  )
}

is_valid <- function(x, class) is.null(object_fault(x, registered_classes[[class]]))

# Faults are NULL where there is none, else list(field, text); `field` is absent where the object
# as a whole is at fault.
new_fault <- function(field, ...) {
  list(field = field, text = paste0("its field '", field, "' ", ...))
}

object_fault <- function(x, contract) {
  if (!inherits(x, contract$class)) {
    return(list(text = paste("it is", describe(x))))
  }
  if (!is.list(x) || is.null(names(x))) {
    return(list(text = "it is not a list with names"))
  }
  x <- unclass(x)
  fault <- rules_fault(x, x, contract$rules)
  for (name in names(contract$inside)) {
    if (!is.null(fault)) break
    rules <- contract$inside[[name]]
    absent <- vapply(names(rules), function(field) is.null(x[[name]][[field]]), TRUE)
    fault <- rules_fault(x[[name]], x, rules[!absent], paste0(name, "$"))
  }
  if (is.null(fault) && length(contract$sealed)) fault <- seal_fault(x, contract)
  fault
}

rules_fault <- function(fields, object, rules, prefix = "") {
  for (name in names(rules)) {
    value <- fields[[name]]
    ok <- tryCatch(rules[[name]]$test(value, object), error = function(e) FALSE)
    if (isTRUE(ok)) next
    return(new_fault(
      paste0(prefix, name), "must be ", rules[[name]]$must, ", not ", describe(value)
    ))
  }
}

seal_fault <- function(x, contract) {
  made <- x$seal
  if (is.null(made) && contract$may_lack_seal) {
    return()
  }
  if (!is.character(made) || is.null(names(made))) {
    return(new_fault("seal", "is missing"))
  }
  now <- fingerprints(x, contract)
  absent <- setdiff(names(made), names(now))
  if (length(absent)) {
    return(new_fault(absent[1], "is missing"))
  }
  changed <- names(now)[!(names(now) %in% names(made)) | now != made[names(now)]]
  if (length(changed)) new_fault(changed[1], "was changed after it was made")
}
