/* Runs the script and prints what it says, and a checksum of that. */
#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>

int planted;

static uint32_t checksum(const char *bytes, size_t length) {
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < length; i++) sum = (sum ^ (unsigned char)bytes[i]) * 16777619u;
    return sum;
}

int main(int count, char **arguments) {
    planted = count > 1 ? atoi(arguments[1]) : 0;
    sheet *sheet = sheet_new();
    store *records = store_new();
    text page = text_new();
    script_run(sheet, records, built_in, &page);
    printf("%s", page.bytes);
    printf("%zu cells calculated\nchecksum %08x\n", sheet->recalculated, checksum(page.bytes, page.length));
    text_drop(&page);
    store_drop(records);
    sheet_drop(sheet);
    return 0;
}
