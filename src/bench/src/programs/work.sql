-- Tables, indices, joins and text functions; one database in a file, one in memory.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
ATTACH ':memory:' AS memory;
CREATE TABLE main.items (id INTEGER PRIMARY KEY, name TEXT, category INTEGER, price REAL);
CREATE TABLE memory.sales (item INTEGER, amount INTEGER, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO main.items SELECT i, 'item-' || (i * 7919 % 104729), i % 97, i * 0.25 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250000)
INSERT INTO memory.sales SELECT 1 + i * 31 % 120000, i % 11, printf('%08x-%s', i * 48271, hex(i)) FROM n;
CREATE INDEX main.by_name ON items (name);
CREATE INDEX memory.by_item ON sales (item);
SELECT category, count(*), sum(amount * price) FROM sales JOIN items ON items.id = sales.item
  GROUP BY category ORDER BY category LIMIT 5;
SELECT count(DISTINCT substr(note, 1, 5)), max(length(upper(note) || lower(note))) FROM memory.sales;
SELECT length(group_concat(name, ',')) FROM items WHERE category < 40;
SELECT a.name, count(*) FROM items a JOIN items b ON a.name = b.name GROUP BY a.name
  ORDER BY count(*) DESC, a.name LIMIT 3;
UPDATE main.items SET name = name || '-' || category WHERE id % 3 = 0;
DELETE FROM memory.sales WHERE amount = 5;
SELECT count(*), sum(length(name)) FROM items;
SELECT count(*), sum(length(note)) FROM sales;
