// What a directory's listing told, kept while its watch stays still: names for ever, what was looked at
// besides as long as it holds.
#pragma once

#include "core/base/ref.h"
#include "core/base/vector.h"
#include "core/file/inode.h"
#include "platform/host_files.h"

namespace litebox {

/// The names are fixed once it is published, so readers need no lock; nodes change under the mutex of the
/// directory's inode.
class HostListing : public RefCounted<HostListing> {
  public:
    static constexpr usize most_entries = 32768;

    struct Child {
        u32 name_at, name_length;
        u32 next = 0;                        // in its hash chain, index + 1
        u32 attributes = 0;                  // the directory watch's word when the node was brought
        u32 type;                            // mode_type bits, 0: not told
        u64 position, inode;                 // as the host's listing has them
        platform::HostNode* node = nullptr;  // owned
    };

    explicit HostListing(NameCover names) : names_(names) {}
    ~HostListing();

    /// Parses what host_list packed, behind the entries of `before` (whose nodes move here). `attributes` is
    /// the word that nodes which came along are valid with. EIO for nonsense.
    Result<void> fill(HostListing* before, std::span<const u8> records, u32 attributes);
    void finish(bool complete) { complete_ = complete; }

    [[nodiscard]] const NameCover& cover() const { return names_; }
    [[nodiscard]] bool holds() const { return names_.holds(); }
    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] usize size() const { return children_.size(); }
    Child& child(usize index) { return children_[index]; }
    [[nodiscard]] string_view name(const Child& child) const {
        return {text_.data() + child.name_at, child.name_length};
    }
    /// Index of a name; size(): not there.
    [[nodiscard]] usize find(string_view name) const;
    /// Index of the entry behind `position` (0: the first); nothing if no entry ends there.
    [[nodiscard]] bool index_behind(u64 position, usize* index) const;
    Result<void> set_node(Child& child, const platform::HostNode& node, u32 attributes);
    /// The slot that came with a child, no longer the listing's; no_host_slot: none.
    static int take_slot(Child& child);

  private:
    Result<void> add(const platform::HostEntry& entry, string_view name, const platform::HostNode* node,
                     u32 attributes);
    Result<void> take_over(HostListing& before);
    Result<void> build_index();

    const NameCover names_;
    bool complete_ = false;
    Vector<char> text_;
    Vector<Child> children_;
    Vector<u32> buckets_;  // index + 1 of a chain's first
};

}  // namespace litebox
