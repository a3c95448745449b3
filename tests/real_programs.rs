//! Programs from everyday life, unchanged, without Heapwarden and with it: the same output and the
//! same status, in every process they start. The scripts print only what cannot vary between runs.

mod support;

use support::{Script, same_as_without};

/// A script whose stderr is compared as well.
fn same(tools: &'static [&'static str], text: &'static str) {
    same_as_without(&Script { tools, text, compare_stderr: true });
}

/// A script whose programs write times or process numbers to stderr.
fn same_output(tools: &'static [&'static str], text: &'static str) {
    same_as_without(&Script { tools, text, compare_stderr: false });
}

#[test]
fn bash() {
    same(
        &["bash", "seq", "sort", "wc", "tr", "awk"],
        r#"
cat > script.bash <<'END'
set -u
declare -A count
for i in $(seq 300); do
    word="w$(( i * 7919 % 31 ))"
    count[$word]=$(( ${count[$word]:-0} + i ))
done
for word in "${!count[@]}"; do echo "$word ${count[$word]}"; done | sort
(( total = 0 ))
for i in $(seq 40); do total=$(( total + $(echo "$i" | tr 0-9 1-90 | wc -c) )); done
echo "total $total"
jobs=()
for i in 1 2 3 4 5 6; do
    ( seq "$(( i * 1000 ))" | awk '{ s += $1 } END { print s }' > "part$i"; exit "$i" ) & jobs+=("$!")
done
for job in "${jobs[@]}"; do wait "$job"; echo "status $?"; done
cat part?
coproc worker { while read -r line; do echo "<$line>"; done; }
echo hello >&"${worker[1]}"; read -r answer <&"${worker[0]}"; echo "$answer"
text=$(seq 20000); echo "${#text} ${text:100:20}"; text=${text//1/one}; echo "${#text}"
diff <(seq 10) <(seq 2 11); echo "differ $?"
trap 'echo trapped; exit 7' USR1; kill -USR1 $$; sleep 1; echo "not reached"
END
bash script.bash || echo "status $?"
"#,
    );
}

#[test]
fn python() {
    let text = r#"
cat > program.py <<'END'
import collections, concurrent.futures, hashlib, json, multiprocessing, os, re, subprocess, sys, threading, zlib

def work(number):
    data = [str(i * number) * (i % 7) for i in range(3000)]
    table = collections.Counter(word[:3] for word in data)
    text = json.dumps(sorted(table.items()))
    assert json.loads(text)
    return hashlib.sha256(zlib.compress(text.encode()) and text.encode()).hexdigest()[:12]

def main():
    print("one", work(3))
    results = {}
    threads = [threading.Thread(target=lambda n=n: results.update({n: work(n)})) for n in range(16)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("threads", sorted(results.items()))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print("pool", list(pool.map(work, range(20))))
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(work, range(8)))
    children = [subprocess.Popen([sys.executable, "-c", f"print('x' * {n}); raise SystemExit({n})"],
                                 stdout=subprocess.PIPE) for n in range(4)]
    print("children", [(len(child.communicate()[0]), child.returncode) for child in children])
    print(subprocess.run("echo from a shell | tr a-z A-Z", shell=True, capture_output=True, text=True).stdout)
    if (child := os.fork()) == 0:
        os._exit(len(work(5)))
    print("fork", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    big = bytearray(1)
    for i in range(20): big = big + big
    print(len(big), len(re.findall(r"a+b", "aaab" * 10000)))
    nodes = {}
    for i in range(50000): nodes[i] = [nodes.get(i // 2), bytes(i % 400)]
    del nodes
    sys.exit(3)

if __name__ == "__main__":
    main()
END
for allocator in pymalloc malloc; do
    PYTHONMALLOC=$allocator PYTHONHASHSEED=1 python3 program.py || echo "status $?"
done
"#;
    same(&["python3", "tr"], text);
}

#[test]
fn perl() {
    same(
        &["perl"],
        r#"
cat > program.pl <<'END'
use strict; use warnings;
my (%seen, @lists);
for my $i (1 .. 40000) {
    my $word = join '', map { chr(97 + ($i * $_) % 26) } 1 .. 1 + $i % 9;
    $seen{$word}++;
    push @{ $lists[$i % 17] }, { number => $i, word => $word };
    splice @{ $lists[$i % 17] }, 0, 50 if $i % 500 == 0;
}
print scalar(keys %seen), " ", join(',', map { scalar @$_ } @lists), "\n";
print join(' ', (sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen)[0 .. 9]), "\n";
my $text = 'abc' x 30000; (my $other = $text) =~ s/b(c)/<$1>/g; print length($other), "\n";
my @children;
for my $n (1 .. 5) {
    my $child = fork // die;
    if (!$child) { my @x = map { { $_ => [1 .. 10] } } 1 .. 2000; exit $n }
    push @children, $child;
}
print join(',', map { waitpid($_, 0); $? >> 8 } @children), "\n";
open my $pipe, '-|', 'echo piped; exit 3' or die; print <$pipe>; close $pipe; print $? >> 8, "\n";
print `perl -e 'print 6 * 7'`, "\n";
warn "to stderr\n"; exit 9;
END
perl program.pl || echo "status $?"
"#,
    );
}

#[test]
fn git() {
    same(
        &["git", "seq"],
        r#"
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org GIT_PAGER=cat
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git init -q -b main here && cd here
for i in $(seq 12); do
    seq "$i" 2000 > "file$(( i % 5 ))"; mkdir -p "dir$i"; seq "$i" > "dir$i/some"
    git add -A && git commit -q -m "commit $i"
done
git checkout -q -b side HEAD~3 && echo side > side && git add side && git commit -q -m side
git checkout -q main && git merge -q --no-edit -m merged side
git log --stat --graph --format='%H %s' | cat
git diff HEAD~5 HEAD --shortstat; git blame dir7/some | cat; git grep -c 199 | cat
git gc -q --aggressive --prune=now && git fsck --full && git count-objects -v | grep -v size
cd .. && git clone -q here there && cd there && git rev-parse HEAD && git status --short --branch
git checkout nothing || echo "status $?"
"#,
    );
}

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

#[test]
fn tar_gzip_and_xz() {
    same_output(
        &["tar", "gzip", "xz", "seq", "sha256sum", "cmp"],
        r#"
mkdir tree && for i in $(seq 60); do mkdir -p "tree/$(( i % 7 ))"; seq "$i" 400 > "tree/$(( i % 7 ))/$i"; done
seq 600000 > tree/big
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf tree.tar tree
gzip -n -9 -k tree.tar && xz -T2 --block-size=1MiB -0 -k tree.tar
sha256sum tree.tar tree.tar.gz tree.tar.xz
gzip -dc tree.tar.gz | cmp - tree.tar && xz -T2 -dc tree.tar.xz | cmp - tree.tar
mkdir out && tar -C out -xzf tree.tar.gz && diff -r tree out/tree && tar -tJf tree.tar.xz | wc -l
tar -cJf again.tar.xz tree && xz -l --robot again.tar.xz | wc -l
head -c 1000 tree.tar.xz > cut.xz; xz -t cut.xz || echo "status $?"
"#,
    );
}

#[test]
fn sort() {
    same(
        &["sort", "awk", "seq", "sha256sum"],
        r#"
seq 400000 | awk '{ printf "%d %d some words to carry\n", ($1 * 7919) % 400009, $1 }' > numbers
sort --parallel=2 -S 8M -n numbers > sorted && sha256sum sorted
sort --parallel=2 -k2,2nr numbers | head -n 3
LC_ALL=C sort --parallel=4 -u -k1,1.2 numbers | wc -l
sort -c numbers || echo "status $?"
"#,
    );
}

#[test]
fn sqlite() {
    same(
        &["sqlite3"],
        r#"
sqlite3 file.db > out <<'END'
PRAGMA journal_mode=WAL;
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, value REAL, data BLOB);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
  INSERT INTO item SELECT i, printf('name %d', i * 7919 % 1000), i / 7.0, zeroblob(i % 300) FROM n;
COMMIT;
CREATE INDEX by_name ON item(name, value);
SELECT name, count(*), round(sum(value), 3) FROM item GROUP BY name ORDER BY 3 DESC LIMIT 5;
DELETE FROM item WHERE id % 3 = 0;
UPDATE item SET data = randomblob(2000) WHERE id % 50 = 1;
SELECT count(*), sum(length(data)) FROM item;
SELECT a.name, count(*) FROM item a JOIN item b ON b.id = a.id + 1 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3;
SELECT group_concat(name, '|') FROM (SELECT name FROM item ORDER BY value LIMIT 20);
PRAGMA integrity_check;
VACUUM;
END
cat out
sqlite3 file.db .dump | grep -c INSERT
sqlite3 file.db 'SELECT wrong FROM item' || echo "status $?"
"#,
    );
}

#[test]
fn node() {
    same(
        &["node"],
        r#"
cat > program.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { execFileSync, spawn } = require('child_process');
const crypto = require('crypto'), zlib = require('zlib');
function work(seed) {
    const rows = [];
    for (let i = 0; i < 5000; i++) rows.push({ id: i, name: 'n' + (i * seed) % 997, list: [i, [seed, { deep: i }]] });
    const back = JSON.parse(JSON.stringify(rows));
    const text = back.map(r => r.name).sort().join();
    const packed = zlib.gunzipSync(zlib.gzipSync(Buffer.from(text)));
    return crypto.createHash('sha256').update(packed).digest('hex').slice(0, 16);
}
if (!isMainThread) { parentPort.postMessage(work(workerData)); return; }
(async () => {
    console.log('main', work(1));
    const run = seed => new Promise((done, no) => {
        const worker = new Worker(__filename, { workerData: seed });
        worker.on('message', done); worker.on('error', no);
    });
    console.log('workers', await Promise.all([2, 3, 4, 5].map(run)));
    console.log('again', await Promise.all([6, 7].map(run)));
    const buffers = [];
    for (let i = 0; i < 300; i++) { buffers.push(Buffer.alloc(i * 1000, 'x')); if (i % 3) buffers.shift(); }
    console.log(buffers.reduce((sum, b) => sum + b.length, 0));
    console.log('child', execFileSync(process.execPath, ['-e', 'console.log(6 * 7)']).toString().trim());
    const child = spawn('sh', ['-c', 'cat; exit 3']);
    child.stdout.on('data', data => console.log('echoed', data.toString()));
    child.on('exit', code => { console.log('status', code); process.exitCode = 8; });
    child.stdin.end('through a pipe');
})();
END
node program.js || echo "status $?"
"#,
    );
}

#[test]
fn openssl() {
    same_output(
        &["openssl", "seq", "cmp"],
        r#"
seq 100000 > plain
for digest in sha256 sha512 md5 sha3-256 blake2b512; do openssl dgst -"$digest" plain; done
openssl enc -aes-256-cbc -pbkdf2 -pass pass:secret -S 0102030405060708 -in plain -out sealed
openssl dgst -sha256 sealed
openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:secret -S 0102030405060708 -in sealed | cmp - plain && echo round trip
openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:wrong -S 0102030405060708 -in sealed -out /dev/null || echo "status $?"
openssl genrsa -out key.pem 2048 && openssl rsa -in key.pem -check -noout && openssl rsa -in key.pem -pubout -out public.pem
openssl dgst -sha256 -sign key.pem -out signature plain && openssl dgst -sha256 -verify public.pem -signature signature plain
openssl ecparam -name prime256v1 -genkey -noout -out curve.pem
openssl req -x509 -new -key curve.pem -subj /CN=example -days 2 -out certificate.pem
openssl verify -CAfile certificate.pem certificate.pem && openssl x509 -in certificate.pem -noout -subject
openssl asn1parse -in key.pem | wc -l
"#,
    );
}

#[test]
fn redis() {
    same_output(
        &["redis-server", "redis-benchmark", "redis-cli", "grep"],
        r#"
redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save '' --activedefrag no > log 2>&1 &
server=$!
ask() { redis-cli -s "$PWD/s" "$@"; }
tries=0; until ask ping > ready 2>&1; do tries=$(( tries + 1 )); test "$tries" -lt 200; sleep 0.05; done; cat ready
redis-benchmark -s "$PWD/s" -q -c 20 -P 8 -n 40000 -r 1000 -d 200 -t set,get,incr,lpush,rpop,sadd,hset,zadd,mset > bench
grep -c 'requests per second' bench
ask eval "for i = 1, 5000 do redis.call('set', 'key:' .. i, string.rep('v', i % 700)) end return redis.call('dbsize') > 5000 and 1" 0
ask eval "local n = 0 for i = 1, 5000 do n = n + #redis.call('get', 'key:' .. i) end return n" 0
ask bgsave > started
tries=0; until ask info persistence | grep -q rdb_bgsave_in_progress:0; do tries=$(( tries + 1 )); test "$tries" -lt 200; sleep 0.05; done
ask info persistence | grep -a -o 'rdb_last_bgsave_status:ok'
redis-check-rdb dump.rdb | grep -c 'RDB looks OK'
ask flushall; ask dbsize
ask shutdown nosave || true
wait "$server" && echo "server ended well" || { echo "server status $?"; cat log; }
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

#[test]
fn lua() {
    same(
        &["lua5.4"],
        r#"
cat > program.lua <<'END'
local function tree(n) if n == 0 then return {} end return { tree(n - 1), tree(n - 1) } end
local function count(t) return t[1] and 1 + count(t[1]) + count(t[2]) or 1 end
print(count(tree(14)))
local words = {}
for i = 1, 60000 do words[#words + 1] = string.format("%d-%s", i * 7919 % 1009, ("x"):rep(i % 40)) end
table.sort(words); print(#table.concat(words), words[1], words[30000])
local threads = {}
for i = 1, 500 do threads[i] = coroutine.wrap(function() local t = {} while true do t[#t + 1] = ("y"):rep(i); coroutine.yield(#t) end end) end
local sum = 0
for _ = 1, 20 do for i = 1, 500 do sum = sum + threads[i]() end end
threads = nil; collectgarbage(); print(sum)
print(select(2, ("abc"):rep(20000):gsub("b", "<%0>")))
print(io.popen("echo from a pipe"):read("a"))
print(pcall(error, { code = 1 }) == false); os.exit(4, true)
END
lua5.4 program.lua || echo "status $?"
"#,
    );
}

/// In the order of the search path the tools above are usually scripts and links, so this one runs
/// programs directly, without a shell in between: the command becomes the program.
#[test]
fn status_and_signals_are_the_programs_own() {
    for profile in support::PROFILES {
        let run = |args: &[&str]| support::Run::of("sh").args(args).on(profile);
        run(&["-c", "exit 0"]).exited(0);
        run(&["-c", "exit 113"]).exited(113);
        run(&["-c", "kill -TERM $$"]).killed_by(libc::SIGTERM);
        run(&["-c", "kill -SEGV $$"]).killed_by(libc::SIGSEGV);
        run(&["-c", "kill -KILL $$"]).killed_by(libc::SIGKILL);
    }
}
