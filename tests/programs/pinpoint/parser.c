/* Words as a tree, by recursive descent:
 *
 *   comparison = sum [ ('<' | '>' | '=') sum ]
 *   sum        = product { ('+' | '-') product }
 *   product    = power { ('*' | '/') power }
 *   power      = unary [ '^' power ]
 *   unary      = '-' unary | atom
 *   atom       = number | text | cell [ ':' cell ] | name [ '(' arguments ')' ] | '(' comparison ')'
 */
#include "sheet.h"

typedef struct parser {
    words words;
    size_t at;
} parser;

static expression *comparison(parser *it);

static expression *make(shape shape) {
    expression *made = take_cleared(sizeof *made);
    made->shape = shape;
    return made;
}

static word *look(parser *it) { return &it->words.list[it->at]; }

static bool skip(parser *it, char sign) {
    word *next = look(it);
    if (next->kind != WORD_SIGN || next->sign != sign) return false;
    it->at++;
    return true;
}

static void add_argument(expression *it, expression *argument) {
    expression **arguments = take((it->count + 1) * sizeof *arguments);
    for (size_t i = 0; i < it->count; i++) arguments[i] = it->arguments[i];
    arguments[it->count++] = argument;
    give(it->arguments);
    it->arguments = arguments;
}

static expression *binary(char operator, expression *left, expression *right) {
    expression *made = make(BINARY);
    made->operator= operator;
    add_argument(made, left);
    add_argument(made, right);
    return made;
}

static expression *cell_or_range(parser *it) {
    word *first = look(it);
    expression *made = make(CELL);
    made->row = made->last_row = first->row;
    made->column = made->last_column = first->column;
    it->at++;
    if (skip(it, ':')) {
        word *last = look(it);
        if (last->kind != WORD_CELL) fail("a range", "has no end");
        made->shape = RANGE;
        made->last_row = last->row;
        made->last_column = last->column;
        it->at++;
    }
    return made;
}

static expression *name_or_call(parser *it) {
    expression *made = make(NAME);
    made->spelling = duplicate(look(it)->spelling);
    it->at++;
    if (!skip(it, '(')) return made;
    made->shape = CALL;
    if (skip(it, ')')) return made;
    do {
        add_argument(made, comparison(it));
    } while (skip(it, ','));
    if (!skip(it, ')')) fail("no end of arguments", made->spelling);
    return made;
}

static expression *atom(parser *it) {
    word *next = look(it);
    expression *made;
    switch (next->kind) {
    case WORD_NUMBER:
        made = make(NUMBER);
        made->number = next->number;
        it->at++;
        return made;
    case WORD_TEXT:
        made = make(TEXT);
        made->spelling = duplicate(next->spelling);
        it->at++;
        return made;
    case WORD_CELL: return cell_or_range(it);
    case WORD_NAME: return name_or_call(it);
    default: break;
    }
    if (!skip(it, '(')) fail("a formula", "ends too early");
    made = comparison(it);
    if (!skip(it, ')')) fail("a formula", "misses a bracket");
    return made;
}

static expression *unary(parser *it) {
    if (!skip(it, '-')) return atom(it);
    expression *made = make(NEGATED);
    add_argument(made, unary(it));
    return made;
}

static expression *power(parser *it) {
    expression *base = unary(it);
    return skip(it, '^') ? binary('^', base, power(it)) : base;
}

static expression *product(parser *it) {
    expression *left = power(it);
    for (;;) {
        if (skip(it, '*')) {
            left = binary('*', left, power(it));
        } else if (skip(it, '/')) {
            left = binary('/', left, power(it));
        } else {
            return left;
        }
    }
}

static expression *sum(parser *it) {
    expression *left = product(it);
    for (;;) {
        if (skip(it, '+')) {
            left = binary('+', left, product(it));
        } else if (skip(it, '-')) {
            left = binary('-', left, product(it));
        } else {
            return left;
        }
    }
}

static expression *comparison(parser *it) {
    expression *left = sum(it);
    for (const char *sign = "<>="; *sign != '\0'; sign++) {
        if (skip(it, *sign)) return binary(*sign, left, sum(it));
    }
    return left;
}

expression *parse(const char *formula) {
    parser it = {lex(formula), 0};
    expression *made = comparison(&it);
    if (look(&it)->kind != WORD_END) fail("a formula goes on", formula);
    words_drop(&it.words);
    return made;
}

void expression_drop(expression *it) {
    if (it == NULL) return;
    for (size_t i = 0; i < it->count; i++) expression_drop(it->arguments[i]);
    give(it->arguments);
    give(it->spelling);
    give(it);
}
