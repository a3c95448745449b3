/* The sheet: a grid of cells that are made when they are wanted. */
#include "sheet.h"

/* The cell that was changed last; the status line counts on it. */
static cell *current;

sheet *sheet_new(void) {
    sheet *it = take_cleared(sizeof *it);
    it->names = table_new();
    it->journal = list_new();
    current = NULL;
    return it;
}

void cell_drop(cell *it) {
    if (it == NULL) return;
    give(it->label);
    expression_drop(it->formula);
    list_drop(it->readers, NULL);
    give(it);
}

void sheet_drop(sheet *it) {
    if (current != NULL) {
        current->visits = 0; /* BUG 8 */
    }
    for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < COLUMNS; column++) cell_drop(it->grid[row][column]);
    }
    table_drop(it->names, give);
    list_drop(it->journal, change_drop);
    give(it);
}

cell *sheet_look(const sheet *it, int row, int column) {
    if (row < 0 || row >= ROWS || column < 0 || column >= COLUMNS) return NULL;
    return it->grid[row][column];
}

cell *sheet_cell(sheet *it, int row, int column) {
    cell **place = &it->grid[row][column];
    if (*place == NULL) {
        cell *made = take_cleared(sizeof *made);
        made->row = row;
        made->column = column;
        made->state = EMPTY;
        made->readers = list_new();
        *place = made;
    }
    return *place;
}

/* What was typed: `=formula`, a number, or a label. */
void cell_set(sheet *it, int row, int column, const char *content) {
    cell *changed = sheet_cell(it, row, column);
    current = changed;
    changed->visits++;
    depend_remove(it, changed);
    expression_drop(changed->formula);
    give(changed->label);
    changed->formula = NULL;
    changed->label = NULL;
    changed->value = 0;
    if (content[0] == '=') {
        changed->formula = simplify(parse(content + 1));
        changed->state = STALE;
        depend_add(it, changed);
    } else if (number_read(content, length_of(content), &changed->value)) {
        changed->state = CLEAN;
    } else {
        changed->label = duplicate(content);
        changed->state = content[0] == '\0' ? EMPTY : CLEAN;
    }
    depend_spoil(changed);
}

/* The same as text, as it could be typed. */
char *cell_content(const cell *it) {
    text content = text_new();
    if (it == NULL || it->state == EMPTY) return text_finish(&content);
    if (it->formula != NULL) {
        text_char(&content, '=');
        expression_print(&content, it->formula);
    } else if (it->label != NULL) {
        text_add(&content, it->label);
    } else {
        long whole = (long)it->value;
        char *digits = (double)whole == it->value ? integer_text(whole) : number_text(it->value, 4);
        text_add(&content, digits);
        give(digits);
    }
    return text_finish(&content);
}

/* Removes a cell that nobody reads; of others only what is in it. */
void cell_clear(sheet *it, int row, int column) {
    cell *cleared = sheet_look(it, row, column);
    if (cleared == NULL) return;
    if (cleared->readers->count > 0) {
        cell_set(it, row, column, "");
        return;
    }
    depend_remove(it, cleared);
    it->grid[row][column] = NULL;
    if (planted != 8 && current == cleared) current = NULL;
    cell_drop(cleared);
}
