// Pseudo-terminals: masters, slaves, and the file system of their names. pty(7), pts(4).

#include "core/file/devfs/device.h"
#include "core/file/directory_file.h"
#include "core/file/file_systems.h"
#include "core/file/terminal/terminal.h"
#include "core/kernel.h"

namespace litebox {

namespace {

constexpr u32 slave_major = 136, alternate_major = 5, master_minor = 2;
constexpr u32 pty_limit = 256;

/// The slave's terminal; what the program writes waits here for the master.
class Pty final : public Terminal {
  public:
    Pty(u32 which, u32 uid, u32 gid) : Terminal(which), owner_uid(uid), owner_gid(gid) {}

    usize send(std::span<const u8> bytes) override {
        usize taken = 0;
        {
            LockGuard guard(output_mutex_);
            for (u8 byte : bytes) {
                if (output_.size() - output_read_ >= output_limit || !output_.push(byte).ok()) break;
                taken++;
            }
        }
        if (taken > 0) master_queue.wake(poll_in | poll_read_normal, ~0u);
        return taken;
    }
    bool can_send() override {
        LockGuard guard(output_mutex_);
        return output_.size() - output_read_ < output_limit;
    }
    void drained() override { master_queue.wake(poll_out | poll_write_normal, ~0u); }

    usize take_output(std::span<u8> to) {
        usize taken = 0;
        {
            LockGuard guard(output_mutex_);
            while (taken < to.size() && output_read_ < output_.size()) to[taken++] = output_[output_read_++];
            if (output_read_ == output_.size()) {
                output_.clear();
                output_read_ = 0;
            }
        }
        if (taken > 0) write_queue.wake(poll_out | poll_write_normal, ~0u);
        return taken;
    }
    bool has_output() {
        LockGuard guard(output_mutex_);
        return output_read_ < output_.size();
    }
    void flush_output() override {
        {
            LockGuard guard(output_mutex_);
            output_.clear();
            output_read_ = 0;
        }
        write_queue.wake(poll_out | poll_write_normal, ~0u);
    }
    void tell_packet(u8 bits) override {
        if (!packet_mode.load()) return;
        u8 before = packet_status.load();
        u8 after;
        do {
            // The later of two opposites holds.
            u8 cleared = (bits & (packet_stop | packet_start)) != 0 ? packet_stop | packet_start : 0;
            if ((bits & (packet_no_stop | packet_do_stop)) != 0) cleared |= packet_no_stop | packet_do_stop;
            after = static_cast<u8>((before & ~cleared) | bits);
        } while (!packet_status.compare_exchange_weak(before, after));
        master_queue.wake(poll_in | poll_read_normal | poll_priority, ~0u);
    }
    bool accepts_input() { return input_room() > 0; }

    WaitQueue master_queue;
    std::atomic<bool> locked{true}, slave_was_open{false};
    std::atomic<bool> packet_mode{false};
    std::atomic<u8> packet_status{0};  // PacketStatus bits that the master has not read yet
    std::atomic<u32> mode{0620};
    u32 owner_uid, owner_gid;

  private:
    static constexpr usize output_limit = 65536;
    Mutex output_mutex_{LockRank::leaf};
    Vector<u8> output_;
    usize output_read_ = 0;
};

/// The pseudo-terminals that exist, by number.
struct PtyTable {
    Mutex mutex{LockRank::cache};
    Pty* ptys[pty_limit] = {};  // not owned: a master owns its terminal

    Ref<Pty> find(u32 number) {
        LockGuard guard(mutex);
        if (number >= pty_limit || ptys[number] == nullptr || !ptys[number]->try_ref()) return nullptr;
        return Ref<Pty>::adopt(ptys[number]);
    }
};

PtyTable& table() {
    return *static_cast<PtyTable*>(kernel().terminals);
}

class PtsFileSystem;

class PtsNode final : public Inode {
  public:
    PtsNode(FileSystem& owner, u32 number) : owner_(owner), number_(number) {}
    Result<Attributes> attributes() override {
        Attributes result;
        result.inode = number_ + 3;
        result.device = owner_.device();
        result.mode = mode_character | 0620;
        result.special = device_number(slave_major, number_);
        if (auto pty = table().find(number_)) {
            result.uid = pty->owner_uid;
            result.gid = pty->owner_gid;
            result.mode = mode_character | pty->mode.load();
        }
        result.access = result.modify = result.change = Timestamp::now();
        return result;
    }
    Result<void> set_attributes(const AttributeChange& change) override {
        auto pty = table().find(number_);
        if (!pty) return Errno::eio;
        if ((change.fields & AttributeChange::mode) != 0) pty->mode.store(change.new_mode & mode_permissions);
        if ((change.fields & AttributeChange::uid) != 0) pty->owner_uid = change.new_uid;
        if ((change.fields & AttributeChange::gid) != 0) pty->owner_gid = change.new_gid;
        return {};
    }
    [[nodiscard]] u32 type() const override { return mode_character; }
    FileSystem& file_system() override { return owner_; }
    Result<Ref<File>> open(u32 flags) override {
        return open_device(*this, mode_character, device_number(slave_major, number_), flags);
    }

  private:
    FileSystem& owner_;
    u32 number_;
};

class PtmxNode final : public Inode {
  public:
    explicit PtmxNode(FileSystem& owner) : owner_(owner) {}
    Result<Attributes> attributes() override {
        Attributes result;
        result.inode = 2;
        result.device = owner_.device();
        result.mode = mode_character | 0666;
        result.special = device_number(alternate_major, master_minor);
        return result;
    }
    [[nodiscard]] u32 type() const override { return mode_character; }
    FileSystem& file_system() override { return owner_; }
    Result<Ref<File>> open(u32 flags) override {
        return open_device(*this, mode_character, device_number(alternate_major, master_minor), flags);
    }

  private:
    FileSystem& owner_;
};

class PtsRoot final : public Inode {
  public:
    explicit PtsRoot(FileSystem& owner) : owner_(owner) {}
    Result<Attributes> attributes() override {
        Attributes result;
        result.inode = 1;
        result.device = owner_.device();
        result.mode = mode_directory | 0755;
        result.links = 2;
        return result;
    }
    [[nodiscard]] u32 type() const override { return mode_directory; }
    FileSystem& file_system() override { return owner_; }
    [[nodiscard]] EntryCaching caching() const override { return EntryCaching::never; }
    Result<Ref<File>> open(u32 flags) override;
    Result<Ref<Inode>> lookup(string_view name) override {
        if (name == "ptmx"sv) return Ref<Inode>(TRY(make_ref<PtmxNode>(owner_)));
        auto number = parse_decimal(name);
        bool canonical_form = !name.empty() && (name == "0"sv || name.front() != '0');
        if (!number.ok() || !canonical_form ||
            !table().find(static_cast<u32>(min<u64>(number.value(), pty_limit))))
            return Errno::enoent;
        return Ref<Inode>(TRY(make_ref<PtsNode>(owner_, static_cast<u32>(number.value()))));
    }
    Result<void> read_directory(u64 position, DirectorySink& sink) override {
        constexpr u64 first = 3;
        if (position < first) {
            if (!sink.entry("ptmx"sv, 2, mode_character, first)) return {};
            position = first;
        }
        for (u64 number = position - first; number < pty_limit; number++) {
            if (!table().find(static_cast<u32>(number))) continue;
            TextBuilder name;
            name.unsigned_decimal(number);
            if (!sink.entry(name.view(), number + 3, mode_character, number + first + 1)) return {};
        }
        return {};
    }

  private:
    FileSystem& owner_;
};

class PtsFileSystem final : public FileSystem {
  public:
    Ref<Inode> root() override { return root_; }
    Result<FileSystemStatus> status() override {
        FileSystemStatus result;
        result.type = 0x1cd1;
        return result;
    }
    [[nodiscard]] string_view type_name() const override { return "devpts"sv; }
    Ref<Inode> root_;
};

class Master final : public File {
  public:
    Master(Ref<Pty> pty, Ref<Inode> node, u32 flags)
        : File(flags), pty_(std::move(pty)), node_(std::move(node)) {}
    ~Master() override {
        {
            LockGuard guard(table().mutex);
            table().ptys[pty_->number] = nullptr;
        }
        pty_->hang_up();
    }

    Result<usize> read(IoCursor& to, u64&) override {
        for (;;) {
            u32 generation = wait_generation();
            ThreadWaiter waiter(*current_thread());
            ThreadWaiter::Scope scope(pty_->master_queue, waiter);
            ThreadWaiter closing(*current_thread());
            ThreadWaiter::Scope closing_scope(pty_->read_queue, closing);
            u8 bytes[512];
            bool packet = pty_->packet_mode.load();
            if (u8 status = packet ? pty_->packet_status.exchange(0) : u8{0}) return to.put(&status, 1);
            usize room = min(sizeof(bytes) - 1, to.remaining());
            if (packet && room > 0) room--;
            usize length = pty_->take_output({bytes + 1, room});
            bytes[0] = 0;
            if (length > 0) return packet ? to.put(bytes, length + 1) : to.put(bytes + 1, length);
            // The last slave was closed: input/output error, as Linux says.
            if (pty_->slave_was_open.load() && pty_->opens.load() == 0) return Errno::eio;
            if (non_blocking()) return Errno::eagain;
            TRY(block(generation, platform::no_deadline, Interruptible::yes));
        }
    }

    Result<usize> write(IoCursor& from, u64&) override {
        usize done = 0;
        while (from.remaining() > 0) {
            u32 generation = wait_generation();
            ThreadWaiter waiter(*current_thread());
            ThreadWaiter::Scope scope(pty_->master_queue, waiter);
            u8 bytes[256];
            IoCursor before = from;
            usize length = TRY(from.take(bytes, min(sizeof(bytes), from.remaining())));
            usize typed = pty_->type({bytes, length});
            done += typed;
            if (typed == length) continue;
            from = before;
            from.advance(typed);
            if (non_blocking()) return done > 0 ? Result<usize>(done) : Errno::eagain;
            auto result = block(generation, platform::no_deadline, Interruptible::yes);
            if (!result.ok()) return done > 0 ? Result<usize>(done) : result.error();
        }
        return done;
    }

    u32 poll(PollTable* poll_table) override {
        if (poll_table != nullptr) {
            poll_table->add(pty_->master_queue);
            poll_table->add(pty_->read_queue);
        }
        u32 events = 0;
        if (pty_->has_output()) events |= poll_in | poll_read_normal;
        if (pty_->packet_mode.load() && pty_->packet_status.load() != 0)
            events |= poll_in | poll_read_normal | poll_priority;
        if (pty_->slave_was_open.load() && pty_->opens.load() == 0) events |= poll_hang_up;
        if (pty_->accepts_input()) events |= poll_out | poll_write_normal;
        return events;
    }

    Result<u64> ioctl(u32 command, u64 argument) override {
        constexpr u32 get_number = 0x80045430, set_lock = 0x40045431, get_lock = 0x80045439,
                      open_peer = 0x5441, packet_mode = 0x5420, get_packet_mode = 0x80045438,
                      readable = 0x541b, signal_slave = 0x40045436;
        switch (command) {
            case get_number:
                TRY(UserPtr<u32>(argument).write(pty_->number));
                return u64{0};
            case set_lock:
                pty_->locked.store(TRY(UserPtr<const i32>(argument).read()) != 0);
                return u64{0};
            case get_lock:
                TRY(UserPtr<i32>(argument).write(pty_->locked.load() ? 1 : 0));
                return u64{0};
            case packet_mode:
                pty_->packet_status.store(0);
                pty_->packet_mode.store(TRY(UserPtr<const i32>(argument).read()) != 0);
                return u64{0};
            case get_packet_mode:
                TRY(UserPtr<i32>(argument).write(pty_->packet_mode.load() ? 1 : 0));
                return u64{0};
            case open_peer: {
                auto node = TRY(node_->file_system().root()->lookup(TRY(number_text()).view()));
                auto file = TRY(node->open(static_cast<u32>(argument)));
                bool close_on_exec = (argument & open_close_on_exec) != 0;
                return static_cast<u64>(TRY(current_thread()->files->add(std::move(file), close_on_exec)));
            }
            case readable:
                return File::ioctl(command, argument);
            case signal_slave:
                return Errno::einval;
            default:
                return pty_->ioctl(command, argument);
        }
    }
    Ref<Inode> inode() override { return node_; }

  private:
    Result<String> number_text() {
        TextBuilder text;
        text.unsigned_decimal(pty_->number);
        return String::from(text.view());
    }
    Ref<Pty> pty_;
    Ref<Inode> node_;
};

Result<Ref<File>> open_master(Inode& node, u32 flags) {
    const Credentials& who = *current_thread()->credentials;
    PtyTable& all = table();
    u32 number = 0;
    Ref<Pty> pty;
    {
        LockGuard guard(all.mutex);
        while (number < pty_limit && all.ptys[number] != nullptr) number++;
        if (number == pty_limit) return Errno::enospc;
        constexpr u32 terminal_group = 5;
        pty = TRY(make_ref<Pty>(number, who.fsuid, terminal_group));
        all.ptys[number] = pty.get();
    }
    auto master = make_ref<Master>(pty, Ref<Inode>(&node), flags);
    if (master.ok()) return Ref<File>(std::move(master).value());
    LockGuard guard(all.mutex);
    all.ptys[number] = nullptr;
    return master.error();
}

Result<Ref<File>> open_slave(Inode& node, u64 device, u32 flags) {
    auto pty = table().find(device_minor(device));
    if (!pty || pty->locked.load()) return Errno::eio;
    pty->slave_was_open.store(true);
    return open_terminal(Ref<Terminal>(pty.get()), Ref<Inode>(&node), flags);
}

Result<Ref<File>> open_alternate(Inode& node, u64 device, u32 flags) {
    constexpr u32 tty = 0, console_minor = 1;
    switch (device_minor(device)) {
        case tty: {
            Ref<Terminal> terminal;
            Process& process = *current_thread()->process;
            if (process.session) terminal = Ref<Terminal>(process.session->terminal);
            if (!terminal) return Errno::enxio;
            return open_terminal(std::move(terminal), Ref<Inode>(&node),
                                 flags | open_no_controlling_terminal);
        }
        case console_minor:
            if (console() == nullptr) return Errno::enodev;
            return open_terminal(Ref<Terminal>(console()), Ref<Inode>(&node),
                                 flags | open_no_controlling_terminal);
        case master_minor:
            return open_master(node, flags);
        default:
            return Errno::enxio;
    }
}

}  // namespace

Result<Ref<File>> PtsRoot::open(u32 flags) {
    return open_directory_file(*this, flags);
}

Result<Ref<FileSystem>> make_pts_file_system() {
    auto file_system = TRY(make_ref<PtsFileSystem>());
    file_system->root_ = TRY(make_ref<PtsRoot>(*file_system));
    return Ref<FileSystem>(std::move(file_system));
}

Result<void> register_terminals() {
    auto terminals = TRY(make_own<PtyTable>());
    kernel().terminals = terminals.release();
    DeviceTable& devices = *kernel().files->devices;
    devices.register_major(alternate_major, open_alternate);
    devices.register_major(slave_major, open_slave);
    return {};
}

}  // namespace litebox
