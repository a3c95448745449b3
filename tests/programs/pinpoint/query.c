/* Questions to the records:
 *
 *   find TEXT        those with this second field, by the index
 *   above N          those with a larger amount
 *   groups           sums by the second field
 *   like TEXT        those in which any field has this text in it
 */
#include "sheet.h"

typedef struct answer {
    text *to;
    size_t rows;
    double sum;
} answer;

static void answer_row(const record *it, answer *to) {
    text_add(to->to, "  ");
    for (int field = 0; field < FIELDS - 1; field++) {
        text_padded(to->to, it->fields[field], 14, false);
        text_char(to->to, ' ');
    }
    char *amount = number_text(it->amount, 2);
    text_padded(to->to, amount, 10, true);
    text_char(to->to, '\n');
    give(amount);
    to->rows++;
    to->sum += it->amount;
}

static bool contains(const char *whole, const char *part) {
    for (size_t start = 0; whole[start] != '\0'; start++) {
        size_t i = 0;
        while (part[i] != '\0' && whole[start + i] == part[i]) i++;
        if (part[i] == '\0') return true;
    }
    return false;
}

static void find(store *it, const char *key, answer *to) {
    node *at = tree_find(it->index, key);
    if (at == NULL) return;
    for (item *row = at->rows->first; row != NULL; row = row->next) {
        const record *found = row->content;
        if (!found->hidden) answer_row(found, to);
    }
}

static void above(store *it, const char *limit, answer *to) {
    double least;
    if (!number_read(limit, length_of(limit), &least)) fail("not a number", limit);
    for (size_t i = 0; i < it->count; i++) {
        if (it->list[i]->amount > least) answer_row(it->list[i], to);
    }
}

static void like(store *it, const char *part, answer *to) {
    for (size_t i = 0; i < it->count; i++) {
        for (int field = 0; field < FIELDS; field++) {
            if (contains(it->list[i]->fields[field], part)) {
                answer_row(it->list[i], to);
                break;
            }
        }
    }
}

static void group(const node *at, void *context) {
    answer *to = context;
    double sum = 0;
    for (item *row = at->rows->first; row != NULL; row = row->next) {
        sum += ((const record *)row->content)->amount;
    }
    char *total = number_text(sum, 2);
    char *count = integer_text((long)at->rows->count);
    text_add(to->to, "  ");
    text_padded(to->to, at->key, 14, false);
    text_padded(to->to, count, 4, true);
    text_padded(to->to, total, 12, true);
    text_char(to->to, '\n');
    give(count);
    give(total);
    to->rows++;
    to->sum += sum;
}

/* The rest behind a word, or NULL if it does not start with it. */
static const char *after(const char *what, const char *word) {
    size_t length = length_of(word);
    for (size_t i = 0; i < length; i++) {
        if (what[i] != word[i]) return NULL;
    }
    while (what[length] == ' ') length++;
    return what + length;
}

void query_run(store *it, const char *what, text *to) {
    answer result = {to, 0, 0};
    const char *rest;
    text_add(to, "? ");
    text_add(to, what);
    text_char(to, '\n');
    if ((rest = after(what, "find ")) != NULL) {
        find(it, rest, &result);
    } else if ((rest = after(what, "above ")) != NULL) {
        above(it, rest, &result);
    } else if ((rest = after(what, "like ")) != NULL) {
        like(it, rest, &result);
    } else if (after(what, "groups") != NULL) {
        tree_walk(it->index, group, &result);
    } else {
        fail("no such question", what);
    }
    char *rows = integer_text((long)result.rows);
    char *sum = number_text(result.sum, 2);
    text_add(to, "  ");
    text_add(to, rows);
    text_add(to, " rows, ");
    text_add(to, sum);
    text_add(to, " in all\n\n");
    give(sum);
    give(rows);
}
