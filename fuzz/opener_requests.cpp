// Requests to an opener, from a guest that owns the ring: garbage, lengths and slots that lie, names that
// lead outside, and memory that changes while it is looked at. Whatever comes, the opener asks its kernel for
// nothing but files beneath the grants of its lane, and keeps nothing that is not in the windows.
#include <memory>

#include "fuzz/opener_kernel.h"
#include "platform/process/boot/opener_state.h"

using namespace litebox;
using namespace litebox::process;
using fuzz::OpenerKernel;

namespace {

using Kind = platform::GrantParameters::Kind;

/// What a supervisor would have prepared.
struct Prepared {
    platform::GrantParameters grants[3] = {};
    u8 lanes_of_grants[3] = {0, 0, 1};
    FileLaneParameters lanes[2] = {{1, 1, false}, {2, 2, false}};
    StartBlock block{};

    explicit Prepared(bool slow) {
        for (u32 i = 0; i < std::size(grants); i++) {
            grants[i].grant = i;
            grants[i].kind = i == OpenerKernel::read_only ? Kind::read_only : Kind::read_write;
        }
        lanes[0].slow = slow;
        block.grant_count = std::size(grants);
        block.lanes = lanes;
        block.grant_lanes = lanes_of_grants;
        block.parameters.grants = grants;
    }
};

std::string some_path(fuzz::Input& input) {
    constexpr const char* names[] = {"a", "dir/file", "",     "/etc/passwd", "../outside", "a/../../b",
                                     ".", "a/",       "a//b", "a/.",         "..",         "dir"};
    u32 which = input.below(std::size(names) + 4);
    if (which < std::size(names)) return names[which];
    return input.text(input.below(which == std::size(names) ? 5000 : 40));
}

/// A length as it is, or a lie.
u32 told(fuzz::Input& input, usize length) {
    return input.below(8) == 0 ? input.take<u32>() : static_cast<u32>(length);
}

void fill(FileSlot& slot, fuzz::Input& input) {
    FileRequest& r = slot.request;
    r.operation = static_cast<FileOperation>(input.below(32));
    r.grant = input.below(5);
    r.flags = input.below(2) == 0 ? input.below(32) : input.take<u32>();
    r.slot = input.below(4) == 0
                 ? input.take<i32>()
                 : static_cast<i32>(input.below(2) == 0 ? file_window_begin : write_window_begin) +
                       static_cast<i32>(input.below(4));
    r.position = input.take<u16>();
    r.length = input.take<u32>();
    r.directory = {u64{input.below(3)}, input.below(3)};
    r.room = told(input, FileSlot::data_size);
    r.change.fields = input.take<u8>();
    r.change.mode_bits = input.take<u16>();
    constexpr const char* attributes[] = {"user.x", "security.evil", "system.posix_acl_access", "trusted.y"};
    std::string first = some_path(input);
    std::string second = input.flip() ? some_path(input) : attributes[input.below(std::size(attributes))];
    if (r.operation == FileOperation::open_many) second += '\0';
    if (r.operation == FileOperation::release)
        first.assign(reinterpret_cast<const char*>(&r.slot), sizeof(r.slot));
    std::string third = input.text(input.below(16)), all = first + second + third;
    r.first_length = told(input, first.size());
    r.second_length = told(input, second.size());
    r.third_length = told(input, third.size());
    memcpy(slot.data, all.data(), all.size());
    slot.state.store(input.flip() ? FileSlot::posted : FileSlot::awaited);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    Prepared prepared(input.below(4) == 0);
    static FileRing* ring = new FileRing();
    constexpr usize looked_at = 8192;  // of the data; clearing all of it would take most of the time
    for (FileSlot& slot : ring->lanes[0].slots) {
        slot.state.store(FileSlot::free);
        slot.request = {};
        memset(slot.data, 0, looked_at);
    }
    auto pool = std::make_unique<OpenerPool>();
    auto opener = std::make_unique<Opener>();
    pool->block = &prepared.block;
    pool->ring = ring;
    constexpr int inotify = 7;
    pool->watches.descriptor = prepared.lanes[0].slow ? -1 : inotify;
    opener->pool = pool.get();
    opener->lane = 0;
    FileLane& lane = ring->lanes[0];
    OpenerKernel kernel(input, lane);
    fuzz::opener_kernel = &kernel;
    for (int round = 0; round < 16 && !input.empty(); round++) {
        for (u32 count = 1 + input.below(3); count > 0; count--)
            fill(lane.slots[input.below(FileLane::slot_count)], input);
        if (input.below(4) == 0) lane.drains_asked.fetch_add(1);
        try {
            serve_lane(*opener);
        } catch (const fuzz::Asleep&) {
            FUZZ_CHECK(kernel.holds_nothing());
        }
    }
    return 0;
}
