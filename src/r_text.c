/* Door of text: lines of a file with separators (CSV) to columns of fields. */
#include "r_read.h"
#include <R_ext/Utils.h>

/* What is read: the lines, where in them, and the field that was met, in its line or, where quotes
 * have to be taken off, in a place of its own. A field in quotes may hold separators, doubled
 * quotes and ends of lines. */
struct reader {
    SEXP lines;
    R_xlen_t line;
    const char *at, *field;
    char separator, *own;
    size_t length, room;
};

static void add(struct reader *r, char c)
{
    if (r->length + 1 >= r->room) {
        char *more = R_alloc(2 * r->room, 1);
        memcpy(more, r->own, r->length);
        r->own = more;
        r->room *= 2;
    }
    r->own[r->length++] = c;
}

static const char *text(const struct reader *r, R_xlen_t line)
{
    return CHAR(STRING_ELT(r->lines, line));
}

/* The rest of a field that began with a quote: 0 if the lines end before the quote is closed. */
static int read_quoted(struct reader *r)
{
    const char *c = r->at + 1;
    for (;;) {
        if (*c == 0) {
            if (r->line + 1 == Rf_xlength(r->lines)) return 0;
            add(r, '\n');
            c = text(r, ++r->line);
        } else if (*c != '"') add(r, *c++);
        else if (c[1] == '"') add(r, '"'), c += 2;
        else break;
    }
    r->at = c + 1;
    return 1;
}

/* The next field, up to the separator or the end of the line. */
static int read_field(struct reader *r)
{
    r->length = 0;
    if (*r->at != '"') {
        r->field = r->at;
        while (*r->at && *r->at != r->separator) r->at++;
        r->length = (size_t) (r->at - r->field);
        return 1;
    }
    if (!read_quoted(r)) return 0;
    for (; *r->at && *r->at != r->separator; r->at++) add(r, *r->at);
    r->own[r->length] = 0;
    r->field = r->own;
    return 1;
}

/* The field as a number: 0 if it is none. Nothing and NA are missing. */
static int read_number(const struct reader *r, double *x)
{
    const char *from = r->field, *to = r->field + r->length;
    while (from < to && *from == ' ') from++;
    while (to > from && to[-1] == ' ') to--;
    *x = NA_REAL;
    if (from == to || (to - from == 2 && from[0] == 'N' && from[1] == 'A')) return 1;
    char *end;
    if (*from == '\t') return 0;
    *x = R_strtod(from, &end);
    return end == to;
}

static SEXP shorten(SEXP x, R_xlen_t n)
{
    return Rf_isNull(x) || Rf_xlength(x) == n ? x : Rf_xlengthgets(x, n);
}

/* Keeps the field as entry i of a column, which is given up (NULL) where a number was asked for and
 * is none. */
static void keep_field(const struct reader *r, SEXP columns, int j, R_xlen_t i, cetype_t encoding)
{
    SEXP column = VECTOR_ELT(columns, j);
    if (TYPEOF(column) == STRSXP)
        SET_STRING_ELT(column, i, Rf_mkCharLenCE(r->field, (int) r->length, encoding));
    else if (TYPEOF(column) == REALSXP && !read_number(r, REAL(column) + i))
        SET_VECTOR_ELT(columns, j, R_NilValue);
}

/* lines of text without missing ones, one character between fields, number of fields in a record,
 * numbers (from 1) of the fields to keep and whether as numbers. list(columns: vectors of text or
 * numbers, NULL where a field is no number; line: of each record; bad: line and number of fields of
 * the first record that has not `width`, or nothing; open: line from which a quote is not closed,
 * or 0). Records before a bad or an open one are given; empty lines are none. */
SEXP r_split_lines(SEXP lines, SEXP separator, SEXP width, SEXP wanted, SEXP numeric)
{
    int fields = check_whole(width, 1, 1 << 24, "width");
    int kept = whole_in((double) Rf_xlength(wanted), 0, fields, "wanted fields");
    if (TYPEOF(lines) != STRSXP || TYPEOF(separator) != STRSXP || Rf_length(separator) != 1 ||
        strlen(CHAR(STRING_ELT(separator, 0))) != 1 || TYPEOF(numeric) != LGLSXP ||
        Rf_xlength(numeric) != kept)
        fail("'lines', 'separator' and 'numeric' must be texts, one character and logicals");
    const int *number = check_range(wanted, kept, 1, fields, "wanted");
    R_xlen_t n = Rf_xlength(lines), records = 0, bad = 0, open = 0;
    int found = 0, *keep = (int *) R_alloc(fields, sizeof(int));
    for (int j = 0; j < fields; j++) keep[j] = -1;
    for (int j = 0; j < kept; j++) keep[number[j] - 1] = j;
    const char *names[] = {"columns", "line", "bad", "open", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP columns = SET_VECTOR_ELT(out, 0, Rf_allocVector(VECSXP, kept));
    for (int j = 0; j < kept; j++)
        SET_VECTOR_ELT(columns, j, Rf_allocVector(LOGICAL(numeric)[j] ? REALSXP : STRSXP, n));
    SEXP line = SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, n));
    struct reader r = {.lines = lines, .separator = CHAR(STRING_ELT(separator, 0))[0], .room = 256};
    r.own = R_alloc(r.room, 1);
    for (r.line = 0; r.line < n && !bad && !open; r.line++) {
        R_xlen_t first = r.line;
        cetype_t encoding = Rf_getCharCE(STRING_ELT(lines, first));
        r.at = text(&r, first);
        if (*r.at == 0) continue;
        for (found = 0;; r.at++) {
            if (!read_field(&r)) {
                open = first + 1;
                break;
            }
            if (found < fields && keep[found] >= 0)
                keep_field(&r, columns, keep[found], records, encoding);
            found++;
            if (*r.at == 0) break;
        }
        if (open) break;
        if (found != fields) bad = first + 1;
        else REAL(line)[records++] = (double) first + 1;
    }
    for (int j = 0; j < kept; j++)
        SET_VECTOR_ELT(columns, j, shorten(VECTOR_ELT(columns, j), records));
    SET_VECTOR_ELT(out, 1, shorten(line, records));
    SEXP place = SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, bad ? 2 : 0));
    if (bad) REAL(place)[0] = (double) bad, REAL(place)[1] = found;
    SET_VECTOR_ELT(out, 3, Rf_ScalarReal((double) open));
    UNPROTECT(1);
    return out;
}
