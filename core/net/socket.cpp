#include "core/net/socket.h"

#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "core/net/interface.h"
#include "core/net/network.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"
#include "core/task/timers.h"

namespace litebox {

namespace {

/// What fstat sees.
class SocketInode final : public Inode {
  public:
    SocketInode(u64 number, u32 uid, u32 gid) : number_(number), uid_(uid), gid_(gid) {}
    Result<void> set_attributes(const AttributeChange& change) override {
        if ((change.fields & AttributeChange::mode) != 0) mode_ = change.new_mode & mode_permissions;
        if ((change.fields & AttributeChange::uid) != 0) uid_ = change.new_uid;
        if ((change.fields & AttributeChange::gid) != 0) gid_ = change.new_gid;
        return {};
    }
    Result<Attributes> attributes() override {
        Attributes result;
        result.inode = number_;
        result.device = kernel().files->anonymous_mount->file_system->device();
        result.mode = mode_socket | mode_;
        result.uid = uid_;
        result.gid = gid_;
        return result;
    }
    [[nodiscard]] u32 type() const override { return mode_socket; }
    FileSystem& file_system() override { return *kernel().files->anonymous_mount->file_system; }
    Result<Ref<File>> open(u32) override { return Errno::enxio; }

  private:
    u64 number_;
    std::atomic<u32> uid_, gid_, mode_{0777};
};

constexpr u32 ioctl_readable = 0x541b, ioctl_unsent = 0x5411, ioctl_at_mark = 0x8905;

}  // namespace

Socket::Socket(int of_family, int of_type, int of_protocol, u32 flags)
    : File(open_read_write | (flags & open_non_blocking)),
      family(of_family),
      type(of_type),
      protocol(of_protocol) {}

Socket::~Socket() = default;

Result<void> Socket::make_inode() {
    const Credentials& who = *current_thread()->credentials;
    number_ = kernel().files->next_inode();
    inode_ = TRY(make_ref<SocketInode>(number_, who.fsuid, who.fsgid));
    return {};
}

Result<void> Socket::listen(int) {
    return Errno::eopnotsupp;
}
Result<Ref<Socket>> Socket::accept(bool) {
    return Errno::eopnotsupp;
}

Result<usize> Socket::read(IoCursor& to, u64&) {
    if (to.remaining() == 0) return usize{0};
    IncomingMessage message;
    message.data = &to;
    message.wait = !non_blocking();
    return receive(message);
}

Result<usize> Socket::write(IoCursor& from, u64&) {
    OutgoingMessage message;
    message.data = &from;
    message.wait = !non_blocking();
    return send(message);
}

Result<u64> Socket::ioctl(u32 command, u64 argument) {
    i32 value;
    switch (command) {
        case ioctl_readable:
            if (accepting()) return Errno::einval;
            value = static_cast<i32>(readable_bytes());
            break;
        case ioctl_unsent:
            value = static_cast<i32>(unsent_bytes());
            break;
        case ioctl_at_mark:
            value = at_mark() ? 1 : 0;
            break;
        default: {
            auto asked = interface_ioctl(command, argument);
            if (!asked.ok() && asked.error() == Errno::enotty) return File::ioctl(command, argument);
            return asked;
        }
    }
    TRY(UserPtr<i32>(argument).write(value));
    return u64{0};
}

Result<String> Socket::describe() {
    TextBuilder text;
    text.text("socket:["sv).unsigned_decimal(number_).character(']');
    return String::from(text.view());
}

Result<void> Socket::take_error() {
    int error = pending_error.exchange(0);
    if (error != 0) return static_cast<Errno>(error);
    return {};
}

Result<void> Socket::add_credentials(OutgoingMessage& message) {
    if (message.ancillary || !network().credentials_asked.load(std::memory_order_relaxed)) return {};
    message.ancillary = TRY(make_own<Ancillary>());
    const Thread& thread = *current_thread();
    message.ancillary->credentials = {thread.process->pid, thread.credentials->uid, thread.credentials->gid};
    return {};
}

u64 Socket::receive_deadline() const {
    u64 timeout = options.receive_timeout_ns.load();
    return timeout == 0 ? platform::no_deadline : deadline_after(timeout);
}
u64 Socket::send_deadline() const {
    u64 timeout = options.send_timeout_ns.load();
    return timeout == 0 ? platform::no_deadline : deadline_after(timeout);
}

Errno Socket::broken_pipe(u32 flags) const {
    if ((flags & message_no_signal) == 0) {
        SignalInfo info;
        info.signal = sigpipe;
        info.code = code_user;
        info.pid = current_thread()->process->pid;
        info.uid = current_thread()->credentials->uid;
        (void)send_signal(*current_thread(), info);
    }
    return Errno::epipe;
}

Errno timed_wait_error(Errno error, u64 deadline) {
    if (error == Errno::etimedout) return Errno::eagain;
    // signal(7): with a time limit it is never restarted, since the limit would begin anew.
    bool interrupted = error == Errno::restartsys && deadline != platform::no_deadline;
    return interrupted ? Errno::eintr : error;
}

}  // namespace litebox
