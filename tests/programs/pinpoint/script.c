/* The commands of a script, one on each line:
 *
 *   CELL = CONTENT        types it into a cell
 *   copy CELL CELL        the formula, moved
 *   fill CELL CELL        the first cell's formula into all below it, down to the second
 *   clear CELL            removes what is in it
 *   name WORD CELL        a name for a cell
 *   unname WORD
 *   undo                  the last change
 *   forget N              all changes but the first N
 *   record LINE           adds a record
 *   drop N                removes the Nth record
 *   hide N                leaves the Nth record out of what is printed
 *   sort N                by the Nth field
 *   print sheet N N       so many rows and columns
 *   print records | journal | names | index
 *   chart bars | histogram | average
 *   ? QUESTION            see query.c
 */
#include "sheet.h"

typedef struct machine {
    sheet *sheet;
    store *records;
    text *to;
    char **arguments;
    size_t count;
} machine;

/* The words of a line, at most so many; the last one is the whole rest. */
static char **cut(const char *line, size_t most, size_t *count) {
    char **parts = take(most * sizeof *parts);
    size_t at = 0, found = 0;
    while (line[at] != '\0' && found < most) {
        while (line[at] == ' ') at++;
        size_t start = at;
        if (found + 1 == most) {
            while (line[at] != '\0') at++;
        } else {
            while (line[at] != '\0' && line[at] != ' ') at++;
        }
        if (at > start) parts[found++] = duplicate_part(line + start, at - start);
    }
    *count = found;
    return parts;
}

static void drop_parts(char **parts, size_t count) {
    for (size_t i = 0; i < count; i++) give(parts[i]);
    give(parts);
}

static const char *argument(machine *it, size_t which) {
    if (which >= it->count) fail("a command", "misses a word");
    return it->arguments[which];
}

static void place(machine *it, size_t which, int *row, int *column) {
    const char *name = argument(it, which);
    if (!cell_name_read(name, length_of(name), row, column)) fail("not a cell", name);
}

static long integer(machine *it, size_t which) {
    const char *digits = argument(it, which);
    double value;
    if (!number_read(digits, length_of(digits), &value)) fail("not a number", digits);
    return (long)value;
}

static void type_into(machine *it, int row, int column, const char *content) {
    char *before = cell_content(sheet_look(it->sheet, row, column));
    journal_note(it->sheet, row, column, before, content);
    cell_set(it->sheet, row, column, content);
}

static void copy_cell(machine *it, int row, int column, int to_row, int to_column) {
    cell *from = sheet_look(it->sheet, row, column);
    if (from == NULL || from->formula == NULL) {
        char *content = cell_content(from);
        type_into(it, to_row, to_column, content);
        give(content);
        return;
    }
    expression *moved = expression_copy(from->formula, to_row - row, to_column - column);
    text content = text_new();
    text_char(&content, '=');
    expression_print(&content, moved);
    expression_drop(moved);
    char *typed = text_finish(&content);
    type_into(it, to_row, to_column, typed);
    give(typed);
}

static void do_copy(machine *it) {
    int row, column, to_row, to_column;
    place(it, 1, &row, &column);
    place(it, 2, &to_row, &to_column);
    copy_cell(it, row, column, to_row, to_column);
}

static void do_fill(machine *it) {
    int row, column, to_row, to_column;
    place(it, 1, &row, &column);
    place(it, 2, &to_row, &to_column);
    for (int at = row + 1; at <= to_row; at++) copy_cell(it, row, column, at, to_column);
}

static void do_clear(machine *it) {
    int row, column;
    place(it, 1, &row, &column);
    char *before = cell_content(sheet_look(it->sheet, row, column));
    journal_note(it->sheet, row, column, before, "");
    cell_clear(it->sheet, row, column);
}

static void do_name(machine *it) {
    int row, column;
    place(it, 2, &row, &column);
    give(table_put(it->sheet->names, argument(it, 1), cell_name(row, column)));
}

static void do_unname(machine *it) { give(table_remove(it->sheet->names, argument(it, 1))); }

static void do_undo(machine *it) {
    if (!journal_undo(it->sheet)) fail("undo", "nothing was changed");
}

static void do_forget(machine *it) { journal_forget(it->sheet, (size_t)integer(it, 1)); }

static size_t position(machine *it) {
    long number = integer(it, 1);
    if (number < 1 || (size_t)number > it->records->count) fail("no such record", argument(it, 1));
    return (size_t)number - 1;
}

static void do_drop(machine *it) { store_remove(it->records, position(it)); }

static void do_hide(machine *it) { it->records->list[position(it)]->hidden = true; }

static void do_sort(machine *it) { store_sort(it->records, (int)integer(it, 1) - 1); }

static void print_names(machine *it) {
    char **names = table_names(it->sheet->names);
    for (size_t i = 0; names[i] != NULL; i++) {
        text_add(it->to, "  ");
        text_padded(it->to, names[i], 12, false);
        text_add(it->to, table_get(it->sheet->names, names[i]));
        text_char(it->to, '\n');
    }
    text_char(it->to, '\n');
    give(names);
}

static void print_index(machine *it) {
    char *keys = integer_text((long)tree_count(it->records->index));
    char *height = integer_text(tree_height(it->records->index));
    text_add(it->to, "Index of ");
    text_add(it->to, keys);
    text_add(it->to, " keys, ");
    text_add(it->to, height);
    text_add(it->to, " high\n\n");
    give(height);
    give(keys);
}

static void do_print(machine *it) {
    const char *what = argument(it, 1);
    if (compare(what, "sheet") == 0) {
        report_sheet(it->sheet, it->to, (int)integer(it, 2), (int)integer(it, 3));
    } else if (compare(what, "records") == 0) {
        report_records(it->records, it->to);
    } else if (compare(what, "journal") == 0) {
        journal_print(it->sheet, it->to);
    } else if (compare(what, "names") == 0) {
        print_names(it);
    } else if (compare(what, "index") == 0) {
        print_index(it);
    } else {
        fail("print", what);
    }
}

static void do_chart(machine *it) {
    const char *what = argument(it, 1);
    size_t count = it->records->count;
    double *values = take(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = it->records->list[i]->amount;
    if (compare(what, "bars") == 0) {
        chart_bars(values, count, 30, it->to);
    } else if (compare(what, "histogram") == 0) {
        chart_histogram(values, count, 5, it->to);
    } else if (compare(what, "average") == 0) {
        chart_average(values, count, 3, it->to);
    } else {
        fail("chart", what);
    }
    give(values);
}

typedef struct command {
    const char *name;
    void (*perform)(machine *it);
} command;

static const command commands[] = {
    {"copy", do_copy},     {"fill", do_fill},     {"clear", do_clear}, {"name", do_name},
    {"unname", do_unname}, {"undo", do_undo},     {"forget", do_forget}, {"drop", do_drop},
    {"hide", do_hide},     {"sort", do_sort},     {"print", do_print}, {"chart", do_chart},
};

static void perform(machine *it) {
    int row, column;
    const char *first = argument(it, 0);
    if (cell_name_read(first, length_of(first), &row, &column)) {
        if (compare(argument(it, 1), "=") != 0) fail("a cell", "without a =");
        text content = text_new();
        for (size_t i = 2; i < it->count; i++) {
            if (i > 2) text_char(&content, ' ');
            text_add(&content, it->arguments[i]);
        }
        char *typed = text_finish(&content);
        type_into(it, row, column, typed);
        give(typed);
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (compare(first, commands[i].name) == 0) {
            commands[i].perform(it);
            return;
        }
    }
    fail("no such command", first);
}

/* Lines that take the rest as it is. */
static bool takes_rest(const char *line, const char *word) {
    size_t length = length_of(word);
    for (size_t i = 0; i < length; i++) {
        if (line[i] != word[i]) return false;
    }
    return true;
}

static void run_line(sheet *it, store *records, const char *line, text *to) {
    if (line[0] == '\0' || line[0] == '#') return;
    if (takes_rest(line, "record ")) {
        store_add(records, line + 7);
    } else if (takes_rest(line, "? ")) {
        query_run(records, line + 2, to);
    } else {
        machine runs = {it, records, to, NULL, 0};
        runs.arguments = cut(line, 4, &runs.count);
        perform(&runs);
        drop_parts(runs.arguments, runs.count);
    }
}

void script_run(sheet *it, store *records, const char *script, text *to) {
    size_t at = 0;
    while (script[at] != '\0') {
        size_t start = at;
        while (script[at] != '\0' && script[at] != '\n') at++;
        char *line = duplicate_part(script + start, at - start);
        run_line(it, records, line, to);
        give(line);
        if (script[at] == '\n') at++;
    }
}
