/* Numbers as text, written from the last digit to the first, and back. */
#include "sheet.h"

/* The digits of a long, a sign and the end. */
enum { DIGITS_MAX = 20 };

static size_t count_digits(unsigned long value) {
    size_t count = 1;
    while (value >= 10) {
        value /= 10;
        count++;
    }
    return count;
}

/* Writes the digits so that they end before `end`, at least so many, and says where they start. */
static char *write_digits(char *end, unsigned long value, size_t at_least) {
    size_t count = count_digits(value);
    if (count < at_least) count = at_least;
    char *at = end;
    for (size_t i = 0; i < count; i++) {
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    return at;
}

char *integer_text(long value) {
    unsigned long size = value < 0 ? 0ul - (unsigned long)value : (unsigned long)value;
    size_t digits = count_digits(size);
    bool has_sign = value < 0;
    size_t length = digits + (has_sign ? 1 : 0);
    char *text = take(length + 1);
    text[length] = '\0';
    char *at = write_digits(text + length, size, 0);
    if (has_sign || planted == 6) {
        *--at = '-'; /* BUG 6 */
    }
    return text;
}

static unsigned long power_of_ten(int decimals) {
    unsigned long power = 1;
    while (decimals-- > 0) power *= 10;
    return power;
}

char *number_text(double value, int decimals) {
    if (decimals <= 0) return integer_text((long)(value < 0 ? value - 0.5 : value + 0.5));
    bool negative = value < 0;
    unsigned long scale = power_of_ten(decimals);
    unsigned long scaled = (unsigned long)((negative ? -value : value) * (double)scale + 0.5);
    unsigned long whole = scaled / scale, part = scaled % scale;
    size_t length = count_digits(whole) + 1 + (size_t)decimals + (negative ? 1 : 0);
    char *text = take(length + 1);
    text[length] = '\0';
    char *at = write_digits(text + length, part, (size_t)decimals);
    *--at = '.';
    at = write_digits(at, whole, 0);
    if (negative) *--at = '-';
    return text;
}

static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/* Reads `123`, `123.5` or `-1.25`, all of it. */
bool number_read(const char *at, size_t length, double *value) {
    size_t i = 0, digits = 0;
    bool negative = length > 0 && at[0] == '-';
    if (negative) i++;
    double number = 0, scale = 1;
    for (; i < length && is_digit(at[i]); i++, digits++) number = number * 10 + (at[i] - '0');
    if (i < length && at[i] == '.') {
        for (i++; i < length && is_digit(at[i]); i++, digits++) {
            scale /= 10;
            number += (at[i] - '0') * scale;
        }
    }
    if (digits == 0 || digits >= DIGITS_MAX || i != length) return false;
    *value = negative ? -number : number;
    return true;
}
