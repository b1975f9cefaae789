// The path walk itself; walk.h is its convenient face.
//
// A walk first goes as far as the entry cache carries it, holding no reference and no lock (`glide`): each
// entry's sequence number is read before and compared after it was used. What the cache cannot answer is one
// ordinary step with references, then it glides on. Where anything moved meanwhile, the ordinary steps
// decide.
#pragma once

#include "core/file/file.h"
#include "core/file/file_systems.h"
#include "core/file/permission.h"
#include "core/file/walk.h"

namespace litebox {

class Walker : Pinned {
  public:
    static constexpr usize path_limit = 4096, name_limit = 255;
    static constexpr unsigned link_limit = 40;

    /// walk_may_be_missing: like a plain walk, but where only the last name is missing, ends at its parent
    /// with `missing` set.
    static constexpr u32 walk_may_be_missing = 1u << 16;
    static constexpr u32 walk_cached_only = 1u << 17;  // RESOLVE_CACHED

    Walker(Thread& thread, u32 flags) : thread_(thread), who_(*thread.credentials), flags_(flags) {}

    /// The whole walk. `name` must stay until `last` is no longer needed.
    Result<void> walk(int directory, string_view name);
    Result<void> walk_from(const Path& start, string_view name);

    Path at;           // the end; the parent with walk_parent or `missing`
    string_view last;  // then: the last name
    bool missing = false;
    bool last_is_dots = false;  // walk_parent: last is ".", ".." or empty
    bool trailing_slash = false;

  private:
    struct Component {
        string_view name;
        string_view rest;  // behind it, slashes skipped
        bool is_last;
        bool slash_follows;
    };
    Result<void> begin(const Path* start, int directory, string_view name);
    Result<void> run(string_view name);
    bool glide(PlaceView view, const PlaceView& root, string_view* rest);
    bool glide_step(PlaceView& view, const PlaceView& root, const Component& component, bool* stop);
    Result<bool> step(const Component& component, string_view* rest);
    Result<void> step_up();
    Result<void> follow(const Path& link, const Component& component, string_view* rest);
    Result<void> cross_mounts(Path& path);
    Result<void> finish();
    static Component split(string_view text);
    [[nodiscard]] bool scoped() const { return (flags_ & (walk_beneath | walk_in_root)) != 0; }
    [[nodiscard]] bool ends_before_last() const { return (flags_ & walk_parent) != 0; }

    Thread& thread_;
    const Credentials& who_;
    u32 flags_;
    Path root_;
    Path start_;  // limit of a scoped walk
    String link_text_;
    unsigned links_ = 0;
    bool have_root_ = false;
};

/// Where an open file is: its path, or an anonymous place for files without one.
Result<Path> place_of(File& file);

}  // namespace litebox
