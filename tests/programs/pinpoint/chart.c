/* Charts made of letters: bars, a histogram, a moving average. */
#include "sheet.h"

static double largest_of(const double *values, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] > largest) largest = values[i];
    }
    return largest;
}

/* One bar for each value, the longest as wide as the chart. */
void chart_bars(const double *values, size_t count, size_t width, text *to) {
    double largest = largest_of(values, count);
    for (size_t i = 0; i < count; i++) {
        double share = largest > 0 && values[i] > 0 ? values[i] / largest : 0;
        size_t length = (size_t)(share * (double)width + 0.5);
        char *number = integer_text((long)i + 1);
        char *value = number_text(values[i], 1);
        text_padded(to, number, 4, true);
        text_add(to, " |");
        text_repeat(to, '#', length);
        text_repeat(to, ' ', width - length + 1);
        text_padded(to, value, 9, true);
        text_char(to, '\n');
        give(value);
        give(number);
    }
    text_char(to, '\n');
}

/* How many values fall into each bucket, and which was the last that did. */
typedef struct bucket {
    uint32_t count;
    uint32_t last;
} bucket;

static bucket *sorted_into(const double *values, size_t count, size_t buckets, double width) {
    bucket *all = take(buckets * sizeof *all);
    for (size_t i = 0; i < buckets; i++) all[i].count = all[i].last = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] < 0) continue;
        size_t which = width > 0 ? (size_t)(values[i] / width) : 0;
        bool is_far = which >= buckets + 2;
        if (which >= buckets && !(is_far && planted == 5)) which = buckets - 1;
        all[which].last = (uint32_t)i + 1; /* BUG 5 */
        if (which < buckets) all[which].count++;
    }
    return all;
}

/* The largest values count as outliers: they go into the last bucket. */
void chart_histogram(const double *values, size_t count, size_t buckets, text *to) {
    double largest = largest_of(values, count);
    double width = largest / (double)(buckets + 2);
    bucket *all = sorted_into(values, count, buckets, width);
    for (size_t i = 0; i < buckets; i++) {
        char *from = number_text((double)i * width, 1);
        char *number = integer_text((long)all[i].count);
        char *last = integer_text((long)all[i].last);
        text_add(to, "  from ");
        text_padded(to, from, 9, true);
        text_padded(to, number, 4, true);
        text_add(to, " values, the last one at ");
        text_add(to, last);
        text_char(to, '\n');
        give(last);
        give(number);
        give(from);
    }
    text_char(to, '\n');
    give(all);
}

/* The mean of each value and of those before it, as many as fit the window. */
void chart_average(const double *values, size_t count, size_t window, text *to) {
    double *means = take(count * sizeof *means);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        if (i >= window) sum -= values[i - window];
        means[i] = sum / (double)(i < window ? i + 1 : window);
    }
    text_add(to, "  means");
    for (size_t i = 0; i < count; i++) {
        char *mean = number_text(means[i], 2);
        text_char(to, ' ');
        text_add(to, mean);
        give(mean);
    }
    text_add(to, "\n\n");
    give(means);
}
