// Random operations on several spaces, compared after each with a model that knows nothing of page tables.

#include <cstring>
#include <random>

#include "test_machine.h"

namespace litebox::vm::test {
namespace {

using platform::prot_execute;
using platform::prot_none;
using platform::prot_read;
using platform::prot_write;

constexpr u64 region_pages = 64, file_pages = 48;

/// What a page of a space shows.
struct ModelPage {
    enum class Source : u8 { anonymous, region, file } source = Source::anonymous;
    u8 protection = 0;
    bool shared = false;
    u64 index = 0;
    bool own = false;  // private, and written
    u64 value = 0;     // then
};
using ModelSpace = std::map<u64, ModelPage>;

class Model {
  public:
    u64 region[region_pages] = {};
    u64 file[file_pages] = {};
    u64 file_size = file_pages;

    u64 value_of(const ModelPage& page) const {
        if (page.own) return page.value;
        switch (page.source) {
            case ModelPage::Source::region:
                return region[page.index];
            case ModelPage::Source::file:
                return file[page.index];
            default:
                return 0;
        }
    }
    /// Behind the end of its file there is nothing to see; a private copy stays.
    bool there(const ModelPage& page) const {
        return page.source != ModelPage::Source::file || page.own || page.index < file_size;
    }
    void write(ModelPage& page, u64 value) {
        if (page.shared && page.source == ModelPage::Source::region) {
            region[page.index] = value;
        } else if (page.shared && page.source == ModelPage::Source::file) {
            file[page.index] = value;
        } else {
            page.own = true;
            page.value = value;
        }
    }
};

class Walk {
  public:
    /// `left`: so many frames are free, the rest is taken away.
    explicit Walk(u64 seed, u64 left = ~u64{0}) : random_(seed) {
        auto file = std::make_unique<MemoryFile>();
        file->bytes.resize(file_pages * page_size);
        machine_.files.push_back(std::move(file));
        for (u64 i = 0; i < region_pages; i++) (void)TestMachine::region_bytes(i);
        // The record of a space stays in its pool; the file's index, too, comes once.
        std::vector<Space*> warm;
        for (usize i = 0; i < most_spaces; i++) warm.push_back(make_space().value());
        for (Space* space : warm) machine_.end(space);
        while (frames().free_frames() > left)
            hoard_.push_back(frames().allocate(0, FrameUse::kernel).value());
        free_at_start_ = frames().free_frames();
        add(make_space().value(), {});
    }
    void run(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); i++) {
            step();
            if (i % 64 == 0) machine_.check_reachable();
        }
    }
    /// All spaces end; nothing may be missing.
    void finish() {
        for (auto& each : spaces_) machine_.end(each.space);
        spaces_.clear();
        flush_all_cached();
        (void)reclaim_cached(~u64{0} >> 1);
        // A record of the file cache stays.
        EXPECT_LE(free_at_start_ - frames().free_frames(), 1u);
    }
    void check_everything() {
        for (usize i = 0; i < spaces_.size(); i++) {
            select(i);
            for (auto& [page, content] : spaces_[i].model) check(page);
        }
        for (u64 i = 0; i < region_pages; i++) {
            u64 seen;
            std::memcpy(&seen, TestMachine::region_bytes(i), sizeof(seen));
            ASSERT_EQ(seen, model_.region[i]);
        }
    }
    u64 steps_without_memory = 0;

  private:
    static constexpr usize most_spaces = 5;
    static constexpr u64 base = 0x40000000 - 40 * page_size, pages = 1200;
    struct Pair {
        Space* space;
        ModelSpace model;
    };

    void add(Space* space, ModelSpace model) { spaces_.push_back({space, std::move(model)}); }
    void select(usize index) {
        chosen_ = index;
        machine_.use(spaces_[index].space);
    }
    u64 below(u64 limit) { return random_() % limit; }
    ModelSpace& model() { return spaces_[chosen_].model; }
    Space& space() { return *spaces_[chosen_].space; }
    /// A range, mostly short.
    std::pair<u64, u64> range() {
        u64 first = below(pages), most = below(8) == 0 ? pages : 20;
        return {first, 1 + below(std::min(most, pages - first))};
    }
    static u64 address(u64 page) { return base + page * page_size; }
    u8 protection() {
        constexpr u8 kinds[] = {prot_none, prot_read, prot_read | prot_write, prot_read | prot_write,
                                prot_read | prot_execute};
        return kinds[below(5)];
    }

    void step() {
        select(below(spaces_.size()));
        switch (below(18)) {
            case 0:
                return map_anonymous();
            case 1:
                return map_source(ModelPage::Source::region, region_pages);
            case 2:
                return map_source(ModelPage::Source::file, file_pages);
            case 3:
                return unmap();
            case 4:
            case 5:
                return protect();
            case 6:
                return move();
            case 7:
                return discard();
            case 8:
                return fork_or_exit();
            case 9:
                return resize_file();
            case 10:
                return write_back_or_reclaim();
            default:
                return touch();
        }
    }

    void map_anonymous() {
        auto [first, count] = range();
        u8 rights = protection();
        erase(first, count);
        if (!platform::map_anonymous(address(first), count * page_size, rights).ok())
            return clear(first, count);
        if (below(2) == 0)
            (void)platform::advise(address(first), count * page_size, platform::Advice::huge_page);
        for (u64 i = 0; i < count; i++) model()[first + i] = {ModelPage::Source::anonymous, rights};
    }
    void map_source(ModelPage::Source source, u64 source_pages) {
        auto [first, count] = range();
        u64 index = below(source_pages);
        count = std::min(count, source_pages - index);
        u8 rights = protection();
        bool shared = below(2) == 0;
        erase(first, count);
        auto mapped = source == ModelPage::Source::region
                          ? platform::map_pages(address(first), count * page_size, rights,
                                                TestMachine::region_page(index), shared)
                          : platform::map_host_file(address(first), count * page_size, rights, 0,
                                                    index * page_size, shared);
        if (!mapped.ok()) return clear(first, count);
        for (u64 i = 0; i < count; i++) model()[first + i] = {source, rights, shared, index + i};
    }
    void erase(u64 first, u64 count) {
        for (u64 i = 0; i < count; i++) model().erase(first + i);
    }
    /// After an operation for which there was no memory.
    void clear(u64 first, u64 count) {
        steps_without_memory++;
        erase(first, count);
        while (!platform::unmap(address(first), count * page_size).ok()) end_some_space();
    }
    void unmap() {
        auto [first, count] = range();
        clear(first, count);
        steps_without_memory--;
    }
    void protect() {
        auto [first, count] = range();
        u8 rights = protection();
        if (!platform::protect(address(first), count * page_size, rights).ok()) return clear(first, count);
        for (u64 i = 0; i < count; i++)
            if (auto page = model().find(first + i); page != model().end()) page->second.protection = rights;
    }
    void move() {
        auto [first, count] = range();
        u64 to = below(pages - count + 1);
        if (to < first + count && first < to + count) return;
        if (!platform::move(address(first), count * page_size, address(to), count * page_size).ok()) {
            clear(to, count);
            return clear(first, count);
        }
        erase(to, count);
        for (u64 i = 0; i < count; i++) {
            auto page = model().find(first + i);
            if (page == model().end()) continue;
            model()[to + i] = page->second;
            model().erase(page);
        }
    }
    /// The core does this to anonymous mappings only.
    void discard() {
        auto [first, count] = range();
        for (u64 i = 0; i < count; i++) {
            auto page = model().find(first + i);
            if (page != model().end() && page->second.source != ModelPage::Source::anonymous) return;
        }
        if (!platform::advise(address(first), count * page_size, platform::Advice::dont_need).ok())
            return clear(first, count);
        for (u64 i = 0; i < count; i++)
            if (auto page = model().find(first + i); page != model().end()) page->second.own = false;
    }
    void resize_file() {
        u64 size = below(2) == 0 ? file_pages : below(file_pages + 1);
        auto cached = cached_file_of_slot(0);
        if (!cached.ok()) return;
        machine_.files[0]->bytes.resize(size * page_size);
        note_size(*cached.value(), size * page_size);
        close_cached_file(*cached.value());
        for (u64 i = std::min(size, model_.file_size); i < file_pages; i++) model_.file[i] = 0;
        model_.file_size = size;
    }
    void write_back_or_reclaim() {
        if (below(2) == 0) (void)reclaim_cached(below(100));
        write_back_changed();
        ASSERT_EQ(changed_frames(), 0u);
        for (u64 i = 0; i < model_.file_size; i++) {
            u64 written;
            std::memcpy(&written, machine_.files[0]->bytes.data() + i * page_size, sizeof(written));
            ASSERT_EQ(written, model_.file[i]) << i;
        }
    }
    void end_some_space() {
        if (spaces_.size() == 1) return;
        usize victim = below(spaces_.size());
        if (victim == chosen_) victim = (victim + 1) % spaces_.size();
        machine_.end(spaces_[victim].space);
        spaces_.erase(spaces_.begin() + static_cast<isize>(victim));
        if (victim < chosen_) chosen_--;
    }
    void fork_or_exit() {
        if (spaces_.size() == most_spaces || below(3) == 0) return end_some_space();
        auto child = copy_space(space());
        if (!child.ok()) {
            steps_without_memory++;
            return;
        }
        add(child.value(), model());
    }
    void touch() {
        u64 page = below(pages);
        if (auto near = model().lower_bound(page); near != model().end() && below(8) != 0) page = near->first;
        if (below(2) == 0) return check(page);
        u64 value = random_();
        u8* there = machine_.processors[below(2)].access(space(), address(page), Access::write);
        auto content = model().find(page);
        bool permitted = content != model().end() && (content->second.protection & prot_write) != 0 &&
                         model_.there(content->second);
        if (there == nullptr && permitted && lacks_memory()) return;
        ASSERT_EQ(there != nullptr, permitted) << page;
        if (!permitted) return;
        std::memcpy(there, &value, sizeof(value));
        model_.write(content->second, value);
        check(page);
    }
    /// Whether the last access failed for want of memory, as far as one can see; then some goes.
    bool lacks_memory() {
        auto frame = frames().allocate(0, FrameUse::anonymous);
        bool lacking = !frame.ok();
        if (!lacking) frames().release(frame.value());
        if (lacking) {
            steps_without_memory++;
            end_some_space();
        }
        return lacking;
    }
    void check(u64 page) {
        auto content = model().find(page);
        bool permitted = content != model().end() && content->second.protection != prot_none &&
                         model_.there(content->second);
        for (auto& processor : machine_.processors) {
            u8* there = processor.access(space(), address(page), Access::read);
            if (there == nullptr && permitted && lacks_memory()) return;
            ASSERT_EQ(there != nullptr, permitted) << page;
            if (!permitted) continue;
            u64 seen;
            std::memcpy(&seen, there, sizeof(seen));
            ASSERT_EQ(seen, model_.value_of(content->second)) << page;
        }
        bool executable = permitted && (content->second.protection & prot_execute) != 0;
        bool runs = machine_.processors[0].access(space(), address(page), Access::execute) != nullptr;
        ASSERT_EQ(runs, executable);
    }

    TestMachine machine_;
    std::mt19937_64 random_;
    Model model_;
    std::vector<Pair> spaces_;
    usize chosen_ = 0;
    u64 free_at_start_ = 0;
    std::vector<Physical> hoard_;
};

TEST(SpaceModel, RandomOperationsShowWhatTheModelShows) {
    for (u64 seed = 1; seed <= 5; seed++) {
        Walk walk(seed);
        walk.run(10000);
        walk.check_everything();
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
        walk.finish();
    }
}

TEST(SpaceModel, TheSameWhereMemoryRunsOutAgainAndAgain) {
    u64 without = 0;
    for (u64 seed = 11; seed <= 14; seed++) {
        Walk walk(seed, 150);
        walk.run(6000);
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
        without += walk.steps_without_memory;
        walk.finish();
    }
    EXPECT_GT(without, 100u) << "memory never ran out: the test shows nothing";
}

}  // namespace
}  // namespace litebox::vm::test
