#include "linux/image.h"

#include <elf.h>

#include "arch/x86_64/registers.h"
#include "core/kernel.h"
#include "core/task/process.h"
#include "linux/vdso/vdso.h"

namespace litebox {

namespace {

constexpr u64 pie_base = 0x555555554000;
constexpr u64 pie_random_pages = u64{1} << 28;
constexpr u64 break_random_pages = u64{1} << 13;
constexpr u64 initial_stack = u64{8} << 20, smallest_stack = u64{132} << 10;
constexpr usize random_bytes = 16;

u64 random_below(u64 limit) {
    u64 value = 0;
    platform::fill_entropy({reinterpret_cast<u8*>(&value), sizeof(value)});
    return value % limit;
}

struct Loaded {
    u64 bias = 0;
    u64 break_base = 0;
};

/// Where a position-independent image goes: `wanted` if the whole span is free there, else where there is
/// room.
Result<u64> reserve(AddressSpace& space, const ElfImage& image, u64 wanted) {
    u64 length = image.highest - image.lowest;
    MapRequest request;
    request.address = wanted & ~(image.alignment - 1);
    request.length = length + (wanted == 0 ? image.alignment - page_size : 0);
    request.protection = platform::prot_none;
    request.no_reserve = true;
    request.fixed = request.no_replace = request.address != 0;
    auto at = space.map(std::move(request));
    if (!at.ok() && wanted != 0) return reserve(space, image, 0);
    u64 address = TRY(std::move(at));
    u64 aligned = (address + image.alignment - 1) & ~(image.alignment - 1);
    if (wanted == 0 && aligned > address) TRY(space.unmap(address, aligned - address));
    u64 end = address + length + (wanted == 0 ? image.alignment - page_size : 0);
    if (aligned + length < end) TRY(space.unmap(aligned + length, end - aligned - length));
    return aligned;
}

Result<void> map_anonymous(AddressSpace& space, u64 begin, u64 end, u8 protection, string_view name) {
    if (begin >= end) return {};
    MapRequest request;
    request.address = begin;
    request.length = end - begin;
    request.protection = protection;
    request.fixed = true;
    request.name = name;
    TRY(space.map(std::move(request)));
    return {};
}

/// File pages, then zeros: the rest of the last file page and whole pages behind it.
Result<void> map_segment(AddressSpace& space, const Ref<File>& file, const ElfSegment& segment, u64 bias) {
    u64 begin = page_down(segment.address + bias);
    u64 file_end = segment.address + segment.file_size + bias;
    u64 memory_end = page_up(segment.address + segment.memory_size + bias);
    u64 mapped_end = segment.file_size == 0 ? begin : page_up(file_end);
    if (mapped_end > begin) {
        MapRequest request;
        request.address = begin;
        request.length = mapped_end - begin;
        request.protection = segment.protection;
        request.fixed = true;
        request.source = TRY(file->map(page_down(segment.offset), request.length, false));
        request.source.file = file;
        TRY(space.map(std::move(request)));
        bool writable = (segment.protection & platform::prot_write) != 0;
        if (writable && segment.memory_size > segment.file_size && file_end < mapped_end)
            TRY(clear_user(file_end, mapped_end - file_end));
    }
    return map_anonymous(space, mapped_end, memory_end, segment.protection, {});
}

Result<Loaded> map_image(AddressSpace& space, const ElfImage& image, const Ref<File>& file, u64 wanted) {
    Loaded loaded;
    if (image.position_independent) loaded.bias = TRY(reserve(space, image, wanted)) - image.lowest;
    for (const ElfSegment& segment : image.segments) {
        TRY(map_segment(space, file, segment, loaded.bias));
        bool code = (segment.protection & platform::prot_execute) != 0;
        u64 begin = segment.address + loaded.bias, end = begin + segment.memory_size;
        if (code && space.layout.code_begin == 0)
            space.layout.code_begin = begin, space.layout.code_end = end;
        if (!code && (segment.protection & platform::prot_write) != 0 && space.layout.data_begin == 0)
            space.layout.data_begin = begin, space.layout.data_end = end;
    }
    loaded.break_base = image.highest + loaded.bias;
    return loaded;
}

Result<u64> map_stack(Thread& thread, bool executable) {
    u64 limit = thread.process->limit(limit_stack);
    MapRequest request;
    request.length = page_up(max(min(limit, initial_stack), smallest_stack));
    request.protection = static_cast<u8>(platform::prot_read | platform::prot_write |
                                         (executable ? platform::prot_execute : 0));
    request.stack = request.grows_down = request.no_reserve = true;
    request.name = "[stack]"sv;
    u64 length = request.length;
    u64 address = TRY(thread.space->map(std::move(request)));
    return address + length;
}

/// Builds the top of the stack in kernel memory, for one copy.
class StackBuilder {
  public:
    explicit StackBuilder(u64 top) : top_(top) {}
    Result<void> reserve(usize bytes) { return bytes_.resize(bytes); }
    /// Copies downwards; returns the guest's address.
    u64 push(const void* data, usize length) {
        used_ += length;
        memcpy(bytes_.data() + bytes_.size() - used_, data, length);
        return top_ - used_;
    }
    u64 push_word(u64 value) { return push(&value, sizeof(value)); }
    void align(u64 alignment) { used_ = top_ - ((top_ - used_) & ~(alignment - 1)); }
    [[nodiscard]] u64 pointer() const { return top_ - used_; }
    Result<void> finish() const {
        return copy_to_user(pointer(), bytes_.data() + bytes_.size() - used_, used_);
    }

  private:
    u64 top_;
    usize used_ = 0;
    Vector<u8> bytes_;
};

struct AuxiliaryVector {
    static constexpr usize capacity = 24;
    u64 words[2 * capacity] = {};
    usize count = 0;
    void add(u64 key, u64 value) {
        words[2 * count] = key;
        words[2 * count + 1] = value;
        count++;
    }
};

void fill_auxiliary(AuxiliaryVector& vector, Thread& thread, const ExecPlan& plan, u64 bias, u64 base,
                    u64 vdso) {
    constexpr u64 at_minsigstksz = 51;
    const Credentials& who = *thread.credentials;
    if (vdso != 0) vector.add(AT_SYSINFO_EHDR, vdso);
    vector.add(AT_HWCAP, kernel().processor_features);
    vector.add(AT_PAGESZ, page_size);
    vector.add(AT_CLKTCK, 100);
    vector.add(AT_PHDR, plan.image.header_address + bias);
    vector.add(AT_PHENT, plan.image.header_size);
    vector.add(AT_PHNUM, plan.image.header_count);
    vector.add(AT_BASE, base);
    vector.add(AT_FLAGS, 0);
    vector.add(AT_ENTRY, plan.image.entry + bias);
    vector.add(AT_UID, who.uid);
    vector.add(AT_EUID, who.euid);
    vector.add(AT_GID, who.gid);
    vector.add(AT_EGID, who.egid);
    vector.add(AT_SECURE, 0);
    vector.add(at_minsigstksz, platform::xsave_size() + 1024);
}

Result<void> build_stack(Thread& thread, const ExecPlan& plan, u64 top, u64 bias, u64 base, u64 vdso,
                         u64& pointer) {
    const ExecStrings& strings = plan.strings;
    AddressSpace& space = *thread.space;
    u64 pointers = (u64{strings.argument_count} + strings.environment_count + 3) * sizeof(u64);
    constexpr usize rest = sizeof(AuxiliaryVector) + random_bytes + 128;
    StackBuilder stack(top);
    TRY(stack.reserve(strings.bytes.size() + plan.name.size() + pointers + rest));
    stack.push_word(0);
    u64 name = stack.push(plan.name.c_str(), plan.name.size() + 1);
    u64 text = stack.push(strings.bytes.data(), strings.bytes.size());
    space.layout.arguments_begin = text;
    space.layout.arguments_end = space.layout.environment_begin = text + strings.argument_bytes;
    space.layout.environment_end = text + strings.bytes.size();
    u64 platform_name = stack.push("x86_64", 7);
    u8 random[random_bytes];
    platform::fill_entropy(random);
    u64 random_at = stack.push(random, sizeof(random));

    AuxiliaryVector auxiliary;
    fill_auxiliary(auxiliary, thread, plan, bias, base, vdso);
    auxiliary.add(AT_RANDOM, random_at);
    auxiliary.add(AT_HWCAP2, 0);
    auxiliary.add(AT_EXECFN, name);
    auxiliary.add(AT_PLATFORM, platform_name);
    auxiliary.add(AT_NULL, 0);

    stack.align(16);
    u64 words = 2 * auxiliary.count + strings.argument_count + strings.environment_count + 3;
    if (words % 2 != 0) stack.push_word(0);
    u64 auxiliary_size = 2 * auxiliary.count * sizeof(u64);
    space.layout.auxv_begin = stack.push(auxiliary.words, auxiliary_size);
    space.layout.auxv_length = auxiliary_size;
    thread.process->auxiliary.clear();
    for (usize i = 0; i < 2 * auxiliary.count; i++) TRY(thread.process->auxiliary.push(auxiliary.words[i]));

    // Pointers are pushed from the last to the first.
    stack.push_word(0);
    u32 count = strings.argument_count + strings.environment_count;
    usize offset = strings.bytes.size();
    for (u32 i = count; i > 0; i--) {
        if (i == strings.argument_count) stack.push_word(0);
        offset--;
        while (offset > 0 && strings.bytes[offset - 1] != '\0') offset--;
        stack.push_word(text + offset);
    }
    if (strings.argument_count == 0) stack.push_word(0);
    pointer = stack.push_word(strings.argument_count);
    return stack.finish();
}

}  // namespace

Result<void> load_image(Thread& thread, ExecPlan& plan) {
    AddressSpace& space = *thread.space;
    space.layout = {};
    u64 stack_top = TRY(map_stack(thread, plan.image.executable_stack));
    space.layout.stack_top = stack_top;
    u64 wanted = pie_base + random_below(pie_random_pages) * page_size;
    Loaded program = TRY(map_image(space, plan.image, plan.file, wanted));
    u64 entry = plan.image.entry + program.bias, base = 0;
    if (plan.interpreter_file) {
        Loaded interpreter = TRY(map_image(space, plan.interpreter, plan.interpreter_file, 0));
        plan.interpreter_file->allow_writers();
        base = interpreter.bias + plan.interpreter.lowest;
        entry = plan.interpreter.entry + interpreter.bias;
    }
    space.set_break_base(program.break_base + random_below(break_random_pages) * page_size);
    u64 vdso = TRY(map_vdso(space));
    space.layout.vdso = vdso;
    u64 pointer = 0;
    TRY(build_stack(thread, plan, stack_top, program.bias, base, vdso, pointer));

    arch::RegisterFrame& frame = platform::guest_frame(thread.block);
    frame = {};
    frame.rip = entry;
    frame.rsp = pointer;
    frame.rflags = 0x202;
    frame.orig_rax = ~u64{0};
    frame.full_restore = 1;
    platform::set_fs_base(0);
    return {};
}

}  // namespace litebox
