//! Interpreters: bash, Python, Perl, Node.js, Lua.

use super::same;

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
