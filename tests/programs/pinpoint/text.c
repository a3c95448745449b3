/* A text that grows by doubling. */
#include "sheet.h"

enum { FIRST_CAPACITY = 24 };

text text_new(void) {
    text it = {take(FIRST_CAPACITY), 0, FIRST_CAPACITY};
    it.bytes[0] = '\0';
    return it;
}

void text_drop(text *it) {
    give(it->bytes);
    it->bytes = NULL;
    it->length = it->capacity = 0;
}

/* Room for so many more letters and the end. */
static void reserve(text *it, size_t more) {
    size_t needed = it->length + more + 1;
    if (needed <= it->capacity) return;
    size_t capacity = it->capacity;
    while (capacity < needed) capacity *= 2;
    char *bytes = take(capacity);
    copy_bytes(bytes, it->bytes, it->length + 1);
    give(it->bytes);
    it->bytes = bytes;
    it->capacity = capacity;
}

void text_char(text *it, char letter) {
    reserve(it, 1);
    it->bytes[it->length++] = letter;
    it->bytes[it->length] = '\0';
}

void text_add(text *it, const char *more) { text_part(it, more, length_of(more)); }

void text_part(text *it, const char *more, size_t length) {
    reserve(it, length);
    copy_bytes(it->bytes + it->length, more, length);
    it->length += length;
    it->bytes[it->length] = '\0';
}

void text_repeat(text *it, char letter, size_t count) {
    reserve(it, count);
    for (size_t i = 0; i < count; i++) it->bytes[it->length + i] = letter;
    it->length += count;
    it->bytes[it->length] = '\0';
}

/* In a field of this width; what is too long is cut, with a mark. */
void text_padded(text *it, const char *more, size_t width, bool to_the_right) {
    size_t length = length_of(more);
    if (length > width) {
        text_part(it, more, width > 0 ? width - 1 : 0);
        if (width > 0) text_char(it, '~');
        return;
    }
    if (to_the_right) text_repeat(it, ' ', width - length);
    text_add(it, more);
    if (!to_the_right) text_repeat(it, ' ', width - length);
}

/* The text alone, in a block of just its size; the rest is dropped. */
char *text_finish(text *it) {
    size_t length = it->length;
    char *whole = take(planted == 1 ? length : length + 1);
    for (size_t i = 0; i < length; i++) whole[i] = it->bytes[i];
    whole[length] = '\0'; /* BUG 1 */
    text_drop(it);
    return whole;
}
