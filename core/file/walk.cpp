#include "core/file/walk.h"

#include "core/file/walker.h"
#include "core/kernel.h"
#include "core/task/thread.h"

namespace litebox {

Walker::Component Walker::split(string_view text) {
    usize end = 0;
    while (end < text.size() && text[end] != '/') end++;
    usize next = end;
    while (next < text.size() && text[next] == '/') next++;
    return {text.substr(0, end), text.substr(next), next == text.size(), next > end};
}

namespace {

bool is_dots(string_view name) {
    return name == "." || name == "..";
}

bool may_search(const Credentials& who, const Entry& entry) {
    Entry::Access access = entry.access();
    // World-searchable directories are nearly all there are.
    if ((access.mode & 0111) == 0111) return true;
    return check_mode(who, access.mode, access.uid, access.gid, may_execute).ok();
}

string_view skip_slashes(string_view text) {
    while (!text.empty() && text.front() == '/') text.remove_prefix(1);
    return text;
}

}  // namespace

Result<void> Walker::walk(int directory, string_view name) {
    TRY(begin(nullptr, directory, name));
    return finish();
}

Result<void> Walker::walk_from(const Path& start, string_view name) {
    TRY(begin(&start, 0, name));
    return finish();
}

Result<void> Walker::begin(const Path* start, int directory, string_view name) {
    if (name.size() >= path_limit) return Errno::enametoolong;
    if (name.empty() && (flags_ & walk_empty) == 0) return Errno::enoent;
    bool absolute = !name.empty() && name.front() == '/';
    if (absolute && (flags_ & walk_beneath) != 0) return Errno::exdev;
    if (absolute && (flags_ & walk_in_root) == 0) start = nullptr;
    bool from_context =
        start == nullptr && (absolute ? (flags_ & walk_in_root) == 0 : directory == at_working_directory);
    if (from_context && !scoped()) {
        PlaceView root, working;
        string_view rest = skip_slashes(name);
        if (thread_.directory->view(&root, &working) && glide(absolute ? root : working, root, &rest)) {
            if (rest.empty() && !at.valid()) return Errno::enoent;  // glide met a name known to be absent
            return run(rest);
        }
        at = absolute ? thread_.directory->root() : thread_.directory->working();
        return run(skip_slashes(name));
    }
    if (start != nullptr) {
        at = *start;
    } else if (directory == at_working_directory) {
        at = thread_.directory->working();
    } else {
        Ref<File> file = TRY(thread_.files->get(directory));
        at = TRY(place_of(*file));
        if (!name.empty() && !at.entry()->directory()) return Errno::enotdir;
    }
    start_ = at;
    if ((flags_ & walk_in_root) != 0) {
        root_ = at;
        have_root_ = true;
    }
    string_view rest = skip_slashes(name);
    if (!scoped()) {
        PlaceView root, working;
        PlaceView view{at.mount(), at.entry(), at.entry()->sequence()};
        Path held = at;  // glide replaces it
        if ((view.sequence & 1) == 0 && thread_.directory->view(&root, &working) &&
            glide(view, root, &rest)) {
            if (rest.empty() && !at.valid()) return Errno::enoent;
        } else {
            at = std::move(held);
            rest = skip_slashes(name);
        }
    }
    return run(rest);
}

// One component by the cache. False: nothing is known; `*stop`: stop before this component and go on with
// references.
bool Walker::glide_step(PlaceView& view, const PlaceView& root, const Component& component, bool* stop) {
    FileSystems& files = *kernel().files;
    Entry* here = view.entry;
    u32 flags = here->flags();
    if ((flags & entry_directory) == 0 || (flags & entry_slow) != 0 || !may_search(who_, *here))
        return *stop = true;
    if (component.name == ".") return true;
    PlaceView next = view;
    if (component.name == "..") {
        if (here == root.entry && view.mount == root.mount) return true;
        while (next.entry == next.mount->root.get() && next.mount->parent != nullptr) {
            next.entry = next.mount->place.get();
            next.mount = next.mount->parent;
            next.sequence = next.entry->sequence();
            if ((next.sequence & 1) != 0 || (flags_ & walk_no_cross) != 0) return *stop = true;
        }
        Entry* parent = next.entry->raw_parent();
        if (parent != nullptr) {
            u32 sequence = parent->sequence();
            if ((sequence & 1) != 0 || !next.entry->unchanged(next.sequence)) return false;
            next.entry = parent;
            next.sequence = sequence;
        }
    } else {
        u32 sequence;
        Entry* child = files.entries.peek(here, component.name, entry_hash(here, component.name), &sequence);
        if (child == nullptr) return *stop = true;
        if ((flags & entry_checked) != 0 && !child->covered()) return *stop = true;
        next.entry = child;
        next.sequence = sequence;
        u32 child_flags = child->flags();
        if ((child_flags & entry_symlink) != 0 &&
            (!component.is_last || component.slash_follows || (flags_ & walk_follow) != 0))
            return *stop = true;
        if ((child_flags & entry_negative) != 0) {
            if (!child->unchanged(sequence) || !here->unchanged(view.sequence)) return false;
            if (component.is_last && (flags_ & walk_may_be_missing) != 0) return *stop = true;
            next.entry = nullptr;
        }
    }
    if (!here->unchanged(view.sequence)) return false;
    while (next.entry != nullptr && (next.entry->flags() & entry_mounted) != 0) {
        Mount* mount = files.mounted_at(next.mount, next.entry);
        if (mount == nullptr) break;
        if ((flags_ & walk_no_cross) != 0) return *stop = true;
        if (!next.entry->unchanged(next.sequence)) return false;
        next = {mount, mount->root.get(), mount->root->sequence()};
        if ((next.sequence & 1) != 0) return *stop = true;
    }
    view = next;
    return true;
}

// Goes on through `*rest` as far as the cache knows. True: `at` holds the place reached and `*rest` what is
// left; or
// `*rest` is empty and `at` is not valid: the cache knows that there is no such file.
bool Walker::glide(PlaceView view, const PlaceView& root, string_view* rest) {
    string_view text = *rest;
    while (!text.empty()) {
        Component component = split(text);
        if (component.name.size() > name_limit) break;
        if (component.is_last && (ends_before_last() || component.slash_follows)) break;
        bool stop = false;
        if (!glide_step(view, root, component, &stop)) return false;
        if (stop) break;
        if (view.entry == nullptr) {
            at = Path();
            *rest = {};
            return true;
        }
        text = component.rest;
    }
    if (!view.entry->try_ref()) return false;
    Ref<Entry> entry = Ref<Entry>::adopt(view.entry);
    if (!entry->unchanged(view.sequence)) return false;
    at = Path(Ref<Mount>(view.mount), std::move(entry));
    *rest = text;
    return true;
}

Result<void> Walker::run(string_view rest) {
    if (!have_root_ && !rest.empty()) {
        root_ = thread_.directory->root();
        have_root_ = true;
    }
    if (ends_before_last() && rest.empty()) {
        last_is_dots = true;
        last = {};
    }
    while (!rest.empty()) {
        Component component = split(rest);
        if (component.name.size() > name_limit) return Errno::enametoolong;
        if ((flags_ & walk_cached_only) != 0) return Errno::eagain;
        if (component.is_last) trailing_slash = component.slash_follows;
        if (component.is_last && ends_before_last()) {
            if (!at.entry()->directory()) return Errno::enotdir;
            TRY(check_search(who_, *at.entry()));
            last = component.name;
            last_is_dots = is_dots(last);
            return {};
        }
        if (TRY(step(component, &rest))) return {};
    }
    return {};
}

Result<void> Walker::finish() {
    if (missing || ends_before_last()) return {};
    // What is being created is no directory.
    if (trailing_slash && (flags_ & walk_may_be_missing) != 0) return Errno::eisdir;
    if ((trailing_slash || (flags_ & walk_directory) != 0) && !at.entry()->directory()) return Errno::enotdir;
    return {};
}

Result<void> Walker::step_up() {
    for (;;) {
        if (at == root_) return {};
        if (scoped() && at == start_) {
            if ((flags_ & walk_beneath) != 0) return Errno::exdev;
            return {};
        }
        Mount* mount = at.mount();
        if (at.entry() != mount->root.get()) break;
        if (mount->parent == nullptr) return {};
        if ((flags_ & walk_no_cross) != 0) return Errno::exdev;
        at = Path(Ref<Mount>(mount->parent), mount->place);
    }
    Ref<Entry> parent = at.entry()->parent();
    if (parent) at = Path(Ref<Mount>(at.mount()), std::move(parent));
    return cross_mounts(at);
}

Result<void> Walker::cross_mounts(Path& path) {
    while ((path.entry()->flags() & entry_mounted) != 0) {
        Mount* mount = kernel().files->mounted_at(path.mount(), path.entry());
        if (mount == nullptr) return {};
        if ((flags_ & walk_no_cross) != 0) return Errno::exdev;
        path = Path(Ref<Mount>(mount), mount->root);
    }
    return {};
}

// One component with references. True: the walk ends here.
Result<bool> Walker::step(const Component& component, string_view* rest) {
    Entry& here = *at.entry();
    if (!here.directory()) return Errno::enotdir;
    TRY(check_search(who_, here));
    *rest = component.rest;
    if (component.name == ".") return false;
    if (component.name == "..") {
        u32 before = here.sequence();
        TRY(step_up());
        // A rename may have carried us out of the limits between two steps.
        if (scoped() && !here.unchanged(before)) return Errno::eagain;
        return false;
    }
    Ref<Entry> child = TRY(kernel().files->entries.look_up(here, component.name));
    if (child->negative()) {
        if (!component.is_last || (flags_ & walk_may_be_missing) == 0) return Errno::enoent;
        missing = true;
        last = component.name;
        return true;
    }
    Path next(Ref<Mount>(at.mount()), std::move(child));
    if ((next.entry()->flags() & entry_symlink) != 0) {
        bool through = !component.is_last || component.slash_follows || (flags_ & walk_follow) != 0;
        if (through) {
            TRY(follow(next, component, rest));
            return false;
        }
        // O_PATH | O_NOFOLLOW may look at the link even where links are refused on the way.
    }
    TRY(cross_mounts(next));
    at = std::move(next);
    return false;
}

Result<void> Walker::follow(const Path& link, const Component& component, string_view* rest) {
    if ((flags_ & walk_no_symlinks) != 0) return Errno::eloop;
    if (++links_ > link_limit) return Errno::eloop;
    Inode& inode = *link.entry()->inode();
    if (inode.magic_link()) {
        if ((flags_ & walk_no_magic) != 0) return Errno::eloop;
        if (scoped()) return Errno::exdev;
        Path target = TRY(inode.follow_magic());
        if ((flags_ & walk_no_cross) != 0 && target.mount() != at.mount()) return Errno::exdev;
        at = std::move(target);
        *rest = component.rest;
        return {};
    }
    String target = TRY(inode.read_link());
    if (target.empty()) return Errno::enoent;
    Vector<char> text;
    usize slash = component.slash_follows ? 1 : 0;
    TRY(text.resize(target.size() + slash + component.rest.size()));
    memcpy(text.data(), target.view().data(), target.size());
    if (slash != 0) text[target.size()] = '/';
    if (!component.rest.empty())
        memcpy(text.data() + target.size() + slash, component.rest.data(), component.rest.size());
    if (text.size() >= path_limit * 2) return Errno::enametoolong;
    bool absolute = target.view().front() == '/';
    link_text_ = TRY(String::from({text.data(), text.size()}));
    if (absolute) {
        if ((flags_ & walk_beneath) != 0) return Errno::exdev;
        if ((flags_ & walk_no_cross) != 0 && root_.mount() != at.mount()) return Errno::exdev;
        at = root_;
    }
    *rest = skip_slashes(link_text_.view());
    // Glide on from here when nothing limits the walk.
    PlaceView root, working;
    if (scoped() || rest->empty() || !thread_.directory->view(&root, &working)) return {};
    PlaceView view{at.mount(), at.entry(), at.entry()->sequence()};
    Path held = at;
    string_view gliding = *rest;
    if ((view.sequence & 1) == 0 && glide(view, root, &gliding)) {
        if (!at.valid()) return Errno::enoent;
        *rest = gliding;
    } else {
        at = std::move(held);
    }
    return {};
}

namespace {

Result<WalkResult> result_of(Walker& walker, Result<void> done) {
    if (!done.ok()) return done.error();
    WalkResult result;
    result.path = std::move(walker.at);
    result.last = TRY(String::from(walker.last));
    result.last_is_dots = walker.last_is_dots;
    result.trailing_slash = walker.trailing_slash;
    return result;
}

}  // namespace

Result<WalkResult> walk(Thread& thread, int directory, string_view name, u32 flags) {
    Walker walker(thread, flags);
    return result_of(walker, walker.walk(directory, name));
}

Result<WalkResult> walk_from(Thread& thread, const Path& start, string_view name, u32 flags) {
    Walker walker(thread, flags);
    return result_of(walker, walker.walk_from(start, name));
}

Result<Path> place_of(File& file) {
    if (file.path.valid()) return file.path;
    Ref<Inode> inode = file.inode();
    if (!inode) return Errno::enotdir;
    String name = TRY(file.describe());
    return kernel().files->anonymous_path(std::move(inode), name.view());
}

}  // namespace litebox
