"""The tokeniser of CSV: bytes in, positions out.

Rows, fields and lines are those of Python's `csv` module: a quote counts only where a field begins, two quotes
inside quotes are one, and CR, LF and CRLF each end a line. Unlike `csv` it gives the line on which every row
begins, works on blocks, and runs without the interpreter's lock.
"""

from typing import Any

import numpy as np
from numba import njit

Array = Any

LF, CR, QUOTE, BACKSLASH, COMMA, COLON = 10, 13, 34, 92, 44, 58

# Where the tokeniser stands.
START_FIELD, IN_FIELD, IN_QUOTES, AFTER_QUOTE = 0, 1, 2, 3

# How a field's bytes are to be read.
PLAIN, RAW = 0, 1

# What is wrong with a row.
BAD_COLUMNS, BAD_QUOTE, BAD_NUL, BAD_LARGE = 1, 2, 3, 4


@njit(cache=True, nogil=True)
def tokenise(
    buffer: Array,
    size: int,
    final: bool,
    delimiter: int,
    expected: int,
    line: int,
    max_field: int,
    starts: Array,
    ends: Array,
    kinds: Array,
    lines: Array,
    bad: Array,
    counters: Array,
) -> None:
    """Cut a block into rows and fields.

    Parameters
    ----------
    buffer : uint8[:], of which `size` bytes count; `final` if the file ends there
    expected : number of fields of a row; with 0 every row is reported in `bad` with the number that it has
    line : number of the line at which the buffer begins
    starts, ends : int32[rows, expected], kinds : uint8[rows, expected], lines : int64[rows]
        Filled. A PLAIN field is buffer[start:end]; a RAW one is that span read once more by `unquote`.
    bad : int64[rows, 5]
        Filled with line, code, number (of fields, or index of the field), start, end.
    counters : int64[4]
        Set to rows, bad rows, bytes used, line reached.

    Stops at the last whole row, or when one of the outputs is full.
    """
    special = np.zeros(256, np.bool_)
    special[LF] = special[CR] = special[QUOTE] = special[0] = special[delimiter] = True
    rows = 0
    bads = 0
    position = 0
    while position < size and rows < lines.shape[0] and bads < bad.shape[0]:
        c = buffer[position]
        if c == LF:
            position += 1
            line += 1
            continue
        if c == CR:
            if position + 1 == size and not final:
                break
            position += 2 if position + 1 < size and buffer[position + 1] == LF else 1
            line += 1
            continue

        row_start = position
        row_line = line
        state = START_FIELD
        fields = 0
        field_start = position
        closed = -1  # where the first quoted part of the field ended, if nothing stands behind it
        doubled = False
        nul = -1
        large = -1
        whole = False
        first_break = -1  # behind the first line of a row of several lines
        at = position
        row_end = position
        while at <= size:
            if at == size:
                if not final or state == IN_QUOTES:
                    break
                c = LF
            else:
                c = buffer[at]
                if state != AFTER_QUOTE and not special[c]:
                    if state == START_FIELD:
                        state = IN_FIELD
                    at += 1
                    while at < size and not special[buffer[at]]:
                        at += 1
                    continue
            if state == IN_QUOTES:
                if c == QUOTE:
                    state = AFTER_QUOTE
                    closed = at
                elif c in (LF, CR):
                    if c == CR and at + 1 < size and buffer[at + 1] == LF:
                        at += 1
                    elif c == CR and at + 1 == size and not final:
                        break
                    line += 1
                    if first_break < 0:
                        first_break = at + 1
                elif c == 0 and nul < 0:
                    nul = fields
                at += 1
                continue
            if state == AFTER_QUOTE and c == QUOTE:
                state = IN_QUOTES
                doubled = True
                closed = -1
                at += 1
                continue
            if state == START_FIELD and c == QUOTE and at < size:
                state = IN_QUOTES
                at += 1
                continue
            ends_row = c in (LF, CR)
            if not ends_row and c != delimiter:
                if c == 0 and nul < 0:
                    nul = fields
                if state == AFTER_QUOTE:
                    doubled = True
                    closed = -1
                state = IN_FIELD
                at += 1
                continue
            if c == CR and at + 1 == size and not final:
                break
            # A field ends here.
            if at - field_start > max_field and large < 0:
                large = fields
            if fields < expected:
                if closed >= 0 and not doubled:
                    starts[rows, fields] = field_start + 1
                    ends[rows, fields] = closed
                    kinds[rows, fields] = PLAIN
                else:
                    starts[rows, fields] = field_start
                    ends[rows, fields] = at
                    kinds[rows, fields] = RAW if doubled else PLAIN
            fields += 1
            closed = -1
            doubled = False
            state = START_FIELD
            if ends_row:
                row_end = at
                at += 1
                if at < size and c == CR and buffer[at] == LF:
                    at += 1
                line += 1
                whole = True
                break
            at += 1
            field_start = at

        if not whole:
            if not final:
                line = row_line
                break
            # A quote is open at the end of the file: give up its line alone, and go on behind it.
            bad[bads, 0] = row_line
            bad[bads, 1] = BAD_QUOTE
            bad[bads, 2] = fields
            bad[bads, 3] = row_start
            bad[bads, 4] = first_break if first_break > 0 else size
            bads += 1
            position = first_break if first_break > 0 else size
            line = row_line + 1
            continue
        position = at if at < size else size
        code = 0
        number = fields
        if nul >= 0:
            code, number = BAD_NUL, nul
        elif fields != expected:
            code = BAD_COLUMNS
        elif large >= 0:
            code, number = BAD_LARGE, large
        if code:
            bad[bads, 0] = row_line
            bad[bads, 1] = code
            bad[bads, 2] = number
            bad[bads, 3] = row_start
            bad[bads, 4] = row_end
            bads += 1
        else:
            lines[rows] = row_line
            rows += 1
    counters[0] = rows
    counters[1] = bads
    counters[2] = position
    counters[3] = line


@njit(cache=True, nogil=True)
def unquote(buffer: Array, start: int, end: int, out: Array, at: int) -> int:
    """Write the text of a RAW field to out[at:]; returns where it ends."""
    state = START_FIELD
    for i in range(start, end):
        c = buffer[i]
        if c == QUOTE:
            if state == START_FIELD:
                state = IN_QUOTES
                continue
            if state == IN_QUOTES:
                state = AFTER_QUOTE
                continue
            if state == AFTER_QUOTE:
                state = IN_QUOTES
        elif state != IN_QUOTES:
            state = IN_FIELD
        out[at] = c
        at += 1
    return at


@njit(cache=True, nogil=True)
def gather(
    buffer: Array, starts: Array, ends: Array, kinds: Array, column: int, rows: int, out: Array, offsets: Array
) -> int:
    """The texts of one column, one behind the other in `out`; text r is out[offsets[r]:offsets[r + 1]]."""
    at = 0
    offsets[0] = 0
    for row in range(rows):
        if kinds[row, column] == RAW:
            at = unquote(buffer, starts[row, column], ends[row, column], out, at)
        else:
            for i in range(starts[row, column], ends[row, column]):
                out[at] = buffer[i]
                at += 1
        offsets[row + 1] = at
    return at


@njit(cache=True, nogil=True)
def gather_json(
    buffer: Array,
    starts: Array,
    ends: Array,
    kinds: Array,
    columns: Array,
    rows: int,
    names: Array,
    name_offsets: Array,
    scratch: Array,
    out: Array,
    offsets: Array,
) -> int:
    """One JSON object a row, of the columns that are not empty, in the order of `columns`.

    names[name_offsets[k]:name_offsets[k + 1]] is the quoted name of columns[k] with its colon. `out` needs
    6 bytes for every byte of a field, and the names and 4 bytes for every field.
    """
    digits = np.array([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102], np.uint8)
    short = np.zeros(32, np.uint8)
    short[8], short[9], short[10], short[12], short[13] = 98, 116, 110, 102, 114
    at = 0
    offsets[0] = 0
    for row in range(rows):
        out[at] = 123
        at += 1
        first = True
        for k in range(columns.shape[0]):
            column = columns[k]
            start, end = starts[row, column], ends[row, column]
            if start == end:
                continue
            source = buffer
            if kinds[row, column] == RAW:
                end = unquote(buffer, start, end, scratch, 0)
                start = 0
                source = scratch
                if end == 0:
                    continue
            if not first:
                out[at] = COMMA
                at += 1
            first = False
            for i in range(name_offsets[k], name_offsets[k + 1]):
                out[at] = names[i]
                at += 1
            out[at] = QUOTE
            at += 1
            for i in range(start, end):
                c = source[i]
                if c in (QUOTE, BACKSLASH):
                    out[at] = BACKSLASH
                    out[at + 1] = c
                    at += 2
                elif c >= 32:
                    out[at] = c
                    at += 1
                elif short[c]:
                    out[at] = BACKSLASH
                    out[at + 1] = short[c]
                    at += 2
                else:
                    out[at] = BACKSLASH
                    out[at + 1] = 117
                    out[at + 2] = 48
                    out[at + 3] = 48
                    out[at + 4] = digits[c >> 4]
                    out[at + 5] = digits[c & 15]
                    at += 6
            out[at] = QUOTE
            at += 1
        out[at] = 125
        at += 1
        offsets[row + 1] = at
    return at


@njit(cache=True, nogil=True)
def count_lines(buffer: Array, size: int) -> int:
    """Line ends (LF, CR or CRLF) in the first `size` bytes."""
    lines = 0
    for i in range(size):
        if buffer[i] == LF or (buffer[i] == CR and not (i + 1 < size and buffer[i + 1] == LF)):
            lines += 1
    return lines
