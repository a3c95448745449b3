/* A table of records with an index of the second field. */
#include "sheet.h"

enum { FIRST_RECORDS = 6 };

store *store_new(void) {
    store *it = take(sizeof *it);
    it->list = take(FIRST_RECORDS * sizeof *it->list);
    it->count = 0;
    it->capacity = FIRST_RECORDS;
    it->index = NULL;
    return it;
}

static void record_drop(record *it) {
    for (int field = 0; field < FIELDS; field++) give(it->fields[field]);
    give(it);
}

void store_drop(store *it) {
    for (size_t i = 0; i < it->count; i++) record_drop(it->list[i]);
    tree_drop(it->index);
    give(it->list);
    give(it);
}

/* A line `field;field;field;number`. */
static record *record_read(const char *line) {
    record *made = take_cleared(sizeof *made);
    size_t at = 0;
    for (int field = 0; field < FIELDS; field++) {
        size_t start = at;
        while (line[at] != '\0' && line[at] != ';') at++;
        made->fields[field] = duplicate_part(line + start, at - start);
        if (line[at] == ';') at++;
    }
    const char *amount = made->fields[FIELDS - 1];
    if (!number_read(amount, length_of(amount), &made->amount)) fail("no amount", line);
    return made;
}

record *store_add(store *it, const char *line) {
    if (it->count == it->capacity) {
        size_t capacity = it->capacity * 2;
        record **list = take(capacity * sizeof *list);
        copy_bytes(list, it->list, it->count * sizeof *list);
        give(it->list);
        it->list = list;
        it->capacity = capacity;
    }
    record *made = record_read(line);
    it->list[it->count++] = made;
    it->index = tree_insert(it->index, made->fields[1], made);
    return made;
}

void store_remove(store *it, size_t position) {
    record *removed = it->list[position];
    node *at = tree_find(it->index, removed->fields[1]);
    item *row = at == NULL ? NULL : list_find(at->rows, removed);
    if (row != NULL) list_remove(at->rows, row);
    for (size_t i = position + 1; i < it->count; i++) it->list[i - 1] = it->list[i];
    it->count--;
    record_drop(removed);
}

static bool is_before(const record *left, const record *right, int field) {
    if (field == FIELDS - 1) return left->amount > right->amount;
    return compare(left->fields[field], right->fields[field]) < 0;
}

/* Merges two sorted halves by way of a second list. */
static void merge(record **list, record **spare, size_t middle, size_t end, int field) {
    size_t left = 0, right = middle, to = 0;
    while (left < middle || right < end) {
        bool takes_right =
            left == middle || (right < end && is_before(list[right], list[left], field));
        spare[to++] = takes_right ? list[right++] : list[left++];
    }
    copy_bytes(list, spare, end * sizeof *list);
}

static void sort(record **list, record **spare, size_t count, int field) {
    if (count < 2) return;
    size_t middle = count / 2;
    sort(list, spare, middle, field);
    sort(list + middle, spare, count - middle, field);
    merge(list, spare, middle, count, field);
}

void store_sort(store *it, int field) {
    // One too few, and the last copy is of one too many.
    record **spare = take((planted == 4 ? it->count - 1 : it->count) * sizeof *spare);
    if (planted == 4) {
        copy_bytes(spare, it->list, it->count * sizeof *spare);
    }
    sort(it->list, spare, planted == 4 ? it->count - 1 : it->count, field);
    give(spare);
}
