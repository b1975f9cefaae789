#include "core/file/change.h"
#include "core/file/devfs/device.h"
#include "core/file/directory_file.h"
#include "core/file/overlay/overlay.h"
#include "core/file/pipe/pipe.h"

namespace litebox {

namespace {

constexpr string_view private_prefix = "trusted.overlay.";
constexpr string_view opaque_name = "trusted.overlay.opaque";
constexpr string_view number_name = "trusted.overlay.origin";
// Numbers of what exists only in memory: apart from those of the host.
constexpr u64 upper_numbers = u64{1} << 40;

bool is_whiteout(const Attributes& attributes) {
    return attributes.type() == mode_character && attributes.special == 0;
}

bool is_opaque(Inode& upper) {
    u8 value[1];
    return upper.get_attribute(opaque_name, value).ok();
}

Result<u64> number_of(Inode* upper, Inode* lower) {
    u64 number;
    if (lower != nullptr) return lower->number();
    auto stored = upper->get_attribute(number_name, {reinterpret_cast<u8*>(&number), sizeof(number)});
    if (stored.ok() && stored.value() == sizeof(number)) return number;
    return TRY(upper->attributes()).inode + upper_numbers;
}

// Finds out whether a directory shows anything.
class EmptyCheck final : public DirectorySink {
  public:
    bool entry(string_view, u64, u32, u64) override {
        found = true;
        return false;
    }
    bool found = false;
};

}  // namespace

OverlayInode::OverlayInode(OverlayFileSystem& owner, Ref<OverlayInode> parent, String name, Ref<Inode> upper,
                           Ref<Inode> lower, u64 number)
    : owner_(&owner),
      type_((upper ? upper : lower)->type()),
      number_(number),
      parent_(std::move(parent)),
      name_(std::move(name)),
      upper_(upper.leak()),
      lower_(std::move(lower)) {}

OverlayInode::~OverlayInode() {
    if (Inode* upper = upper_.load()) upper->unref();
}

FileSystem& OverlayInode::file_system() {
    return *owner_;
}

Result<Attributes> OverlayInode::attributes() {
    Attributes result = TRY(real()->attributes());
    result.inode = number_;
    result.device = owner_->device();
    return result;
}

EntryCaching OverlayInode::caching() const {
    return lower_ && lower_->type() == mode_directory ? lower_->caching() : EntryCaching::keep;
}

NameCover OverlayInode::name_cover() {
    return lower_ ? lower_->name_cover() : NameCover{};
}

Result<Ref<Inode>> OverlayInode::upper_child(string_view name, bool* whiteout) {
    *whiteout = false;
    Inode* above = upper();
    if (above == nullptr) return Ref<Inode>();
    auto found = above->lookup(name);
    if (!found.ok()) {
        if (found.error() != Errno::enoent) return found.error();
        return Ref<Inode>();
    }
    if (found.value()->type() == mode_character && is_whiteout(TRY(found.value()->attributes()))) {
        *whiteout = true;
        return Ref<Inode>();
    }
    return found;
}

bool OverlayInode::child_valid(string_view name, Inode* child) {
    bool whiteout;
    auto above = upper_child(name, &whiteout);
    if (!above.ok()) return false;
    if (child == nullptr) {
        if (above.value()) return false;
        return whiteout || !lower_ || lower_->child_valid(name, nullptr);
    }
    auto& known = static_cast<OverlayInode&>(*child);
    if (known.upper() != above.value().get() || whiteout) return false;
    if (known.upper() != nullptr && (known.type_ != mode_directory || !known.lower_)) return true;
    return lower_ && known.lower_ && lower_->child_valid(name, known.lower_.get());
}

Result<Ref<Inode>> OverlayInode::wrap(string_view name, Ref<Inode> upper, Ref<Inode> lower) {
    u64 number = TRY(number_of(upper.get(), lower.get()));
    String text = TRY(String::from(name));
    return Ref<Inode>(TRY(make_ref<OverlayInode>(*owner_, Ref<OverlayInode>(this), std::move(text),
                                                 std::move(upper), std::move(lower), number)));
}

Result<Ref<Inode>> OverlayInode::lookup(string_view name) {
    if (type_ != mode_directory) return Errno::enotdir;
    bool whiteout;
    Ref<Inode> above = TRY(upper_child(name, &whiteout));
    if (whiteout) return Errno::enoent;
    Ref<Inode> below;
    bool looks_below = lower_ && (!above || (above->type() == mode_directory && !is_opaque(*above)));
    if (looks_below) {
        auto found = lower_->lookup(name);
        if (found.ok())
            below = std::move(found).value();
        else if (found.error() != Errno::enoent)
            return found.error();
    }
    if (above && below && below->type() != mode_directory) below = nullptr;
    if (!above && !below) return Errno::enoent;
    return wrap(name, std::move(above), std::move(below));
}

bool OverlayInode::lower_has(string_view name) {
    return lower_ && lower_->lookup(name).ok();
}

// Before a new name: the directory is in memory, and a whiteout there is gone. True: the name hides one
// below.
Result<bool> OverlayInode::clear_place(string_view name) {
    TRY(copy_up());
    bool whiteout;
    Ref<Inode> above = TRY(upper_child(name, &whiteout));
    if (above) return Errno::eexist;
    if (whiteout) TRY(upper()->unlink(name, false));
    return whiteout;
}

void OverlayInode::count(u32 type, i64 change) {
    if (type == mode_regular) owner_->changed_.fetch_add(change, std::memory_order_relaxed);
}

Result<void> OverlayInode::after_create(Inode& made, bool hides_lower) {
    count(made.type(), 1);
    if (hides_lower && made.type() == mode_directory) {
        const u8 yes[] = {'y'};
        TRY(made.set_attribute(opaque_name, yes, 0));
    }
    return {};
}

Result<Ref<Inode>> OverlayInode::create(string_view name, u32 mode, u64 special, const Credentials& owner) {
    bool hides = TRY(clear_place(name));
    Ref<Inode> made = TRY(upper()->create(name, mode, special, owner));
    TRY(after_create(*made, hides));
    return wrap(name, std::move(made), nullptr);
}

Result<Ref<Inode>> OverlayInode::create_symlink(string_view name, string_view target,
                                                const Credentials& owner) {
    TRY(clear_place(name));
    Ref<Inode> made = TRY(upper()->create_symlink(name, target, owner));
    return wrap(name, std::move(made), nullptr);
}

Result<Ref<Inode>> OverlayInode::create_unnamed(u32 mode, const Credentials& owner, bool linkable) {
    TRY(copy_up());
    return wrap("", TRY(upper()->create_unnamed(mode, owner, linkable)), nullptr);
}

Result<void> OverlayInode::link(string_view name, Inode& target) {
    auto& other = static_cast<OverlayInode&>(target);
    TRY(other.copy_up());
    TRY(clear_place(name));
    TRY(upper()->link(name, *other.upper()));
    count(other.type_, 1);
    return {};
}

namespace {

// Collects the names of a directory in memory, to remove its whiteouts.
class NameCollector final : public DirectorySink {
  public:
    bool entry(string_view name, u64, u32, u64) override {
        auto text = String::from(name);
        if (!text.ok() || !names.push(std::move(text).value()).ok()) failed = true;
        return !failed;
    }
    Vector<String> names;
    bool failed = false;
};

// A directory that shows nothing may still hold whiteouts.
Result<void> remove_whiteouts(Inode& directory) {
    NameCollector collector;
    TRY(directory.read_directory(2, collector));
    if (collector.failed) return Errno::enomem;
    for (const String& name : collector.names) TRY(directory.unlink(name.view(), false));
    return {};
}

Result<void> check_empty(Inode& directory) {
    EmptyCheck check;
    TRY(directory.read_directory(2, check));
    return check.found ? Result<void>(Errno::enotempty) : Result<void>();
}

}  // namespace

Result<void> OverlayInode::unlink(string_view name, bool directory) {
    Ref<Inode> found = TRY(lookup(name));
    auto& child = static_cast<OverlayInode&>(*found);
    if (directory && child.type_ != mode_directory) return Errno::enotdir;
    if (!directory && child.type_ == mode_directory) return Errno::eisdir;
    if (directory) TRY(check_empty(child));
    TRY(copy_up());
    if (child.upper() != nullptr) {
        if (directory) TRY(remove_whiteouts(*child.upper()));
        TRY(upper()->unlink(name, directory));
        count(child.type_, -1);
    }
    if (lower_has(name)) {
        Credentials nobody;
        TRY(upper()->create(name, mode_character, 0, nobody));
    }
    return {};
}

// One side of a rename: what is there, with its copy in memory. Directories that show what is below cannot be
// moved without moving that too: EXDEV, as Linux's overlay says.
Result<void> OverlayInode::check_rename_part(string_view name, Ref<OverlayInode>* child) {
    Ref<Inode> found = TRY(lookup(name));
    auto& inode = static_cast<OverlayInode&>(*found);
    if (inode.type_ == mode_directory && inode.lower_) return Errno::exdev;
    TRY(inode.copy_up());
    *child = Ref<OverlayInode>(&inode);
    return {};
}

Result<void> OverlayInode::rename(string_view from, Inode& to_directory, string_view to, u32 flags) {
    auto& target = static_cast<OverlayInode&>(to_directory);
    Ref<OverlayInode> source, victim;
    TRY(copy_up());
    TRY(target.copy_up());
    TRY(check_rename_part(from, &source));
    if ((flags & rename_exchange) != 0) {
        TRY(target.check_rename_part(to, &victim));
        return upper()->rename(from, *target.upper(), to, flags);
    }
    auto there = target.lookup(to);
    if (!there.ok() && there.error() != Errno::enoent) return there.error();
    bool covers_lower = target.lower_has(to);
    if (there.ok()) {
        if ((flags & rename_no_replace) != 0) return Errno::eexist;
        auto& replaced = static_cast<OverlayInode&>(*there.value());
        if (replaced.type_ == mode_directory) {
            TRY(check_empty(replaced));
            if (replaced.upper() != nullptr) TRY(remove_whiteouts(*replaced.upper()));
        }
        if (replaced.upper() != nullptr) count(replaced.type_, -1);
    }
    // In memory the target may be a whiteout, which the rename replaces.
    u32 upper_flags = flags & ~u32{rename_no_replace};
    if (lower_has(from)) upper_flags |= rename_whiteout;
    TRY(upper()->rename(from, *target.upper(), to, upper_flags));
    if (source->type_ == mode_directory && covers_lower) {
        const u8 yes[] = {'y'};
        TRY(source->upper()->set_attribute(opaque_name, yes, 0));
    }
    return {};
}

Result<void> OverlayInode::set_attributes(const AttributeChange& change) {
    bool empties = (change.fields & AttributeChange::size) != 0 && change.new_size == 0;
    TRY(copy_up(!empties));
    return upper()->set_attributes(change);
}

Result<Ref<File>> OverlayInode::open(u32 flags) {
    switch (type_) {
        case mode_regular:
            return open_overlay_file(*this, flags);
        case mode_directory:
            return open_directory_file(*this, flags);
        case mode_fifo:
            return open_fifo(*this, flags);
        case mode_character:
        case mode_block:
            return open_device(*this, type_, TRY(real()->attributes()).special, flags);
        default:
            return Errno::enxio;
    }
}

Result<usize> OverlayInode::get_attribute(string_view name, std::span<u8> value) {
    if (name.starts_with(private_prefix)) return Errno::enodata;
    return real()->get_attribute(name, value);
}

Result<void> OverlayInode::set_attribute(string_view name, std::span<const u8> value, int flags) {
    if (name.starts_with(private_prefix)) return Errno::eperm;
    TRY(copy_up());
    return upper()->set_attribute(name, value, flags);
}

Result<void> OverlayInode::remove_attribute(string_view name) {
    if (name.starts_with(private_prefix)) return Errno::enodata;
    TRY(copy_up());
    return upper()->remove_attribute(name);
}

Result<usize> OverlayInode::list_attributes(std::span<char> names) {
    usize needed = TRY(real()->list_attributes({}));
    if (needed == 0) return usize{0};
    Vector<char> all;
    TRY(all.resize(needed));
    usize length = TRY(real()->list_attributes({all.data(), all.size()})), kept = 0;
    for (usize at = 0; at < length;) {
        string_view name(all.data() + at);
        usize step = name.size() + 1;
        if (!name.starts_with(private_prefix)) {
            if (!names.empty()) {
                if (kept + step > names.size()) return Errno::erange;
                memcpy(names.data() + kept, name.data(), step);
            }
            kept += step;
        }
        at += step;
    }
    return kept;
}

Result<Ref<OverlayFileSystem>> OverlayFileSystem::create(Ref<Inode> upper, Ref<Inode> lower,
                                                         const Attributes& attributes) {
    Ref<OverlayFileSystem> result = TRY(make_ref<OverlayFileSystem>());
    AttributeChange change;
    change.fields = AttributeChange::mode | AttributeChange::uid | AttributeChange::gid;
    change.new_mode = attributes.mode;
    change.new_uid = attributes.uid;
    change.new_gid = attributes.gid;
    TRY(upper->set_attributes(change));
    u64 number = attributes.inode;
    result->root_ = TRY(make_ref<OverlayInode>(*result, Ref<OverlayInode>(), String(), std::move(upper),
                                               std::move(lower), number));
    return result;
}

Result<FileSystemStatus> OverlayFileSystem::status() {
    FileSystemStatus status = TRY(root_->upper()->file_system().status());
    status.type = 0x794c7630;  // OVERLAYFS_SUPER_MAGIC
    status.id = device();
    return status;
}

}  // namespace litebox
