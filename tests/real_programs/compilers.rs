//! What builds and debugs programs: compilers, make, gdb.

use super::{same, same_output};

#[test]
fn gcc_and_gxx() {
    same(
        &["gcc", "g++"],
        r#"
cat > one.c <<'END'
#include <stdio.h>
#include <stdlib.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void) {
    int *numbers = malloc(sizeof(int) * 100000);
    for (int i = 0; i < 100000; i++) numbers[i] = (int)(i * 48271L % 2147483647);
    qsort(numbers, 100000, sizeof(int), compare);
    printf("%d %d %d\n", numbers[0], numbers[50000], numbers[99999]);
    free(numbers);
    return 5;
}
END
cat > two.cpp <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>
int main() {
    std::map<std::string, std::vector<std::shared_ptr<int>>> table;
    for (int i = 0; i < 20000; i++) table["key " + std::to_string(i % 700)].push_back(std::make_shared<int>(i));
    long sum = 0;
    std::vector<std::thread> threads;
    std::vector<long> sums(4);
    for (int t = 0; t < 4; t++)
        threads.emplace_back([&, t] { for (auto &[key, list] : table) for (auto &p : list) if (*p % 4 == t) sums[t] += *p; });
    for (auto &thread : threads) thread.join();
    for (long part : sums) sum += part;
    std::stringstream text;
    text << sum << " " << std::regex_replace(std::string("a1b22c333"), std::regex("[0-9]+"), "<$&>");
    std::cout << text.str() << std::endl;
    try { throw std::runtime_error(text.str()); } catch (const std::exception &e) { std::cout << e.what() << "\n"; }
}
END
gcc -O2 -g -pipe -o one one.c && ./one || echo "status $?"
g++ -std=c++17 -O1 -g -pthread -o two two.cpp && ./two
gcc -O2 -flto -o one-lto one.c && ./one-lto || echo "status $?"
echo 'int main(void) { return undeclared; }' > wrong.c; gcc wrong.c || echo "status $?"
"#,
    );
}

#[test]
fn rustc() {
    same(
        &["rustc", "cc"],
        r#"
cat > hello.rs <<'END'
use std::{collections::BTreeMap, thread};
fn main() {
    let table: BTreeMap<String, Vec<u32>> = (0..2000).map(|i| (format!("{i:05}"), (0..i % 50).collect())).collect();
    let sums: Vec<u32> = (0..4).map(|part| {
        let table = table.clone();
        thread::spawn(move || table.values().flatten().filter(|n| **n % 4 == part).sum())
    }).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
    println!("hello {sums:?}");
    std::process::exit(6);
}
END
rustc --edition 2021 -C opt-level=1 -C codegen-units=4 hello.rs && ./hello || echo "status $?"
echo 'fn main() { let x: u32 = "no"; }' > wrong.rs; rustc wrong.rs || echo "status $?"
"#,
    );
}

#[test]
fn make() {
    same(
        &["make", "gcc", "seq"],
        r#"
cat > Makefile <<'END'
PARTS := $(shell seq 1 8)
OBJECTS := $(PARTS:%=part%.o)
all: program ; ./program
program: $(OBJECTS) main.o ; gcc -o $@ $^
part%.c: ; echo "int part$*(void) { return $* * $*; }" > $@
main.c: Makefile
	( for i in $(PARTS); do echo "int part$$i(void);"; done; echo '#include <stdio.h>'; \
	  echo 'int main(void) { printf("%d.", 0'; for i in $(PARTS); do echo "+ part$$i()"; done; echo '); }' ) > $@
%.o: %.c ; gcc -O1 -c -o $@ $<
broken: ; exit 4
.SECONDARY:
END
make -s -j2 && make -n all && make -s -j2 -k broken || echo "status $?"
"#,
    );
}

/// gdb calls malloc itself when an expression holds a string, so it must make sense of ours.
#[test]
fn gdb() {
    same_output(
        &["gdb", "gcc", "sed"],
        r#"
cat > debugged.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
struct node { struct node *next; int number; };
int depth(struct node *node) { return node == NULL ? 0 : 1 + depth(node->next); }
static void *thread(void *list) { printf("depth %d\n", depth(list)); return NULL; }
int main(void) {
    struct node *list = NULL;
    for (int i = 0; i < 5; i++) {
        struct node *node = malloc(sizeof *node);
        node->next = list; node->number = i; list = node;
    }
    pthread_t other;
    pthread_create(&other, NULL, thread, list);
    pthread_join(other, NULL);
    return 3;
}
END
gcc -g -O0 -pthread -o debugged debugged.c
gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set print thread-events off' \
    -ex 'break depth if node == 0' -ex run -ex 'bt 6' -ex 'print *((struct node *)0)' -ex 'up 1' -ex 'print *node' \
    -ex delete -ex 'print depth(node)' -ex 'print (long)malloc(10) != 0' -ex 'print (int)strlen("hello")' \
    -ex continue ./debugged 2>&1 |
    sed -e 's/0x[0-9a-f]*/0x/g' -e 's/(LWP [0-9]*)/(LWP)/' -e 's/process [0-9]*/process/' > out
cat out
"#,
    );
}
