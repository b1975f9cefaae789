// Pages of an object are out of a program's reach before the object, which may end with its last mapping,
// frees them: they are somebody else's the next moment, and another thread of the program runs meanwhile.
#include <gtest/gtest.h>

#include <functional>

#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/mapping.h"
#include "core/task/thread.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using simulated::Machine;

namespace {

constexpr u8 mark = 0x5a;
constexpr u64 pages = 4, length = pages * page_size;

/// Looks, when its object has freed the pages, whether the program still sees them.
class Witness final : public PageSource {
  public:
    explicit Witness(bool& still_seen) : still_seen_(still_seen) {}
    ~Witness() override {
        u8 found = 0;
        still_seen_ = platform::copy_in(&found, address + (pages - 1) * page_size, 1) == 1 && found == mark;
    }
    Result<void> fill(u64, std::span<u8> to) override {
        memset(to.data(), mark, to.size());
        return {};
    }
    u64 address = 0;

  private:
    bool& still_seen_;
};

/// Whether the pages were still seen when the only mapping, of the last reference to an object, was ended.
bool still_seen_after(const std::function<void(AddressSpace&, u64)>& end_mapping) {
    bool ended = false, still_seen = true;
    Machine machine({.region_bytes = u64{1} << 30});
    auto outcome = machine.run([&](simulated::Guest&) {
        AddressSpace& space = *current_thread()->space;
        auto source = make_ref<Witness>(still_seen).value();
        Witness& witness = *source;
        MapRequest request;
        request.length = length;
        request.protection = platform::prot_read;
        request.shared = true;
        request.source.kind = MappingSource::Kind::object;
        request.source.object =
            MemoryObject::create(Ref<PageQuota>(kernel().memory_quota), std::move(source), length).value();
        ASSERT_TRUE(request.source.object->populate(0, pages).ok());
        u64 address = space.map(std::move(request)).value();
        witness.address = address;
        u8 found = 0;
        ASSERT_TRUE(space.handle_fault(address + length - page_size, false, false).resolved);
        ASSERT_EQ(platform::copy_in(&found, address + length - page_size, 1), 1u);
        ASSERT_EQ(found, mark);
        end_mapping(space, address);
        ended = true;
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.report;
    EXPECT_TRUE(ended);
    return still_seen;
}

TEST(Unmap, PagesAreOutOfReachBeforeTheyAreFreed) {
    EXPECT_FALSE(still_seen_after(
        [](AddressSpace& space, u64 address) { EXPECT_TRUE(space.unmap(address, length).ok()); }));
}

TEST(Unmap, PagesUnderANewMappingAreOutOfReachBeforeTheyAreFreed) {
    EXPECT_FALSE(still_seen_after([](AddressSpace& space, u64 address) {
        MapRequest over;
        over.address = address;
        over.length = length;
        over.fixed = true;
        over.protection = platform::prot_read;
        EXPECT_TRUE(space.map(std::move(over)).ok());
    }));
}

TEST(Unmap, PagesUnderAMovedMappingAreOutOfReachBeforeTheyAreFreed) {
    EXPECT_FALSE(still_seen_after([](AddressSpace& space, u64 address) {
        constexpr u64 may_move = 1, fixed = 2;
        MapRequest other;
        other.length = length;
        other.protection = platform::prot_read;
        u64 from = space.map(std::move(other)).value();
        EXPECT_TRUE(space.remap(from, length, length, may_move | fixed, address).ok());
    }));
}

}  // namespace
