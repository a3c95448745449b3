/* A formula as words: numbers, texts in quotes, names, cells and signs. */
#include "sheet.h"

static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

static bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}

static bool is_blank(char letter) { return letter == ' ' || letter == '\t'; }

static word *words_add(words *it, word_kind kind) {
    if (it->count == it->capacity) {
        size_t capacity = it->capacity == 0 ? 4 : it->capacity * 2;
        word *list = take(capacity * sizeof *list);
        for (size_t i = 0; i < it->count; i++) list[i] = it->list[i];
        give(it->list);
        it->list = list;
        it->capacity = capacity;
    }
    word *made = &it->list[it->count++];
    made->kind = kind;
    made->spelling = NULL;
    made->number = 0;
    made->row = made->column = 0;
    made->sign = '\0';
    return made;
}

/* `B12`: one letter for the column, then the row, counted from 1. */
bool cell_name_read(const char *at, size_t length, int *row, int *column) {
    if (length < 2 || length > 3 || at[0] < 'A' || at[0] >= 'A' + COLUMNS) return false;
    int number = 0;
    for (size_t i = 1; i < length; i++) {
        if (!is_digit(at[i])) return false;
        number = number * 10 + (at[i] - '0');
    }
    if (number < 1 || number > ROWS) return false;
    *row = number - 1;
    *column = at[0] - 'A';
    return true;
}

char *cell_name(int row, int column) {
    text name = text_new();
    text_char(&name, (char)('A' + column));
    if (row >= 9) text_char(&name, (char)('0' + (row + 1) / 10));
    text_char(&name, (char)('0' + (row + 1) % 10));
    return text_finish(&name);
}

static size_t lex_number(words *it, const char *at) {
    size_t length = 0;
    while (is_digit(at[length]) || at[length] == '.') length++;
    word *made = words_add(it, WORD_NUMBER);
    if (!number_read(at, length, &made->number)) fail("not a number", at);
    return length;
}

static size_t lex_text(words *it, const char *at) {
    size_t length = 1;
    while (at[length] != '"') {
        if (at[length] == '\0') fail("a text without an end", at);
        length++;
    }
    words_add(it, WORD_TEXT)->spelling = duplicate_part(at + 1, length - 1);
    return length + 1;
}

static size_t lex_name(words *it, const char *at) {
    size_t length = 0;
    while (is_letter(at[length]) || is_digit(at[length])) length++;
    int row, column;
    if (cell_name_read(at, length, &row, &column)) {
        word *made = words_add(it, WORD_CELL);
        made->row = row;
        made->column = column;
    } else {
        words_add(it, WORD_NAME)->spelling = duplicate_part(at, length);
    }
    return length;
}

words lex(const char *formula) {
    words it = {NULL, 0, 0};
    const char *at = formula;
    while (*at != '\0') {
        if (is_blank(*at)) {
            at++;
        } else if (is_digit(*at)) {
            at += lex_number(&it, at);
        } else if (*at == '"') {
            at += lex_text(&it, at);
        } else if (is_letter(*at)) {
            at += lex_name(&it, at);
        } else {
            words_add(&it, WORD_SIGN)->sign = *at++;
        }
    }
    words_add(&it, WORD_END);
    return it;
}

void words_drop(words *it) {
    for (size_t i = 0; i < it->count; i++) give(it->list[i].spelling);
    give(it->list);
    it->list = NULL;
    it->count = it->capacity = 0;
}
