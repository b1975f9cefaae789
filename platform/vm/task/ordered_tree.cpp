#include "platform/vm/task/ordered_tree.h"

namespace litebox::vm {

TreeNode*& OrderedTree::link_of(TreeNode& node) {
    if (node.parent == nullptr) return root_;
    return node.parent->left == &node ? node.parent->left : node.parent->right;
}

/// Takes its parent's place; the parent becomes its child.
void OrderedTree::rotate_up(TreeNode& node) {
    TreeNode& parent = *node.parent;
    bool is_left = parent.left == &node;
    TreeNode*& inner = is_left ? node.right : node.left;
    (is_left ? parent.left : parent.right) = inner;
    if (inner != nullptr) inner->parent = &parent;
    link_of(parent) = &node;
    node.parent = parent.parent;
    parent.parent = &node;
    inner = &parent;
}

void OrderedTree::insert(TreeNode& node, u64 key) {
    random_ ^= random_ << 13, random_ ^= random_ >> 17, random_ ^= random_ << 5;  // xorshift
    node = {nullptr, nullptr, nullptr, key, random_, true};
    TreeNode** link = &root_;
    bool leftmost = true;
    while (*link != nullptr) {
        node.parent = *link;
        bool left = key < (*link)->key;
        leftmost = leftmost && left;
        link = left ? &(*link)->left : &(*link)->right;
    }
    *link = &node;
    if (leftmost) first_ = &node;
    while (node.parent != nullptr && node.parent->priority < node.priority) rotate_up(node);
}

void OrderedTree::remove(TreeNode& node) {
    if (first_ == &node) first_ = next(node);
    while (node.left != nullptr && node.right != nullptr)
        rotate_up(node.left->priority > node.right->priority ? *node.left : *node.right);
    TreeNode* child = node.left != nullptr ? node.left : node.right;
    link_of(node) = child;
    if (child != nullptr) child->parent = node.parent;
    node.linked = false;
}

TreeNode* OrderedTree::next(TreeNode& node) {
    if (node.right != nullptr) {
        TreeNode* at = node.right;
        while (at->left != nullptr) at = at->left;
        return at;
    }
    TreeNode* at = &node;
    while (at->parent != nullptr && at->parent->right == at) at = at->parent;
    return at->parent;
}

}  // namespace litebox::vm
