/* Who reads whom: each cell has a list of its readers, and they are calculated after it. */
#include "sheet.h"

typedef void (*on_cell)(cell *read, cell *reader);

/* Goes through the cells that a formula reads. */
static void each_source(sheet *it, const expression *what, cell *reader, on_cell act) {
    if (what->shape == CELL || what->shape == RANGE) {
        for (int row = what->row; row <= what->last_row; row++) {
            for (int column = what->column; column <= what->last_column; column++) {
                act(sheet_cell(it, row, column), reader);
            }
        }
    }
    if (what->shape == NAME) {
        const char *place = table_get(it->names, what->spelling);
        int row, column;
        if (place != NULL && cell_name_read(place, length_of(place), &row, &column)) {
            act(sheet_cell(it, row, column), reader);
        }
    }
    for (size_t i = 0; i < what->count; i++) each_source(it, what->arguments[i], reader, act);
}

static void add_reader(cell *read, cell *reader) {
    if (list_find(read->readers, reader) == NULL) list_append(read->readers, reader);
}

static void remove_reader(cell *read, cell *reader) {
    item *found = list_find(read->readers, reader);
    if (found != NULL) list_remove(read->readers, found);
}

void depend_add(sheet *it, cell *reader) {
    if (reader->formula != NULL) each_source(it, reader->formula, reader, add_reader);
}

void depend_remove(sheet *it, cell *reader) {
    if (reader->formula != NULL) each_source(it, reader->formula, reader, remove_reader);
}

/* What reads a changed cell has to be calculated again, and what reads that, and so on. */
void depend_spoil(cell *changed) {
    for (item *at = changed->readers->first; at != NULL; at = at->next) {
        cell *reader = at->content;
        if (reader->state == STALE) continue;
        reader->state = STALE;
        depend_spoil(reader);
    }
}

typedef struct order {
    cell **list;
    size_t count;
} order;

/* Puts a cell behind all that it is read by; the whole is turned around at the end. */
static void place_cell(order *it, cell *at) {
    if (at->state == BROKEN || at->state == CLEAN || at->state == EMPTY) return;
    if (at->state == BUSY) {
        // It reads itself, by whatever way.
        at->state = BROKEN;
        return;
    }
    at->state = BUSY;
    for (item *reader = at->readers->first; reader != NULL; reader = reader->next) {
        place_cell(it, reader->content);
    }
    if (at->state == BUSY) at->state = CLEAN;
    it->list[it->count++] = at;
}

/* The stale cells, each behind those that it reads; the caller gives the list back. */
cell **depend_order(sheet *it, size_t *count) {
    size_t stale = 0;
    for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < COLUMNS; column++) {
            cell *at = sheet_look(it, row, column);
            if (at != NULL && at->state == STALE) stale++;
        }
    }
    order result = {take(stale * sizeof *result.list), 0};
    for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < COLUMNS; column++) {
            cell *at = sheet_look(it, row, column);
            if (at != NULL && at->state == STALE) place_cell(&result, at);
        }
    }
    for (size_t i = 0; i < result.count / 2; i++) {
        cell *other = result.list[result.count - 1 - i];
        result.list[result.count - 1 - i] = result.list[i];
        result.list[i] = other;
    }
    *count = result.count;
    return result.list;
}
