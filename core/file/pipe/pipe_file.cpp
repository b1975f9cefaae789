// The ends of pipes and fifos as open files.
#include "core/file/file_systems.h"
#include "core/file/pipe/pipe.h"
#include "core/kernel.h"
#include "core/task/process.h"

namespace litebox {

namespace {

constexpr u32 ioctl_readable = 0x541b;  // FIONREAD

class PipeFile final : public File {
  public:
    PipeFile(Ref<Pipe> pipe, Ref<Inode> inode, bool fifo, u32 flags)
        : File(flags), pipe_(std::move(pipe)), inode_(std::move(inode)), fifo_(fifo) {}
    ~PipeFile() override;

    Pipe::Opening join() {
        joined_ = true;
        return pipe_->add_end(readable(), writable());
    }
    Result<usize> read(IoCursor& to, u64&) override { return pipe_->read(to, non_blocking()); }
    Result<usize> write(IoCursor& from, u64&) override {
        return pipe_->write(from, non_blocking(), (flags() & open_direct) != 0);
    }
    u32 poll(PollTable* table) override { return pipe_->poll(table, readable(), writable()); }
    Result<u64> ioctl(u32 command, u64 argument) override;
    Ref<Inode> inode() override { return inode_; }
    Pipe* as_pipe() override { return pipe_.get(); }
    Result<String> describe() override;

  private:
    Ref<Pipe> pipe_;
    Ref<Inode> inode_;
    bool fifo_;
    bool joined_ = false;
};

// The inode of a pipe without a name: what fstat sees and /proc/PID/fd reopens.
class PipeInode final : public Inode {
  public:
    PipeInode(Ref<Pipe> pipe, u32 uid, u32 gid) : pipe_(std::move(pipe)), uid_(uid), gid_(gid) {}
    Result<Attributes> attributes() override;
    [[nodiscard]] u32 type() const override { return mode_fifo; }
    FileSystem& file_system() override { return *kernel().files->anonymous_mount->file_system; }
    Result<void> set_attributes(const AttributeChange& change) override {
        if ((change.fields & AttributeChange::mode) != 0) mode_ = change.new_mode & mode_permissions;
        if ((change.fields & AttributeChange::uid) != 0) uid_ = change.new_uid;
        if ((change.fields & AttributeChange::gid) != 0) gid_ = change.new_gid;
        return {};
    }
    Result<Ref<File>> open(u32 flags) override {
        Ref<PipeFile> file = TRY(make_ref<PipeFile>(pipe_, Ref<Inode>(this), false, flags));
        file->join();
        return Ref<File>(std::move(file));
    }

  private:
    Ref<Pipe> pipe_;
    std::atomic<u32> uid_, gid_, mode_{0600};
};

Result<Attributes> PipeInode::attributes() {
    Attributes result;
    result.inode = pipe_->inode_number;
    result.device = kernel().files->anonymous_mount->file_system->device();
    result.mode = mode_fifo | mode_;
    result.uid = uid_;
    result.gid = gid_;
    result.access = result.modify = result.change = result.birth = pipe_->created;
    return result;
}

PipeFile::~PipeFile() {
    if (!joined_) return;
    pipe_->remove_end(readable(), writable());
    if (!fifo_) return;
    InodeExtra* extra = inode_->extra_if_any();
    Ref<Pipe> last;
    LockGuard guard(extra->mutex);
    if (extra->fifo == pipe_ && pipe_->unused()) last = std::move(extra->fifo);
}

Result<u64> PipeFile::ioctl(u32 command, u64 argument) {
    if (command != ioctl_readable) return Errno::enotty;
    TRY(UserPtr<i32>(argument).write(static_cast<i32>(pipe_->readable_bytes())));
    return u64{0};
}

Result<String> PipeFile::describe() {
    TextBuilder text;
    text.text("pipe:[").unsigned_decimal(pipe_->inode_number).character(']');
    if (text.failed()) return Errno::enomem;
    return String::from(text.view());
}

}  // namespace

Result<PipeEnds> make_pipe(u32 flags) {
    Ref<Pipe> pipe = TRY(Pipe::create());
    const Credentials& who = *current_thread()->credentials;
    Ref<Inode> inode = TRY(make_ref<PipeInode>(pipe, who.fsuid, who.fsgid));
    u32 kept = flags & (open_non_blocking | open_direct);
    Ref<PipeFile> read_end = TRY(make_ref<PipeFile>(pipe, inode, false, open_read_only | kept));
    Ref<PipeFile> write_end = TRY(make_ref<PipeFile>(pipe, inode, false, open_write_only | kept));
    read_end->join();
    write_end->join();
    return PipeEnds{std::move(read_end), std::move(write_end)};
}

Result<Ref<File>> open_fifo(Inode& inode, u32 flags) {
    InodeExtra* extra = TRY(inode.extra());
    Ref<Pipe> pipe;
    {
        LockGuard guard(extra->mutex);
        if (!extra->fifo) extra->fifo = TRY(Pipe::create());
        pipe = extra->fifo;
    }
    Ref<PipeFile> file = TRY(make_ref<PipeFile>(pipe, Ref<Inode>(&inode), true, flags));
    bool reader = file->readable(), writer = file->writable();
    if ((flags & open_non_blocking) != 0 && writer && !reader && !pipe->has_readers()) return Errno::enxio;
    Pipe::Opening opening = file->join();
    if ((flags & open_non_blocking) == 0) TRY(pipe->await_other_side(reader, writer, opening));
    return Ref<File>(std::move(file));
}

}  // namespace litebox
