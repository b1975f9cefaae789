// Intrusive tree ordered by a 64-bit key (equal keys: in the order of insertion): a treap, whose random
// priorities keep it shallow whatever comes (Aragon and Seidel, 1989). The element carries its node, so that
// insertion cannot fail. Not synchronised.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

struct TreeNode {
    TreeNode* parent = nullptr;
    TreeNode* left = nullptr;
    TreeNode* right = nullptr;
    u64 key = 0;
    u32 priority = 0;
    bool linked = false;
};

class OrderedTree : Pinned {
  public:
    [[nodiscard]] bool empty() const { return root_ == nullptr; }
    [[nodiscard]] TreeNode* first() const { return first_; }
    void insert(TreeNode& node, u64 key);
    void remove(TreeNode& node);
    /// The next in order; null behind the last.
    static TreeNode* next(TreeNode& node);

  private:
    TreeNode*& link_of(TreeNode& node);
    void rotate_up(TreeNode& node);
    TreeNode* root_ = nullptr;
    TreeNode* first_ = nullptr;
    u32 random_ = 0x9e3779b9;
};

}  // namespace litebox::vm
