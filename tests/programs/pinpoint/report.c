/* The sheet and the records as they are printed. */
#include "sheet.h"

enum { WIDTH = 11 };

/* A line of dashes with a `+` before each column; the caller gives it back. */
static char *rule(int columns) {
    size_t length = 4 + (size_t)columns * (WIDTH + 1);
    char *line = take(length + 1);
    size_t end = planted == 2 ? length + 21 : length;
    for (size_t i = 0; i < end; i++) {
        line[i] = i >= 3 && (i - 3) % (WIDTH + 1) == 0 ? '+' : '-'; /* BUG 2 */
    }
    line[length] = '\0';
    return line;
}

static void print_rule(text *to, int columns) {
    char *line = rule(columns);
    text_add(to, line);
    text_char(to, '\n');
    give(line);
}

static void print_value(text *to, const cell *at) {
    if (at == NULL || at->state == EMPTY) {
        text_repeat(to, ' ', WIDTH);
    } else if (at->label != NULL) {
        text_padded(to, at->label, WIDTH, false);
    } else if (at->state == BROKEN) {
        text_padded(to, "#BROKEN", WIDTH, true);
    } else {
        char *value = number_text(at->value, 2);
        text_padded(to, value, WIDTH, true);
        give(value);
    }
}

void report_sheet(sheet *it, text *to, int rows, int columns) {
    recalculate(it);
    text_add(to, "   ");
    for (int column = 0; column < columns; column++) {
        char name[2] = {(char)('A' + column), '\0'};
        text_char(to, '|');
        text_padded(to, name, WIDTH, false);
    }
    text_add(to, "|\n");
    print_rule(to, columns);
    for (int row = 0; row < rows; row++) {
        char *number = integer_text(row + 1);
        text_padded(to, number, 2, true);
        text_char(to, ' ');
        give(number);
        for (int column = 0; column < columns; column++) {
            text_char(to, '|');
            print_value(to, sheet_look(it, row, column));
        }
        text_add(to, "|\n");
    }
    print_rule(to, columns);
    text_char(to, '\n');
}

/* The records; the largest one gets a star, once all are printed and it is known. */
void report_records(const store *it, text *to) {
    text page = text_new();
    size_t star = 0;
    char *place = page.bytes;
    double largest = 0;
    for (size_t i = 0; i < it->count; i++) {
        const record *at = it->list[i];
        if (at->hidden) continue;
        if (i == 0 || at->amount > largest) {
            largest = at->amount;
            star = page.length;
            place = page.bytes + star;
        }
        text_add(&page, "  ");
        for (int field = 0; field < FIELDS - 1; field++) {
            text_padded(&page, at->fields[field], 14, false);
        }
        char *amount = number_text(at->amount, 2);
        text_padded(&page, amount, 10, true);
        text_char(&page, '\n');
        give(amount);
    }
    if (planted != 10) place = page.bytes + star;
    if (page.length > 0) {
        *place = '*'; /* BUG 10 */
    }
    char *whole = text_finish(&page);
    text_add(to, whole);
    text_char(to, '\n');
    give(whole);
}
