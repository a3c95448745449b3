/* A list with two ends. The cursor is the item that was used last: who goes through a list in steps
 * need not start anew each time. */
#include "sheet.h"

list *list_new(void) { return take_cleared(sizeof(list)); }

void list_drop(list *it, void (*drop)(void *)) {
    item *at = it->first;
    while (at != NULL) {
        item *next = at->next;
        if (drop != NULL) drop(at->content);
        give(at);
        at = next;
    }
    give(it);
}

static item *item_new(void *content) {
    item *made = take(sizeof *made);
    made->next = made->previous = NULL;
    made->content = content;
    return made;
}

item *list_append(list *it, void *content) {
    item *made = item_new(content);
    made->previous = it->last;
    if (it->last != NULL) {
        it->last->next = made; /* BUG 9 */
    } else {
        it->first = made;
    }
    it->last = it->cursor = made;
    it->count++;
    return made;
}

item *list_insert_after(list *it, item *where, void *content) {
    if (where == it->last) return list_append(it, content);
    item *made = item_new(content);
    made->previous = where;
    made->next = where == NULL ? it->first : where->next;
    made->next->previous = made;
    if (where == NULL) {
        it->first = made;
    } else {
        where->next = made;
    }
    it->cursor = made;
    it->count++;
    return made;
}

void *list_remove(list *it, item *which) {
    void *content = which->content;
    if (which->previous != NULL) {
        which->previous->next = which->next;
    } else {
        it->first = which->next;
    }
    if (which->next != NULL) {
        which->next->previous = which->previous;
    } else if (planted != 9 || it->count < 3) {
        it->last = which->previous;
    }
    if (it->cursor == which) it->cursor = which->previous;
    it->count--;
    give(which);
    return content;
}

item *list_find(const list *it, const void *content) {
    for (item *at = it->first; at != NULL; at = at->next) {
        if (at->content == content) return at;
    }
    return NULL;
}

void list_visit(list *it, void (*visit)(void *content, void *context), void *context) {
    for (item *at = it->first; at != NULL; at = at->next) {
        it->cursor = at;
        visit(at->content, context);
    }
}
