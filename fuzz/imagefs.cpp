// The EROFS reader on arbitrary bytes: whatever the image says, every walk over it ends, with errnos or with
// bytes of the image. The first byte of the input tells how; the rest is the disk. Seeds are images of
// mkfs.erofs.
#include <cstdio>
#include <cstdlib>

#include "core/file/imagefs/image.h"
#include "fuzz/input.h"
#include "platform/simulated/machine.h"

using namespace litebox;

namespace {

constexpr usize super_offset = 1024, compatible_at = super_offset + 8;

class Walk {
  public:
    void visit(Inode& inode, unsigned depth) {
        if (left_ == 0 || depth > depth_limit) return;
        left_--;
        attributes(inode);
        if (inode.type() == mode_regular) read(inode);
        if (inode.type() == mode_symlink) (void)inode.read_link().ok();
        if (inode.type() != mode_directory) return;
        struct Names final : DirectorySink {
            bool entry(string_view name, u64, u32, u64 position) override {
                FUZZ_CHECK(!name.empty() && name.size() <= 255 && name.find('/') == string_view::npos);
                FUZZ_CHECK(position > last);
                last = position;
                names.emplace_back(name);
                return names.size() < 64;
            }
            std::vector<std::string> names;
            u64 last = 2;
        } names;
        (void)inode.read_directory(2, names).ok();
        for (const std::string& name : names.names) {
            auto child = inode.lookup(name);
            if (child.ok()) visit(*child.value(), depth + 1);
        }
    }

  private:
    static constexpr unsigned depth_limit = 64;

    static void attributes(Inode& inode) {
        auto length = inode.list_attributes({});
        if (!length.ok()) return;
        std::string names(length.value(), 0);
        FUZZ_CHECK(names.empty() || inode.list_attributes({names.data(), names.size()}).ok());
        u8 value[64];
        (void)inode.get_attribute(string_view(names).substr(0, names.find('\0')), value).ok();
        (void)inode.get_attribute("user.none", {}).ok();
    }

    /// The first pages and the last ones.
    static void read(Inode& inode) {
        auto file = inode.open(open_read_only);
        if (!file.ok()) return;
        u64 size = inode.attributes().value().size;
        std::string bytes(20000, 0);
        for (u64 position : {u64{0}, size - std::min<u64>(size, 5000)}) {
            IoCursor to = IoCursor::kernel(static_cast<void*>(bytes.data()), bytes.size());
            u64 before = position;
            auto done = file.value()->read(to, position);
            FUZZ_CHECK(position <= size || position == before);
            (void)done.ok();
        }
    }

    unsigned left_ = 300;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    bool verified = input.flip();
    simulated::Options options;
    options.region_bytes = u64{32} << 20;
    simulated::Machine machine(options);
    auto rest = input.rest();
    std::vector<u8> disk(rest.begin(), rest.end());
    disk.resize(std::max<usize>((disk.size() + page_size - 1) / page_size, 1) * page_size);
    // The checksum keeps accidents out, not lies.
    disk[compatible_at] &= static_cast<u8>(~1);
    machine.disks().push_back({disk});
    auto outcome = machine.run([&](simulated::Guest&) {
        // Of a tree under some root hash only the superblock is believed.
        const std::vector<u8> root_hash(verified ? Sha256::digest_size : 0, 1);
        auto image = ImageFileSystem::create(0, root_hash);
        FUZZ_CHECK(!verified || !image.ok());
        if (image.ok()) Walk().visit(*image.value()->root(), 0);
    });
    FUZZ_CHECK(outcome.exited_with(0));
    return 0;
}
