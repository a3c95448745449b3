//! Programs that keep and change data: git, archives, sort, SQLite, OpenSSL, Redis.

use super::{same, same_output};

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
tries=0; until ask ping > ready 2>&1; do tries=$(( tries + 1 )); test "$tries" -lt 1200; sleep 0.05; done; cat ready
redis-benchmark -s "$PWD/s" -q -c 20 -P 8 -n 40000 -r 1000 -d 200 -t set,get,incr,lpush,rpop,sadd,hset,zadd,mset > bench
grep -c 'requests per second' bench
ask eval "for i = 1, 5000 do redis.call('set', 'key:' .. i, string.rep('v', i % 700)) end return redis.call('dbsize') > 5000 and 1" 0
ask eval "local n = 0 for i = 1, 5000 do n = n + #redis.call('get', 'key:' .. i) end return n" 0
ask bgsave > started
tries=0; until ask info persistence | grep -q rdb_bgsave_in_progress:0; do tries=$(( tries + 1 )); test "$tries" -lt 1200; sleep 0.05; done
ask info persistence | grep -a -o 'rdb_last_bgsave_status:ok'
redis-check-rdb dump.rdb | grep -c 'RDB looks OK'
ask flushall; ask dbsize
ask shutdown nosave || true
wait "$server" && echo "server ended well" || { echo "server status $?"; cat log; }
"#,
    );
}
