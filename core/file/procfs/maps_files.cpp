// maps, smaps and the lists of mounts.
#include "core/file/devfs/device.h"
#include "core/file/file_systems.h"
#include "core/file/procfs/procfs.h"
#include "core/kernel.h"

namespace litebox {

namespace {

struct MapsWriter {
    TextBuilder* to;
    Path root;
    bool detailed;
    u64 resident = 0, virtual_pages = 0;
    u64 last_end = 0;
};

void write_escaped(TextBuilder& to, string_view text, string_view special) {
    for (char c : text) {
        if (special.find(c) == string_view::npos)
            to.character(c);
        else
            to.character('\\').octal(static_cast<u8>(c), 3);
    }
}

void write_map_line(MapsWriter& writer, const MappingView& view) {
    TextBuilder& to = *writer.to;
    usize line_begin = to.view().size();
    u64 device = 0, inode = 0;
    if (view.file) {
        auto attributes = view.file->attributes();
        if (attributes.ok()) {
            device = attributes.value().device;
            inode = attributes.value().inode;
        }
    }
    to.hex(view.begin, 8).character('-').hex(view.end, 8).character(' ');
    to.character((view.protection & platform::prot_read) != 0 ? 'r' : '-');
    to.character((view.protection & platform::prot_write) != 0 ? 'w' : '-');
    to.character((view.protection & platform::prot_execute) != 0 ? 'x' : '-');
    to.character(view.shared ? 's' : 'p').character(' ').hex(view.offset, 8).character(' ');
    to.hex(device_major(device), 2).character(':').hex(device_minor(device), 2).character(' ');
    to.unsigned_decimal(inode);
    bool named = view.file || !view.name.empty() || view.shared;
    if (named) {
        to.character(' ');
        while (to.view().size() - line_begin < 73) to.character(' ');
        if (view.file) {
            auto text = view.file->path.valid() ? view.file->path.text(writer.root) : view.file->describe();
            if (text.ok()) write_escaped(to, text.value().view(), "\n");
        } else {
            to.text(view.name.empty() ? "/dev/zero (deleted)"sv : view.name);
        }
    }
    to.character('\n');
}

void write_kib_line(TextBuilder& to, string_view name, u64 kib) {
    to.text(name);
    for (usize i = name.size(); i < 16; i++) to.character(' ');
    to.unsigned_decimal(kib, 8).text(" kB\n");
}

void write_details(TextBuilder& to, u64 size, u64 resident, u64 locked, bool shared, bool writable) {
    u64 dirty = writable ? resident : 0, clean = resident - dirty;
    write_kib_line(to, "Size:", size * 4);
    write_kib_line(to, "KernelPageSize:", 4);
    write_kib_line(to, "MMUPageSize:", 4);
    write_kib_line(to, "Rss:", resident * 4);
    write_kib_line(to, "Pss:", resident * 4);
    write_kib_line(to, "Shared_Clean:", shared ? clean * 4 : 0);
    write_kib_line(to, "Shared_Dirty:", shared ? dirty * 4 : 0);
    write_kib_line(to, "Private_Clean:", shared ? 0 : clean * 4);
    write_kib_line(to, "Private_Dirty:", shared ? 0 : dirty * 4);
    write_kib_line(to, "Referenced:", resident * 4);
    write_kib_line(to, "Anonymous:", shared ? 0 : dirty * 4);
    write_kib_line(to, "AnonHugePages:", 0);
    write_kib_line(to, "Swap:", 0);
    write_kib_line(to, "Locked:", locked * 4);
}

void map_line(void* context, const MappingView& view) {
    auto& writer = *static_cast<MapsWriter*>(context);
    if (writer.last_end == 0) writer.last_end = view.begin;
    writer.virtual_pages += (view.end - view.begin) / page_size;
    writer.resident += view.resident;
    if (writer.to == nullptr) return;
    write_map_line(writer, view);
    if (!writer.detailed) return;
    bool writable = (view.protection & platform::prot_write) != 0;
    write_details(*writer.to, (view.end - view.begin) / page_size, view.resident, view.locked, view.shared,
                  writable);
    writer.to->text("THPeligible:    0\nVmFlags:");
    if ((view.protection & platform::prot_read) != 0) writer.to->text(" rd");
    if (writable) writer.to->text(" wr");
    if ((view.protection & platform::prot_execute) != 0) writer.to->text(" ex");
    if (view.shared) writer.to->text(" sh");
    writer.to->text(" mr mw me \n");
}

Result<void> write_mappings(TextBuilder* to, const ProcSubject& subject, bool detailed, MapsWriter& writer) {
    TRY(check_inspect(subject));
    Ref<AddressSpace> space = space_of(subject);
    writer.to = to;
    writer.root = current_thread()->directory->root();
    writer.detailed = detailed;
    if (space) space->for_each(map_line, &writer);
    return {};
}

void write_flags(TextBuilder& to, u32 flags) {
    to.text((flags & mount_read_only) != 0 ? "ro" : "rw");
    if ((flags & mount_no_setuid) != 0) to.text(",nosuid");
    if ((flags & mount_no_devices) != 0) to.text(",nodev");
    if ((flags & mount_no_execute) != 0) to.text(",noexec");
    if ((flags & mount_relative_time) != 0) to.text(",relatime");
}

constexpr string_view special_in_mounts = " \t\n\\";

Result<void> mount_place(Mount& mount, const Path& root, TextBuilder& to) {
    Vector<char> text;
    Path place(Ref<Mount>(&mount), mount.root);
    TRY(place.append_text(root, text));
    write_escaped(to, {text.data(), text.size()}, special_in_mounts);
    return {};
}

}  // namespace

Result<void> write_maps(TextBuilder& to, const ProcSubject& subject) {
    MapsWriter writer;
    return write_mappings(&to, subject, false, writer);
}

Result<void> write_smaps(TextBuilder& to, const ProcSubject& subject) {
    MapsWriter writer;
    return write_mappings(&to, subject, true, writer);
}

Result<void> write_smaps_rollup(TextBuilder& to, const ProcSubject& subject) {
    MapsWriter writer;
    TRY(write_mappings(nullptr, subject, false, writer));
    Ref<AddressSpace> space = space_of(subject);
    u64 resident = space ? platform::resident_pages(space->platform_space()) : 0;
    to.hex(writer.last_end, 8).text("-7ffffffff000 ---p 00000000 00:00 0                  [rollup]\n");
    write_details(to, writer.virtual_pages, resident, 0, false, true);
    return {};
}

Result<void> write_mounts(TextBuilder& to, const ProcSubject& subject) {
    Ref<FileContext> context = context_of(subject);
    if (!context) return {};
    Path root = context->root();
    FileSystems& files = *kernel().files;
    for (u32 i = 0; i < files.mount_count(); i++) {
        Mount* mount = files.mount_at(i);
        if (mount == nullptr || !mount->attached) continue;
        write_escaped(to, mount->source.view(), special_in_mounts);
        to.character(' ');
        TRY(mount_place(*mount, root, to));
        to.character(' ').text(mount->file_system->type_name()).character(' ');
        write_flags(to, mount->flags.load());
        mount->file_system->describe_options(to);
        to.text(" 0 0\n");
    }
    return {};
}

Result<void> write_mount_information(TextBuilder& to, const ProcSubject& subject) {
    Ref<FileContext> context = context_of(subject);
    if (!context) return {};
    Path root = context->root();
    FileSystems& files = *kernel().files;
    for (u32 i = 0; i < files.mount_count(); i++) {
        Mount* mount = files.mount_at(i);
        if (mount == nullptr || !mount->attached) continue;
        u64 device = mount->file_system->device();
        to.unsigned_decimal(mount->id).character(' ');
        to.unsigned_decimal(mount->parent == nullptr ? 1 : mount->parent->id).character(' ');
        to.unsigned_decimal(device_major(device))
            .character(':')
            .unsigned_decimal(device_minor(device))
            .text(" / ");
        TRY(mount_place(*mount, root, to));
        to.character(' ');
        write_flags(to, mount->flags.load());
        to.text(" - ").text(mount->file_system->type_name()).character(' ');
        write_escaped(to, mount->source.view(), special_in_mounts);
        to.text((mount->flags.load() & mount_read_only) != 0 ? " ro" : " rw");
        mount->file_system->describe_options(to);
        to.character('\n');
    }
    return {};
}

}  // namespace litebox
