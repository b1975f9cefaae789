// The invoker's streams 0, 1 and 2 where they are not a terminal: pipes, files or devices of the host.
#include "core/file/devfs/device.h"
#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"
#include "platform/platform.h"

namespace litebox {

namespace {

class StreamInode final : public Inode {
  public:
    explicit StreamInode(int stream) : stream_(stream), number_(kernel().files->next_inode()) {}
    Result<Attributes> attributes() override {
        Attributes result;
        result.inode = number_;
        result.device = kernel().files->anonymous_mount->file_system->device();
        result.mode = mode_fifo | 0600;
        return result;
    }
    [[nodiscard]] u32 type() const override { return mode_fifo; }
    FileSystem& file_system() override { return *kernel().files->anonymous_mount->file_system; }
    Result<Ref<File>> open(u32 flags) override;
    [[nodiscard]] int stream() const { return stream_; }

  private:
    int stream_;
    u64 number_;
};

class StreamFile final : public File {
  public:
    StreamFile(Ref<StreamInode> node, u32 flags) : File(flags), node_(std::move(node)) {}
    Result<usize> read(IoCursor& to, u64& position) override;
    Result<usize> write(IoCursor& from, u64& position) override;
    u32 poll(PollTable* table) override;
    Ref<Inode> inode() override { return node_; }
    Result<String> describe() override;

  private:
    static constexpr usize piece = 512;
    Ref<StreamInode> node_;
};

Result<Ref<File>> StreamInode::open(u32 flags) {
    return Ref<File>(TRY(make_ref<StreamFile>(Ref<StreamInode>(this), flags)));
}

void raise_pipe_signal() {
    SignalInfo info;
    info.signal = sigpipe;
    info.code = code_user;
    info.pid = current_thread()->process->pid;
    (void)send_signal(*current_thread(), info);
}

// One piece at a time, through the core stack: streams are slow anyway, and a read returns what there is.
Result<usize> StreamFile::read(IoCursor& to, u64&) {
    if (to.remaining() == 0) return usize{0};
    u8 bytes[piece];
    auto got = platform::stream_read({bytes, min(to.remaining(), piece)}, !non_blocking());
    if (!got.ok()) return got.error() == Errno::eintr ? Errno::restartsys : got.error();
    return to.put(bytes, got.value());
}

Result<usize> StreamFile::write(IoCursor& from, u64&) {
    usize total = 0;
    while (from.remaining() > 0) {
        u8 bytes[piece];
        auto took = from.take(bytes, min(from.remaining(), piece));
        if (!took.ok()) return total > 0 ? Result<usize>(total) : took.error();
        usize done = 0;
        while (done < took.value()) {
            auto put =
                platform::stream_write(node_->stream(), {bytes + done, took.value() - done}, !non_blocking());
            if (!put.ok()) {
                if (total + done > 0) return total + done;
                if (put.error() == Errno::epipe) raise_pipe_signal();
                return put.error() == Errno::eintr ? Errno::restartsys : put.error();
            }
            done += put.value();
        }
        total += done;
    }
    return total;
}

u32 StreamFile::poll(PollTable* table) {
    if (table != nullptr) table->add(*kernel().stream_queue);
    u32 events = 0;
    if (node_->stream() == 0) {
        isize there = platform::stream_readable();
        if (there > 0) events |= poll_in | poll_read_normal;
        if (there < 0) events |= poll_in | poll_hang_up;
    } else if (platform::stream_writable(node_->stream()) > 0) {
        events |= poll_out | poll_write_normal;
    }
    return events;
}

Result<String> StreamFile::describe() {
    TextBuilder text;
    text.text("pipe:[").unsigned_decimal(TRY(node_->attributes()).inode).character(']');
    if (text.failed()) return Errno::enomem;
    return String::from(text.view());
}

}  // namespace

Result<Ref<File>> open_stream(int stream) {
    Ref<StreamInode> node = TRY(make_ref<StreamInode>(stream));
    return node->open(stream == 0 ? open_read_only : open_write_only);
}

}  // namespace litebox
