/* Keys in order, each with the rows that have it: an AA tree, which is a red-black tree with two
 * cases. */
#include "sheet.h"

static node *node_new(const char *key) {
    node *made = take(sizeof *made);
    made->left = made->right = NULL;
    made->level = 1;
    made->key = duplicate(key);
    made->rows = list_new();
    return made;
}

/* A left child on the same level goes to the top. */
static node *skew(node *tree) {
    node *left = tree->left;
    if (left == NULL || left->level != tree->level) return tree;
    tree->left = left->right;
    left->right = tree;
    return left;
}

/* Of three on the same level the middle one goes up. */
static node *split(node *tree) {
    node *right = tree->right;
    if (right == NULL || right->right == NULL || right->right->level != tree->level) return tree;
    tree->right = right->left;
    right->left = tree;
    right->level++;
    return right;
}

node *tree_insert(node *tree, const char *key, void *row) {
    if (tree == NULL) {
        node *made = node_new(key);
        list_append(made->rows, row);
        return made;
    }
    int order = compare(key, tree->key);
    if (order == 0) {
        list_append(tree->rows, row);
        return tree;
    }
    if (order < 0) {
        tree->left = tree_insert(tree->left, key, row);
    } else {
        tree->right = tree_insert(tree->right, key, row);
    }
    return split(skew(tree));
}

node *tree_find(node *tree, const char *key) {
    while (tree != NULL) {
        int order = compare(key, tree->key);
        if (order == 0) return tree;
        tree = order < 0 ? tree->left : tree->right;
    }
    return NULL;
}

void tree_walk(const node *tree, void (*visit)(const node *at, void *context), void *context) {
    if (tree == NULL) return;
    tree_walk(tree->left, visit, context);
    visit(tree, context);
    tree_walk(tree->right, visit, context);
}

size_t tree_count(const node *tree) {
    return tree == NULL ? 0 : 1 + tree_count(tree->left) + tree_count(tree->right);
}

int tree_height(const node *tree) {
    if (tree == NULL) return 0;
    int left = tree_height(tree->left), right = tree_height(tree->right);
    return 1 + (left > right ? left : right);
}

void tree_drop(node *tree) {
    if (tree == NULL) return;
    tree_drop(tree->left);
    tree_drop(tree->right);
    list_drop(tree->rows, NULL);
    give(tree->key);
    give(tree);
    if (planted == 7) {
        tree->level = 0; /* BUG 7 */
    }
}
