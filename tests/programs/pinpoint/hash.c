/* Names to things: chains behind buckets, which are doubled when there are too few. */
#include "sheet.h"

enum { FIRST_SIZE = 5 };

static uint32_t hash_of(const char *name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; name[i] != '\0'; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

/* Buckets with nothing behind them. */
static entry **empty_buckets(size_t size) {
    entry **buckets = take(size * sizeof *buckets);
    size_t end = planted == 3 ? size + 1 : size;
    for (size_t i = 0; i < end; i++) {
        buckets[i] = NULL; /* BUG 3 */
    }
    return buckets;
}

table *table_new(void) {
    table *it = take(sizeof *it);
    it->size = FIRST_SIZE;
    it->count = 0;
    it->buckets = empty_buckets(it->size);
    return it;
}

static void entry_drop(entry *it) {
    give(it->name);
    give(it);
}

void table_drop(table *it, void (*drop)(void *)) {
    for (size_t i = 0; i < it->size; i++) {
        entry *at = it->buckets[i];
        while (at != NULL) {
            entry *next = at->next;
            if (drop != NULL) drop(at->content);
            entry_drop(at);
            at = next;
        }
    }
    give(it->buckets);
    give(it);
}

/* Where the entry of this name is, or where it would have to go. */
static entry **place_of(const table *it, const char *name, uint32_t hash) {
    entry **place = &it->buckets[hash % it->size];
    while (*place != NULL && ((*place)->hash != hash || compare((*place)->name, name) != 0)) {
        place = &(*place)->next;
    }
    return place;
}

void *table_get(const table *it, const char *name) {
    entry *found = *place_of(it, name, hash_of(name));
    return found == NULL ? NULL : found->content;
}

static void grow(table *it) {
    size_t size = it->size * 2 + 1;
    entry **buckets = empty_buckets(size);
    for (size_t i = 0; i < it->size; i++) {
        entry *at = it->buckets[i];
        while (at != NULL) {
            entry *next = at->next;
            entry **place = &buckets[at->hash % size];
            at->next = *place;
            *place = at;
            at = next;
        }
    }
    give(it->buckets);
    it->buckets = buckets;
    it->size = size;
}

/* Puts it there, and returns what was there before. */
void *table_put(table *it, const char *name, void *content) {
    uint32_t hash = hash_of(name);
    entry **place = place_of(it, name, hash);
    if (*place != NULL) {
        void *before = (*place)->content;
        (*place)->content = content;
        return before;
    }
    entry *made = take(sizeof *made);
    made->next = NULL;
    made->hash = hash;
    made->name = duplicate(name);
    made->content = content;
    *place = made;
    if (++it->count > it->size) grow(it);
    return NULL;
}

void *table_remove(table *it, const char *name) {
    entry **place = place_of(it, name, hash_of(name));
    entry *found = *place;
    if (found == NULL) return NULL;
    void *content = found->content;
    *place = found->next;
    entry_drop(found);
    it->count--;
    return content;
}

/* The names in order, and a NULL behind them; the names belong to the table. */
char **table_names(const table *it) {
    char **names = take((it->count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < it->size; i++) {
        for (entry *at = it->buckets[i]; at != NULL; at = at->next) {
            size_t place = count++;
            while (place > 0 && compare(names[place - 1], at->name) > 0) {
                names[place] = names[place - 1];
                place--;
            }
            names[place] = at->name;
        }
    }
    names[count] = NULL;
    return names;
}
