/* A small spreadsheet, driven by a script that is built in: cells with formulas, names, an index, a
 * journal for undo, records with queries, charts and a printed report.
 *
 * It is what `heapwarden run --pinpoint` is tried on. Without an argument it is clean and prints its
 * report and a checksum of it. With a number from 1 to 10 it makes one mistake, in the line that is
 * marked with that number; whatever the mistake overwrites, the line itself is only to be found by
 * who watches that memory. */
#ifndef SHEET_H
#define SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mistake that was asked for; 0 is none. */
extern int planted;

/* memory.c: requests that cannot fail, and loops in the place of libc's functions. */
void *take(size_t size);
void *take_cleared(size_t size);
void give(void *block);
void copy_bytes(void *to, const void *from, size_t count);
size_t length_of(const char *text);
int compare(const char *left, const char *right);
char *duplicate(const char *text);
char *duplicate_part(const char *text, size_t length);
_Noreturn void fail(const char *why, const char *what);

/* text.c: a text that grows. */
typedef struct text {
    char *bytes;
    size_t length;
    size_t capacity;
} text;

text text_new(void);
void text_drop(text *it);
void text_char(text *it, char letter);
void text_add(text *it, const char *more);
void text_part(text *it, const char *more, size_t length);
void text_repeat(text *it, char letter, size_t count);
void text_padded(text *it, const char *more, size_t width, bool to_the_right);
char *text_finish(text *it);

/* number.c: numbers as text, and back. */
char *number_text(double value, int decimals);
char *integer_text(long value);
bool number_read(const char *at, size_t length, double *value);

/* list.c: a list with two ends, and a place in it. */
typedef struct item {
    struct item *next;
    struct item *previous;
    void *content;
} item;

typedef struct list {
    item *first;
    item *last;
    item *cursor;
    size_t count;
} list;

list *list_new(void);
void list_drop(list *it, void (*drop)(void *));
item *list_append(list *it, void *content);
item *list_insert_after(list *it, item *where, void *content);
void *list_remove(list *it, item *which);
item *list_find(const list *it, const void *content);
void list_visit(list *it, void (*visit)(void *content, void *context), void *context);

/* hash.c: names to things. */
typedef struct entry {
    struct entry *next;
    uint32_t hash;
    char *name;
    void *content;
} entry;

typedef struct table {
    entry **buckets;
    size_t size;
    size_t count;
} table;

table *table_new(void);
void table_drop(table *it, void (*drop)(void *));
void *table_get(const table *it, const char *name);
void *table_put(table *it, const char *name, void *content);
void *table_remove(table *it, const char *name);
char **table_names(const table *it);

/* tree.c: things in order. */
typedef struct node {
    struct node *left;
    struct node *right;
    int level;
    char *key;
    list *rows;
} node;

node *tree_insert(node *tree, const char *key, void *row);
node *tree_find(node *tree, const char *key);
void tree_walk(const node *tree, void (*visit)(const node *at, void *context), void *context);
size_t tree_count(const node *tree);
int tree_height(const node *tree);
void tree_drop(node *tree);

/* lexer.c: a formula as words. */
typedef enum word_kind {
    WORD_END,
    WORD_NUMBER,
    WORD_TEXT,
    WORD_NAME,
    WORD_CELL,
    WORD_SIGN,
} word_kind;

typedef struct word {
    word_kind kind;
    char *spelling;
    double number;
    int row, column;
    char sign;
} word;

typedef struct words {
    word *list;
    size_t count;
    size_t capacity;
} words;

words lex(const char *formula);
void words_drop(words *it);
bool cell_name_read(const char *at, size_t length, int *row, int *column);
char *cell_name(int row, int column);

/* parser.c: words as a tree. */
typedef enum shape {
    NUMBER,
    TEXT,
    CELL,
    RANGE,
    NAME,
    NEGATED,
    BINARY,
    CALL,
} shape;

typedef struct expression {
    shape shape;
    char operator;
    double number;
    char *spelling;
    int row, column, last_row, last_column;
    struct expression **arguments;
    size_t count;
} expression;

expression *parse(const char *formula);
expression *expression_copy(const expression *it, int rows, int columns);
void expression_drop(expression *it);
void expression_print(text *to, const expression *it);
expression *simplify(expression *it);

/* cells.c: the sheet. */
typedef enum state { EMPTY, CLEAN, STALE, BUSY, BROKEN } state;

typedef struct cell {
    int row, column;
    state state;
    double value;
    char *label;
    expression *formula;
    list *readers;
    uint32_t visits;
    char note[12];
} cell;

enum { ROWS = 40, COLUMNS = 12 };

typedef struct sheet {
    cell *grid[ROWS][COLUMNS];
    table *names;
    list *journal;
    size_t recalculated;
} sheet;

sheet *sheet_new(void);
void sheet_drop(sheet *it);
cell *sheet_cell(sheet *it, int row, int column);
cell *sheet_look(const sheet *it, int row, int column);
void cell_set(sheet *it, int row, int column, const char *content);
char *cell_content(const cell *it);
void cell_drop(cell *it);
void cell_clear(sheet *it, int row, int column);

/* depend.c: who reads whom. */
void depend_add(sheet *it, cell *reader);
void depend_remove(sheet *it, cell *reader);
void depend_spoil(cell *changed);
cell **depend_order(sheet *it, size_t *count);

/* eval.c: values. */
double evaluate(sheet *it, const expression *what, bool *broken);
void recalculate(sheet *it);

/* journal.c: what was changed, to be undone. */
typedef struct change {
    int row, column;
    char *before;
    char *after;
    bool undone;
} change;

void journal_note(sheet *it, int row, int column, char *before, const char *after);
bool journal_undo(sheet *it);
void journal_forget(sheet *it, size_t keep);
void journal_print(const sheet *it, text *to);
void change_drop(void *content);

/* records.c and query.c: a table of records and what is asked of it. */
enum { FIELDS = 4 };

typedef struct record {
    char *fields[FIELDS];
    double amount;
    bool hidden;
} record;

typedef struct store {
    record **list;
    size_t count;
    size_t capacity;
    node *index;
} store;

store *store_new(void);
void store_drop(store *it);
record *store_add(store *it, const char *line);
void store_remove(store *it, size_t position);
void store_sort(store *it, int field);
void query_run(store *it, const char *what, text *to);

/* report.c and chart.c: what is printed. */
void report_sheet(sheet *it, text *to, int rows, int columns);
void report_records(const store *it, text *to);
void chart_bars(const double *values, size_t count, size_t width, text *to);
void chart_histogram(const double *values, size_t count, size_t buckets, text *to);
void chart_average(const double *values, size_t count, size_t window, text *to);

/* script.c: the commands; input.c: those that are built in. */
void script_run(sheet *it, store *records, const char *script, text *to);
extern const char *const built_in;

#endif
