/* Formulas as text again, copied to another place, and simplified. */
#include "sheet.h"

static int rank(const expression *it) {
    if (it->shape == NEGATED) return 4;
    if (it->shape != BINARY) return 6;
    switch (it->operator) {
    case '^': return 5;
    case '*':
    case '/': return 3;
    case '+':
    case '-': return 2;
    default: return 1;
    }
}

static void print_number(text *to, double value) {
    long whole = (long)value;
    char *digits = (double)whole == value ? integer_text(whole) : number_text(value, 4);
    text_add(to, digits);
    give(digits);
}

static void print_cell(text *to, int row, int column) {
    char *name = cell_name(row, column);
    text_add(to, name);
    give(name);
}

static void print_inside(text *to, const expression *it, bool brackets) {
    if (brackets) text_char(to, '(');
    expression_print(to, it);
    if (brackets) text_char(to, ')');
}

void expression_print(text *to, const expression *it) {
    switch (it->shape) {
    case NUMBER: print_number(to, it->number); break;
    case TEXT:
        text_char(to, '"');
        text_add(to, it->spelling);
        text_char(to, '"');
        break;
    case CELL: print_cell(to, it->row, it->column); break;
    case RANGE:
        print_cell(to, it->row, it->column);
        text_char(to, ':');
        print_cell(to, it->last_row, it->last_column);
        break;
    case NAME: text_add(to, it->spelling); break;
    case NEGATED:
        text_char(to, '-');
        print_inside(to, it->arguments[0], rank(it->arguments[0]) < rank(it));
        break;
    case BINARY:
        print_inside(to, it->arguments[0], rank(it->arguments[0]) < rank(it));
        text_char(to, ' ');
        text_char(to, it->operator);
        text_char(to, ' ');
        print_inside(to, it->arguments[1], rank(it->arguments[1]) <= rank(it));
        break;
    case CALL:
        text_add(to, it->spelling);
        text_char(to, '(');
        for (size_t i = 0; i < it->count; i++) {
            if (i > 0) text_add(to, ", ");
            expression_print(to, it->arguments[i]);
        }
        text_char(to, ')');
        break;
    }
}

static int moved(int place, int by, int end) {
    int to = place + by;
    return to < 0 ? 0 : to >= end ? end - 1 : to;
}

/* The same formula for a cell that is so far away. */
expression *expression_copy(const expression *it, int rows, int columns) {
    expression *made = take(sizeof *made);
    *made = *it;
    made->row = moved(it->row, rows, ROWS);
    made->last_row = moved(it->last_row, rows, ROWS);
    made->column = moved(it->column, columns, COLUMNS);
    made->last_column = moved(it->last_column, columns, COLUMNS);
    made->spelling = it->spelling == NULL ? NULL : duplicate(it->spelling);
    made->arguments = NULL;
    if (it->count > 0) made->arguments = take(it->count * sizeof *made->arguments);
    for (size_t i = 0; i < it->count; i++) {
        made->arguments[i] = expression_copy(it->arguments[i], rows, columns);
    }
    return made;
}

static bool is_number(const expression *it, double value) {
    return it->shape == NUMBER && it->number == value;
}

/* Keeps one argument in the place of the whole. */
static expression *only(expression *it, size_t which) {
    expression *kept = it->arguments[which];
    it->arguments[which] = NULL;
    expression_drop(it);
    return kept;
}

static expression *constant(expression *it, double value) {
    for (size_t i = 0; i < it->count; i++) expression_drop(it->arguments[i]);
    give(it->arguments);
    it->arguments = NULL;
    it->count = 0;
    it->shape = NUMBER;
    it->number = value;
    return it;
}

/* What is known without any cell, and what changes nothing. */
expression *simplify(expression *it) {
    for (size_t i = 0; i < it->count; i++) it->arguments[i] = simplify(it->arguments[i]);
    if (it->shape == NEGATED && it->arguments[0]->shape == NUMBER) {
        return constant(it, -it->arguments[0]->number);
    }
    if (it->shape != BINARY) return it;
    expression *left = it->arguments[0], *right = it->arguments[1];
    if (left->shape == NUMBER && right->shape == NUMBER) {
        switch (it->operator) {
        case '+': return constant(it, left->number + right->number);
        case '-': return constant(it, left->number - right->number);
        case '*': return constant(it, left->number * right->number);
        default: return it;
        }
    }
    if (it->operator== '*' && is_number(right, 1)) return only(it, 0);
    if (it->operator== '*' && is_number(left, 1)) return only(it, 1);
    if (it->operator== '+' && is_number(right, 0)) return only(it, 0);
    if (it->operator== '+' && is_number(left, 0)) return only(it, 1);
    return it;
}
