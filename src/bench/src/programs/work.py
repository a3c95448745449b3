# Allocation-heavy Python: objects in a graph, dicts of strings, lists that grow, text that is cut up.
import random

random.seed(1)


class Node:
    def __init__(self, key):
        self.key = key
        self.edges = []
        self.notes = {}


def graph(size):
    nodes = [Node("node-%d" % i) for i in range(size)]
    for node in nodes:
        for _ in range(5):
            other = nodes[random.randrange(size)]
            node.edges.append((other, random.random()))
            node.notes[other.key] = "weight of %s" % other.key
    return sum(len(node.notes) for node in nodes)


def words(lines):
    counts = {}
    for i in range(lines):
        line = " ".join("w%x" % (i * j * 7919 % 4099) for j in range(12))
        for word in line.split():
            counts[word] = counts.get(word, 0) + 1
    return len(counts), max(counts.values())


def matrices(size, rounds):
    total = 0.0
    for round in range(rounds):
        rows = [[float(i * j + round) for j in range(size)] for i in range(size)]
        turned = [list(column) for column in zip(*rows)]
        total += sum(map(sum, turned))
    return total


def growing(rounds):
    length = 0
    for _ in range(rounds):
        pieces = []
        for i in range(2000):
            pieces.append(str(i) * (i % 7))
        length += len("".join(pieces))
    return length


for _ in range(2):
    print(graph(20000), words(15000), matrices(150, 20), growing(80))
