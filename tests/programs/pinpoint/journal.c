/* What was changed, so that it can be undone; the oldest changes are forgotten. */
#include "sheet.h"

void change_drop(void *content) {
    change *it = content;
    give(it->before);
    give(it->after);
    give(it);
}

/* Takes `before` over. */
void journal_note(sheet *it, int row, int column, char *before, const char *after) {
    change *made = take(sizeof *made);
    made->row = row;
    made->column = column;
    made->before = before;
    made->after = duplicate(after);
    made->undone = false;
    list_append(it->journal, made);
}

/* Undoes the last change that has not been undone. */
bool journal_undo(sheet *it) {
    for (item *at = it->journal->last; at != NULL; at = at->previous) {
        change *last = at->content;
        if (last->undone) continue;
        cell_set(it, last->row, last->column, last->before);
        last->undone = true;
        return true;
    }
    return false;
}

/* Forgets the last changes down to so many, newest first. */
void journal_forget(sheet *it, size_t keep) {
    while (it->journal->count > keep) {
        item *newest = it->journal->first;
        for (size_t i = 1; i < it->journal->count; i++) newest = newest->next;
        change_drop(list_remove(it->journal, newest));
    }
}

static void print_change(void *content, void *context) {
    const change *it = content;
    text *to = context;
    char *place = cell_name(it->row, it->column);
    text_padded(to, place, 5, false);
    text_padded(to, it->before, 22, false);
    text_add(to, it->undone ? " <- " : " -> ");
    text_add(to, it->after);
    text_char(to, '\n');
    give(place);
}

void journal_print(const sheet *it, text *to) {
    char *count = integer_text((long)it->journal->count);
    text_add(to, "Journal of ");
    text_add(to, count);
    text_add(to, " changes\n");
    give(count);
    list_visit(it->journal, print_change, to);
    text_char(to, '\n');
}
