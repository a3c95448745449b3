/* Values: the operators, and the functions over ranges. */
#include "sheet.h"

/* What the functions over ranges need of their values. */
typedef struct summary {
    double sum, product, smallest, largest, squares;
    size_t count;
} summary;

static void summary_add(summary *it, double value) {
    if (it->count == 0 || value < it->smallest) it->smallest = value;
    if (it->count == 0 || value > it->largest) it->largest = value;
    it->sum += value;
    it->product *= value;
    it->squares += value * value;
    it->count++;
}

static double cell_value(sheet *it, int row, int column, bool *broken) {
    cell *at = sheet_look(it, row, column);
    if (at == NULL) return 0;
    at->visits++;
    if (at->state == BROKEN || at->state == BUSY) *broken = true;
    return at->value;
}

static void summarize(sheet *it, const expression *what, summary *all, bool *broken) {
    for (size_t i = 0; i < what->count; i++) {
        const expression *argument = what->arguments[i];
        if (argument->shape != RANGE) {
            summary_add(all, evaluate(it, argument, broken));
            continue;
        }
        for (int row = argument->row; row <= argument->last_row; row++) {
            for (int column = argument->column; column <= argument->last_column; column++) {
                cell *at = sheet_look(it, row, column);
                bool counts = at != NULL && at->label == NULL && at->state != EMPTY;
                if (counts) summary_add(all, cell_value(it, row, column, broken));
            }
        }
    }
}

static double square_root(double value) {
    if (value <= 0) return 0;
    double root = value > 1 ? value : 1;
    for (int i = 0; i < 60; i++) root = (root + value / root) / 2;
    return root;
}

static double to_the_power(double base, double exponent) {
    double result = 1;
    int times = (int)(exponent < 0 ? -exponent : exponent);
    for (int i = 0; i < times; i++) result *= base;
    return exponent < 0 ? 1 / result : result;
}

static double rounded(double value) {
    return (double)(long)(value < 0 ? value - 0.5 : value + 0.5);
}

static double call(sheet *it, const expression *what, bool *broken) {
    const char *name = what->spelling;
    if (compare(name, "IF") == 0 && what->count == 3) {
        bool holds = evaluate(it, what->arguments[0], broken) != 0;
        return evaluate(it, what->arguments[holds ? 1 : 2], broken);
    }
    summary all = {0, 1, 0, 0, 0, 0};
    summarize(it, what, &all, broken);
    double mean = all.count > 0 ? all.sum / (double)all.count : 0;
    if (compare(name, "SUM") == 0) return all.sum;
    if (compare(name, "PRODUCT") == 0) return all.product;
    if (compare(name, "MIN") == 0) return all.smallest;
    if (compare(name, "MAX") == 0) return all.largest;
    if (compare(name, "COUNT") == 0) return (double)all.count;
    if (compare(name, "AVERAGE") == 0) return mean;
    if (compare(name, "SPREAD") == 0 && all.count > 0) {
        return square_root(all.squares / (double)all.count - mean * mean);
    }
    if (compare(name, "ROOT") == 0) return square_root(all.sum);
    if (compare(name, "ROUND") == 0) return rounded(all.sum);
    if (compare(name, "ABS") == 0) return all.sum < 0 ? -all.sum : all.sum;
    *broken = true;
    return 0;
}

static double named(sheet *it, const char *name, bool *broken) {
    const char *place = table_get(it->names, name);
    int row, column;
    if (place == NULL || !cell_name_read(place, length_of(place), &row, &column)) {
        *broken = true;
        return 0;
    }
    return cell_value(it, row, column, broken);
}

static double operate(char operator, double left, double right, bool *broken) {
    switch (operator) {
    case '+': return left + right;
    case '-': return left - right;
    case '*': return left * right;
    case '^': return to_the_power(left, right);
    case '<': return left < right;
    case '>': return left > right;
    case '=': return left == right;
    case '/':
        if (right != 0) return left / right;
        break;
    }
    *broken = true;
    return 0;
}

double evaluate(sheet *it, const expression *what, bool *broken) {
    switch (what->shape) {
    case NUMBER: return what->number;
    case TEXT: return (double)length_of(what->spelling);
    case CELL: return cell_value(it, what->row, what->column, broken);
    case NAME: return named(it, what->spelling, broken);
    case NEGATED: return -evaluate(it, what->arguments[0], broken);
    case CALL: return call(it, what, broken);
    case BINARY: {
        double left = evaluate(it, what->arguments[0], broken);
        return operate(what->operator, left, evaluate(it, what->arguments[1], broken), broken);
    }
    default: *broken = true; return 0;
    }
}

/* Brings every cell up to date. */
void recalculate(sheet *it) {
    size_t count;
    cell **order = depend_order(it, &count);
    for (size_t i = 0; i < count; i++) {
        cell *at = order[i];
        if (at->formula == NULL) continue;
        bool broken = at->state == BROKEN;
        double value = broken ? 0 : evaluate(it, at->formula, &broken);
        at->value = broken ? 0 : value;
        at->state = broken ? BROKEN : CLEAN;
        it->recalculated++;
    }
    give(order);
}
