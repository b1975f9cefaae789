#include "core/file/path.h"

#include "core/file/entry.h"
#include "core/file/file_systems.h"

namespace litebox {

Path::Path() = default;
Path::Path(Ref<Mount> mount, Ref<Entry> entry) : mount_(std::move(mount)), entry_(std::move(entry)) {}
Path::Path(const Path&) = default;
Path::Path(Path&&) noexcept = default;
Path& Path::operator=(Path other) noexcept {
    std::swap(mount_, other.mount_);
    std::swap(entry_, other.entry_);
    return *this;
}
Path::~Path() = default;

bool Path::valid() const {
    return static_cast<bool>(entry_);
}

Ref<Inode> Path::inode() const {
    return entry_ ? Ref<Inode>(entry_->inode()) : Ref<Inode>();
}

bool Path::unlinked() const {
    return entry_ && (entry_->flags() & entry_unlinked) != 0;
}

bool Path::operator==(const Path& other) const {
    return mount_ == other.mount_ && entry_ == other.entry_;
}

namespace {

Result<void> prepend(Vector<char>& reversed, string_view name) {
    for (usize i = name.size(); i > 0; i--) TRY(reversed.push(name[i - 1]));
    return reversed.push('/');
}

Result<void> append(Vector<char>& to, string_view text) {
    TRY(to.reserve(to.size() + text.size()));
    for (char c : text) TRY(to.push(c));
    return {};
}

}  // namespace

Result<bool> Path::append_text(const Path& root, Vector<char>& to) const {
    if (!valid()) return Errno::enoent;
    if ((entry_->flags() & entry_anonymous) != 0) {
        TRY(append(to, TRY(entry_->name()).view()));
        return true;
    }
    Vector<char> reversed;
    Ref<Entry> entry = entry_;
    Mount* mount = mount_.get();
    bool reached = false;
    for (;;) {
        if (entry == root.entry_ && mount == root.mount_.get()) {
            reached = true;
            break;
        }
        if (entry == mount->root) {
            if (mount->parent == nullptr) break;
            entry = mount->place;
            mount = mount->parent;
            continue;
        }
        Ref<Entry> parent = entry->parent();
        if (!parent) break;
        TRY(prepend(reversed, TRY(entry->name()).view()));
        entry = std::move(parent);
    }
    if (reversed.empty()) TRY(reversed.push('/'));
    TRY(to.reserve(to.size() + reversed.size()));
    for (usize i = reversed.size(); i > 0; i--) TRY(to.push(reversed[i - 1]));
    return reached;
}

Result<String> Path::text(const Path& root) const {
    Vector<char> bytes;
    TRY(append_text(root, bytes));
    if (unlinked()) TRY(append(bytes, " (deleted)"));
    return String::from({bytes.data(), bytes.size()});
}

Result<Ref<FileContext>> FileContext::create(Path root, Path working) {
    Ref<FileContext> context = TRY(make_ref<FileContext>());
    context->root_ = std::move(root);
    context->working_ = std::move(working);
    context->publish();
    return context;
}

void FileContext::publish() {
    sequence_.fetch_add(1, std::memory_order_acq_rel);
    raw_mount_[0].store(root_.mount(), std::memory_order_relaxed);
    raw_entry_[0].store(root_.entry(), std::memory_order_relaxed);
    raw_mount_[1].store(working_.mount(), std::memory_order_relaxed);
    raw_entry_[1].store(working_.entry(), std::memory_order_relaxed);
    sequence_.fetch_add(1, std::memory_order_release);
}

bool FileContext::view(PlaceView* root, PlaceView* working) const {
    u32 before = sequence_.load(std::memory_order_acquire);
    if ((before & 1) != 0) return false;
    PlaceView* views[2] = {root, working};
    for (int i = 0; i < 2; i++) {
        views[i]->mount = raw_mount_[i].load(std::memory_order_relaxed);
        views[i]->entry = raw_entry_[i].load(std::memory_order_relaxed);
        if (views[i]->entry == nullptr) return false;
        views[i]->sequence = views[i]->entry->sequence();
        if ((views[i]->sequence & 1) != 0) return false;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    return sequence_.load(std::memory_order_relaxed) == before;
}

Path FileContext::root() {
    LockGuard guard(mutex_);
    return root_;
}

Path FileContext::working() {
    LockGuard guard(mutex_);
    return working_;
}

void FileContext::set_root(Path path) {
    LockGuard guard(mutex_);
    std::swap(root_, path);
    publish();
}

void FileContext::set_working(Path path) {
    LockGuard guard(mutex_);
    std::swap(working_, path);
    publish();
}

Result<Ref<FileContext>> FileContext::copy() {
    Ref<FileContext> result = TRY(create(root(), working()));
    result->umask = umask.load();
    return result;
}

}  // namespace litebox
