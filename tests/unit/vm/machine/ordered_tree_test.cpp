// The tree of run queues and timers against std::multimap.
#include "platform/vm/task/ordered_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace litebox::vm {
namespace {

using Model = std::multimap<u64, TreeNode*>;

void expect_same(const OrderedTree& tree, const Model& model) {
    TreeNode* node = tree.first();
    for (const auto& [key, expected] : model) {
        ASSERT_NE(node, nullptr);
        ASSERT_EQ(node, expected) << "key " << key;
        node = OrderedTree::next(*node);
    }
    ASSERT_EQ(node, nullptr);
}

TEST(OrderedTree, is_empty_at_first) {
    OrderedTree tree;
    EXPECT_TRUE(tree.empty());
    EXPECT_EQ(tree.first(), nullptr);
}

TEST(OrderedTree, equal_keys_stand_in_the_order_of_their_insertion) {
    OrderedTree tree;
    std::vector<TreeNode> nodes(64);
    for (TreeNode& node : nodes) tree.insert(node, 7);
    TreeNode* at = tree.first();
    for (TreeNode& node : nodes) {
        ASSERT_EQ(at, &node);
        at = OrderedTree::next(*at);
    }
}

TEST(OrderedTree, agrees_with_a_multimap_over_random_insertions_and_removals) {
    std::mt19937_64 random(1);
    OrderedTree tree;
    Model model;
    std::vector<TreeNode> nodes(300);
    std::vector<TreeNode*> out, in;
    for (TreeNode& node : nodes) out.push_back(&node);
    for (int step = 0; step < 20000; step++) {
        bool insert = in.empty() || (!out.empty() && random() % 2 == 0);
        auto& from = insert ? out : in;
        size_t at = random() % from.size();
        TreeNode* node = from[at];
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
        (insert ? in : out).push_back(node);
        if (insert) {
            u64 key = random() % 100;
            tree.insert(*node, key);
            model.emplace(key, node);
        } else {
            auto [begin, end] = model.equal_range(node->key);
            for (auto it = begin; it != end; ++it)
                if (it->second == node) {
                    model.erase(it);
                    break;
                }
            tree.remove(*node);
            EXPECT_FALSE(node->linked);
        }
        if (step % 50 == 0) expect_same(tree, model);
        ASSERT_EQ(tree.first(), model.empty() ? nullptr : model.begin()->second);
    }
}

}  // namespace
}  // namespace litebox::vm
