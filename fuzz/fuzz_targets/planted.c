/* The example of docs/fuzzing.md in C: a parser of records (a tag, a length, the bytes) with a heap bug
 * behind each tag. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct record {
    size_t length;
    uint8_t bytes[8];
};

/* Volatile, so that compilers leave the bugs in. */
static struct record *volatile current;
static volatile uint8_t first;

/* 'w': the length is believed. */
static void write_record(const uint8_t *bytes, size_t length)
{
    struct record *record = current = malloc(sizeof *record);
    if (!record)
        return;
    record->length = length;
    memcpy(record->bytes, bytes, length);
    first = record->bytes[0];
    free(record);
}

/* 'c': the record is closed before its length is reset. */
static void close_record(void)
{
    struct record *closed;
    current = calloc(1, sizeof *current);
    closed = current;
    free(current);
    if (closed)
        closed->length = 1;
}

/* 't': taken by both. */
static void take_twice(void)
{
    current = malloc(sizeof *current);
    free(current);
    free(current);
}

/* 'k': kept for nobody. */
static void keep(size_t length)
{
    current = malloc(sizeof *current + length);
    current = NULL;
}

/* `armed` is the tag whose bug is there, 0 for all of them. */
void planted_parse(const uint8_t *data, size_t size, int armed)
{
    while (size >= 2) {
        uint8_t tag = data[0], length = data[1];
        data += 2;
        size -= 2;
        if (length > size)
            return;
        switch (armed == 0 || armed == tag ? tag : 0) {
        case 'w':
            write_record(data, length);
            break;
        case 'c':
            if (length == 3)
                close_record();
            break;
        case 't':
            if (length == 5)
                take_twice();
            break;
        case 'k':
            if (length == 7)
                keep(length);
            break;
        }
        data += length;
        size -= length;
    }
}
