#include "core/file/file.h"
#include "core/kernel.h"
#include "linux/vdso/data.h"
#include "linux/vdso/vdso.h"

extern "C" {
extern const litebox::u8 litebox_vdso_image[];
extern const litebox::u8 litebox_vdso_image_end[];
}

namespace litebox {

namespace {

/// The image takes whole pages, the data page lies behind it (image.ld).
u64 image_length() {
    return page_up(static_cast<u64>(litebox_vdso_image_end - litebox_vdso_image));
}

}  // namespace

Result<void> create_vdso() {
    auto object = TRY(MemoryObject::create(TRY(make_ref<PageQuota>(image_length() / page_size + 1))));
    u64 size = static_cast<u64>(litebox_vdso_image_end - litebox_vdso_image);
    for (u64 done = 0; done < size; done += page_size)
        memcpy(TRY(object->page(done / page_size, true)), litebox_vdso_image + done,
               min(size - done, page_size));
    auto* data = new (TRY(object->page(image_length() / page_size, true))) VdsoData;
    TRY(object->resize(image_length() + page_size));
    platform::share_clock(data->clock);
    kernel().vdso = object.leak();
    kernel().vdso_data = data;
    return {};
}

Result<u64> map_vdso(AddressSpace& space) {
    MapRequest request;
    request.length = image_length() + page_size;
    request.protection = platform::prot_read | platform::prot_execute;
    request.name = "[vdso]"sv;
    request.source.kind = MappingSource::Kind::object;
    request.source.object = Ref<MemoryObject>(kernel().vdso);
    return space.map(std::move(request));
}

void adjust_realtime(i64 ns) {
    kernel().realtime_offset_ns.store(ns);
    kernel().vdso_data->realtime_adjustment_ns.store(ns, std::memory_order_relaxed);
}

}  // namespace litebox
