// Copying a file or directory from below into memory before it is changed.
#include "core/file/overlay/overlay.h"

namespace litebox {

namespace {

constexpr string_view number_name = "trusted.overlay.origin";

Result<void> copy_contents(Inode& from, Inode& to, u64 size) {
    constexpr usize piece = 256 << 10;
    if (size == 0) return {};
    Ref<File> source = TRY(from.open(open_read_only));
    Ref<File> target = TRY(to.open(open_write_only));
    Vector<u8> buffer;
    TRY(buffer.reserve(static_cast<usize>(min<u64>(size, piece))));
    u64 read_at = 0, write_at = 0;
    for (;;) {
        IoCursor in =
            IoCursor::kernel(static_cast<void*>(buffer.data()), static_cast<usize>(min<u64>(size, piece)));
        usize got = TRY(source->read(in, read_at));
        if (got == 0) return {};
        IoCursor out = IoCursor::kernel(static_cast<const void*>(buffer.data()), got);
        if (TRY(target->write(out, write_at)) < got) return Errno::enospc;
    }
}

Result<void> copy_extended_attributes(Inode& from, Inode& to) {
    auto needed = from.list_attributes({});
    if (!needed.ok() || needed.value() == 0) return {};
    Vector<char> names;
    Vector<u8> value;
    TRY(names.resize(needed.value()));
    auto listed = from.list_attributes({names.data(), names.size()});
    if (!listed.ok()) return {};
    for (usize at = 0; at < listed.value();) {
        string_view name(names.data() + at);
        at += name.size() + 1;
        if (!name.starts_with("user.")) continue;
        auto length = from.get_attribute(name, {});
        if (!length.ok()) continue;
        TRY(value.resize(length.value()));
        if (length.value() > 0 && !from.get_attribute(name, {value.data(), value.size()}).ok()) continue;
        TRY(to.set_attribute(name, {value.data(), value.size()}, 0));
    }
    return {};
}

}  // namespace

Result<void> OverlayInode::finish_copy(Inode& copy, const Attributes& from) {
    TRY(copy_extended_attributes(*lower_, copy));
    TRY(copy.set_attribute(number_name, {reinterpret_cast<const u8*>(&number_), sizeof(number_)}, 0));
    AttributeChange change;
    change.fields = AttributeChange::mode | AttributeChange::uid | AttributeChange::gid |
                    AttributeChange::access | AttributeChange::modify;
    if (type_ == mode_symlink) change.fields &= ~u32{AttributeChange::mode};
    change.new_mode = from.mode;
    change.new_uid = from.uid;
    change.new_gid = from.gid;
    change.new_access = from.access;
    change.new_modify = from.modify;
    return copy.set_attributes(change);
}

// The copy, under its name in `directory` once it is complete.
Result<Ref<Inode>> OverlayInode::make_copy(Inode& directory, const Attributes& from, bool with_contents) {
    Credentials owner;
    owner.fsuid = from.uid;
    owner.fsgid = from.gid;
    if (type_ == mode_regular) {
        Ref<Inode> copy = TRY(directory.create_unnamed(mode_regular | 0600, owner, true));
        if (with_contents) TRY(copy_contents(*lower_, *copy, from.size));
        TRY(finish_copy(*copy, from));
        TRY(directory.link(name_.view(), *copy));
        return copy;
    }
    Ref<Inode> copy =
        type_ == mode_symlink
            ? TRY(directory.create_symlink(name_.view(), TRY(lower_->read_link()).view(), owner))
            : TRY(directory.create(name_.view(), from.mode, from.special, owner));
    TRY(finish_copy(*copy, from));
    return copy;
}

Result<void> OverlayInode::copy_up_one(bool with_contents) {
    if (upper() != nullptr) return {};
    if (!parent_) return Errno::erofs;
    Inode* directory = parent_->upper();
    Attributes from = TRY(lower_->attributes());
    AttributeChange times;
    Attributes before = TRY(directory->attributes());
    auto made = make_copy(*directory, from, with_contents);
    Ref<Inode> copy;
    if (made.ok()) {
        copy = std::move(made).value();
        count(type_, 1);
    } else if (made.error() == Errno::eexist) {
        copy = TRY(directory->lookup(name_.view()));  // another thread was faster
    } else {
        return made.error();
    }
    // To copy is not to change the directory.
    times.fields = AttributeChange::modify;
    times.new_modify = before.modify;
    TRY(directory->set_attributes(times));
    Inode* expected = nullptr;
    if (upper_.compare_exchange_strong(expected, copy.get(), std::memory_order_acq_rel)) (void)copy.leak();
    return {};
}

Result<void> OverlayInode::copy_up(bool with_contents) {
    // The outermost directory that is not in memory yet first.
    while (upper() == nullptr) {
        Ref<OverlayInode> top(this);
        while (top->parent_ && top->parent_->upper() == nullptr) top = top->parent_;
        TRY(top->copy_up_one(top.get() != this || with_contents));
    }
    return {};
}

}  // namespace litebox
