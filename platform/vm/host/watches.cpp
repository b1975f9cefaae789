#include "platform/vm/host/watches.h"

#include "platform/vm/host/names.h"

namespace litebox::vm {

u32 Watches::id_of(Kind kind, u32 grant, std::string_view above, std::string_view name) {
    if (kind == Kind::system) return system_id;
    if (kind == Kind::read_only) return read_only_id;
    return first_hashed + static_cast<u32>(hash_of(grant, above, name) % (count - first_hashed));
}

platform::HostWatch Watches::watch(u32 id) const {
    const platform::HostWatchWords& words = words_[id];
    return {id, words.incarnation.load(std::memory_order_acquire),
            words.names.load(std::memory_order_acquire), words.attributes.load(std::memory_order_acquire)};
}

void Watches::attributes_changed(u32 id) {
    words_[id].attributes.fetch_add(1, std::memory_order_acq_rel);
    words_[read_only_id].attributes.fetch_add(1, std::memory_order_acq_rel);
}

void Watches::entries_changed(u32 grant, std::string_view directory) {
    u32 id = id_of(Kind::read_write, grant, directory);
    words_[id].names.fetch_add(1, std::memory_order_acq_rel);
    words_[read_only_id].names.fetch_add(1, std::memory_order_acq_rel);
    attributes_changed(id);
}

void Watches::names_moved() {
    for (u32 id = read_only_id; id < count; id++) {
        words_[id].incarnation.fetch_add(1, std::memory_order_acq_rel);
        words_[id].names.fetch_add(1, std::memory_order_acq_rel);
        words_[id].attributes.fetch_add(1, std::memory_order_acq_rel);
    }
}

}  // namespace litebox::vm
